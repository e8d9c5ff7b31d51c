"""The SDK against the real services: the types fit, and so do the manners."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from reel_client import ProblemError, ReelClient, WatchPace
from reel_client.source import Source
from reel_contracts.uploads import UploadStatus
from reel_contracts.videos import VideoStatus
from reel_stack import sources
from reel_testing.stack import RunningStack

PACE = WatchPace(first_s=0.1, max_s=0.5)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short real film with a `free` box behind it, so that it makes three parts."""
    path = sources.make("mov-upright", tmp_path_factory.mktemp("film") / "tour.mov", seconds=1)
    padding = 11 * 1024 * 1024
    with path.open("ab") as file:
        file.write(padding.to_bytes(4, "big") + b"free" + bytes(padding - 8))
    return path


@pytest.fixture
async def reel(stack: RunningStack, tmp_path: Path) -> AsyncGenerator[ReelClient]:
    async with ReelClient(stack.gateway_url, stack.token(uuid4()), state_dir=tmp_path) as client:
        yield client


async def begun(reel: ReelClient, film: Path) -> UUID:
    """Open a session for the film, as an upload does that is interrupted before its first part."""
    source = Source.inspect(film)
    video = await reel.create_video(
        title="t", source_mime=source.mime, source_size_bytes=source.size_bytes
    )
    session = await reel.create_upload(
        video.id, source_mime=source.mime, source_size_bytes=source.size_bytes
    )
    record = reel.state.begin(source, video.id)
    reel.state.save(msgspec.structs.replace(record, session_id=session.upload_session_id))
    return session.upload_session_id


async def send_first_part(reel: ReelClient, film: Path, session: UUID) -> int:
    """Store part 1 from outside of the upload; return its size."""
    size_bytes = (await reel.get_upload(session)).part_size_bytes
    [url] = await reel.part_urls(session, [1])
    content = await asyncio.to_thread(film.read_bytes)
    async with httpx.AsyncClient() as http:
        answer = await http.put(url.upload_url, content=content[:size_bytes], timeout=30)
    assert answer.status_code == 200
    return size_bytes


async def test_a_film_is_uploaded_watched_edited_listed_and_deleted(
    reel: ReelClient, film: Path
) -> None:
    uploaded = await reel.upload(film, title="12 Smith St")

    seen = [view async for view in reel.watch(uploaded.video_id, pace=PACE)]
    assert seen[-1].status is VideoStatus.READY, seen[-1]
    assert seen[-1].playback.stream_url

    read = await reel.read_video(uploaded.video_id)
    assert read is not None
    assert await reel.read_video(uploaded.video_id, if_none_match=read.etag) is None
    edited = await reel.update_video(uploaded.video_id, title="14 Smith St", if_match=read.etag)
    assert edited.title == "14 Smith St"
    with pytest.raises(ProblemError) as stale:
        await reel.update_video(uploaded.video_id, title="16 Smith St", if_match=read.etag)
    assert stale.value.status == 412

    listed = [video.title async for video in reel.list_videos(status=VideoStatus.READY)]
    assert listed == ["14 Smith St"]
    await reel.delete_video(uploaded.video_id)
    assert [video async for video in reel.list_videos(page_size=1)] == []


async def test_a_paused_upload_is_resumed_with_what_the_store_holds(
    reel: ReelClient, film: Path
) -> None:
    session = await begun(reel, film)
    size_bytes = await send_first_part(reel, film, session)
    assert (await reel.pause(session)).status is UploadStatus.PAUSED

    uploaded = await reel.upload(film)

    assert (uploaded.upload_session_id, uploaded.resumed_bytes) == (session, size_bytes)
    view = await reel.get_upload(session)
    assert view.status is UploadStatus.COMPLETED


async def test_a_live_session_is_joined_without_any_state(reel: ReelClient, film: Path) -> None:
    session = await begun(reel, film)
    size_bytes = await send_first_part(reel, film, session)
    reel.state.forget(film)

    uploaded = await reel.upload(film, video_id=(await reel.get_upload(session)).video_id)

    assert (uploaded.upload_session_id, uploaded.resumed_bytes) == (session, size_bytes)


async def test_a_cancelled_session_ends_the_upload_and_the_next_one_is_new(
    reel: ReelClient, film: Path
) -> None:
    session = await begun(reel, film)
    await reel.cancel(session)
    with pytest.raises(ProblemError, match="invalid-transition"):
        await reel.part_urls(session, [1])

    uploaded = await reel.upload(film)

    assert uploaded.upload_session_id != session
    assert uploaded.resumed_bytes == 0


async def test_another_owner_finds_nothing(
    stack: RunningStack, reel: ReelClient, film: Path
) -> None:
    session = await begun(reel, film)

    async with ReelClient(stack.gateway_url, stack.token(uuid4())) as other:
        with pytest.raises(ProblemError) as refused:
            await other.get_upload(session)

    assert refused.value.status == 404
    assert refused.value.request_id


async def test_field_errors_name_the_fields(reel: ReelClient) -> None:
    with pytest.raises(ProblemError) as refused:
        await reel.create_video(title="t", source_mime="video/webm", source_size_bytes=0)

    assert refused.value.status == 422
    assert {error.field for error in refused.value.errors} == {"sourceMime", "sourceSizeBytes"}
