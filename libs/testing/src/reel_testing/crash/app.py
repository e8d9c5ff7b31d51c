"""What an app does with a film, over and over until it is done: services die under it."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeVar
from uuid import UUID, uuid4

from reel_client.errors import NetworkError, ProblemError
from reel_client.transport import is_transient
from reel_contracts.uploads import CompletedPart, CreatedUpload
from reel_contracts.videos import VideoStatus, VideoView
from reel_testing.crash.world import World
from reel_testing.phone import MIME_BY_SUFFIX

T = TypeVar("T")
POLL_S: Final = 0.1
READY_S: Final = 90.0
NOT_FOUND: Final = 404
CONFLICT: Final = 409


async def persistently(call: Callable[[], Awaitable[T]], *, within_s: float = READY_S) -> T:
    """Make a call that the client does not repeat by itself, until it is answered."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                return await call()
            except (NetworkError, ProblemError) as failure:
                if not is_transient(failure):
                    raise
            await asyncio.sleep(POLL_S)


def _mime(world: World) -> str:
    return MIME_BY_SUFFIX[world.film.suffix]


async def create(world: World) -> UUID:
    size_bytes = world.film.stat().st_size
    made = await world.client.create_video(
        title="Tour", source_mime=_mime(world), source_size_bytes=size_bytes, key=uuid4()
    )
    return made.id


async def open_session(world: World, video_id: UUID) -> CreatedUpload:
    size_bytes = world.film.stat().st_size
    return await world.client.create_upload(
        video_id, source_mime=_mime(world), source_size_bytes=size_bytes, key=uuid4()
    )


async def put(world: World, session_id: UUID) -> list[CompletedPart]:
    """Send the film, which is one part."""
    [url] = await world.client.part_urls(session_id, [1])
    data = await asyncio.to_thread(world.film.read_bytes)
    answer = await world.http.put(url.upload_url, content=data)
    assert answer.status_code == 200, answer.text
    return [CompletedPart(part_number=1, etag=answer.headers["etag"])]


async def uploaded(world: World) -> tuple[UUID, UUID, list[CompletedPart]]:
    """Do everything but `complete`."""
    video_id = await create(world)
    session_id = (await open_session(world, video_id)).upload_session_id
    return video_id, session_id, await put(world, session_id)


async def send(world: World) -> UUID:
    """Upload the film, using everything that the app has on the way."""
    video_id, session_id, parts = await uploaded(world)
    await world.client.update_video(video_id, title="12 Smith St")
    await world.client.get_upload(session_id)
    await world.client.pause(session_id)
    await world.client.resume(session_id)
    await world.client.complete(session_id, parts)
    return video_id


async def until_is(world: World, video_id: UUID, *wanted: VideoStatus) -> VideoView:
    """Wait for one of these states."""
    view: VideoView | None = None
    try:
        async with asyncio.timeout(READY_S):
            while True:
                view = await world.client.get_video(video_id)
                if view.status in wanted:
                    return view
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise AssertionError(f"not {wanted}: {view}") from None


async def delete(world: World, video_id: UUID) -> None:
    """Delete; a repeat after a lost answer finds nothing."""
    with answered(NOT_FOUND):
        await persistently(lambda: world.client.delete_video(video_id))


async def retry(world: World, video_id: UUID) -> None:
    """Ask for another try; a repeat after a lost answer finds it TRANSCODING."""
    with answered(CONFLICT):
        await persistently(lambda: world.client.retry_video(video_id))


@contextmanager
def answered(status: int) -> Generator[None]:
    """Take a problem of this status for an answer."""
    try:
        yield
    except ProblemError as problem:
        if problem.status != status:
            raise
