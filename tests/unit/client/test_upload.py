"""Uploading: what is sent, what is sent again, and what never is."""

import asyncio
import stat
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import google_crc32c
import pytest

from reel_client import (
    NetworkError,
    PartFailed,
    ProblemError,
    Progress,
    ReelClient,
    SourceChanged,
    SourceRefused,
    UploadEnded,
    UploadInUse,
    UploadPhase,
)
from reel_client.source import Source
from reel_kernel.media import MAX_SOURCE_BYTES
from reel_testing.api_double_state import ApiDouble

MakeFilm = Callable[..., Path]


class Slept(Protocol):
    slept_s: list[float]


async def test_every_byte_arrives_once_and_in_its_place(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=5)

    uploaded = await reel.upload(path, title="Tour")

    assert double.stored_bytes() == path.read_bytes()
    assert sorted(double.puts()) == [1, 2, 3, 4, 5]
    assert double.session.status == "COMPLETED"
    assert (uploaded.upload_session_id, uploaded.resumed_bytes) == (double.session.id, 0)


def keys_of(double: ApiDouble, path: str) -> list[str | None]:
    posts = [seen for seen in double.seen if seen.method == "POST"]
    return [seen.key for seen in posts if seen.path.endswith(path)]


@pytest.mark.parametrize("lost", [1, 2])
async def test_a_lost_answer_to_a_creation_makes_no_second(
    reel: ReelClient, double: ApiDouble, film: MakeFilm, lost: int
) -> None:
    double.script.lost_answers = lost

    await reel.upload(film())

    assert (len(double.videos), len(double.sessions)) == (1, 1)
    assert len(set(keys_of(double, "/api/videos"))) == 1
    assert len(keys_of(double, "/api/videos")) == lost + 1


async def test_a_run_after_a_kill_asks_for_the_same_video_and_session(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    source = film()
    double.script.lost_answers = 4  # as many as there are attempts: the run ends without an answer
    with pytest.raises(NetworkError):
        await reel.upload(source)
    double.script.lost_answers = 0

    await reel.upload(source)

    assert (len(double.videos), len(double.sessions)) == (1, 1)


async def test_the_same_film_can_be_uploaded_again_as_another_video(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    source = film()

    first = await reel.upload(source)
    second = await reel.upload(source)

    assert first.video_id != second.video_id
    assert len(set(keys_of(double, "/api/videos"))) == 2


async def test_every_part_carries_its_checksum_and_the_whole_is_told(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    source = film()

    await reel.upload(source)

    assert double.session.algorithm == "CRC32C"
    assert len(double.session.signed) == 5
    whole = b64encode(google_crc32c.Checksum(source.read_bytes()).digest()).decode()
    assert double.session.whole == whole


async def test_a_cut_in_the_middle_of_a_part_sends_that_part_alone_again(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    double.script.cuts = {3: 2}

    await reel.upload(film(parts=5))

    assert sorted(double.puts()) == [1, 2, 3, 4, 5]
    assert double.puts(status=0) == [3, 3]
    assert double.session.status == "COMPLETED"


async def test_waits_between_attempts_grow_with_full_jitter(
    reel: ReelClient, double: ApiDouble, film: MakeFilm, clock: Slept
) -> None:
    double.script.broken = {2: 3}

    await reel.upload(film(parts=2))

    assert len(clock.slept_s) == 3
    for slept_s, ceiling_s in zip(clock.slept_s, (1, 2, 4), strict=True):
        assert 0 <= slept_s <= ceiling_s


async def test_a_refused_url_is_replaced_by_a_fresh_one(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    double.script.expired = {2: 1}

    await reel.upload(film(parts=3))

    assert double.puts(status=403) == [2]
    assert sorted(double.puts()) == [1, 2, 3]
    assert double.url_batches() == 2


async def test_urls_too_old_to_use_are_asked_for_again(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    double.script.url_life = timedelta(seconds=1)

    await reel.upload(film(parts=4), parallel=1)

    assert double.url_batches() == 4
    assert double.session.status == "COMPLETED"


async def test_one_request_brings_the_urls_of_many_parts(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    await reel.upload(film(parts=15))

    assert double.url_batches() == 1


async def test_a_part_that_never_arrives_ends_the_upload_but_not_the_session(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=3)
    double.script.broken = {2: 4}

    with pytest.raises(PartFailed, match="part 2 failed 4 times"):
        await reel.upload(path, parallel=1)

    assert double.session.status == "IN_PROGRESS"
    uploaded = await reel.upload(path)
    assert sorted(double.puts()) == [1, 2, 3]
    assert uploaded.resumed_bytes == double.part_size_bytes


async def test_a_second_client_sends_only_what_is_missing(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=6)
    double.script.held = {4, 5, 6}
    first = asyncio.ensure_future(reel.upload(path, parallel=1))
    await double.until_stored(3)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    double.script.held = set()
    uploaded = await reel.upload(path)

    assert sorted(double.puts()) == [1, 2, 3, 4, 5, 6]
    assert uploaded.resumed_bytes == 3 * double.part_size_bytes
    assert len(double.videos) == len(double.sessions) == 1


async def test_without_its_state_a_live_session_is_joined_by_its_video(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=3)
    double.script.broken = {3: 4}
    with pytest.raises(PartFailed):
        await reel.upload(path, parallel=1)
    reel.state.forget(path)

    await reel.upload(path, video_id=double.session.video_id)

    assert sorted(double.puts()) == [1, 2, 3]
    assert len(double.sessions) == 1


async def test_a_stored_part_of_other_bytes_is_sent_again(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=3)
    double.script.broken = {3: 4}
    with pytest.raises(PartFailed):
        await reel.upload(path, parallel=1)
    double.session.parts[1] = bytes(double.part_size_bytes)

    await reel.upload(path)

    assert sorted(double.puts()) == [1, 1, 2, 3]
    assert double.stored_bytes() == path.read_bytes()


async def test_parts_that_complete_finds_missing_are_sent_again(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    double.script.unlisted = {2, 4}

    await reel.upload(film(parts=5))

    assert sorted(double.puts()) == [1, 2, 2, 3, 4, 4, 5]
    assert double.session.status == "COMPLETED"


async def test_a_failed_session_is_followed_by_a_new_one_on_the_same_video(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    double.script.failing_completes = 1

    uploaded = await reel.upload(film(parts=2))

    assert len(double.videos) == 1
    assert [s.status for s in double.sessions.values()] == ["FAILED", "COMPLETED"]
    assert uploaded.upload_session_id == double.session.id


async def test_sessions_that_keep_failing_end_the_upload(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    double.script.failing_completes = 99

    with pytest.raises(UploadEnded, match="FAILED"):
        await reel.upload(film(parts=1))

    assert len(double.sessions) == 3


async def test_a_file_that_is_no_film_is_refused_at_the_end_and_forgotten(
    reel: ReelClient, double: ApiDouble, film: MakeFilm, state_dir: Path
) -> None:
    double.script.is_no_film = True

    with pytest.raises(ProblemError, match="unsupported-format"):
        await reel.upload(film(parts=2))

    assert records(state_dir) == []
    assert len(double.sessions) == 1


async def test_a_paused_session_is_resumed(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=2)
    double.script.broken = {2: 4}
    with pytest.raises(PartFailed):
        await reel.upload(path)
    await reel.pause(double.session.id)

    await reel.upload(path)

    assert double.session.status == "COMPLETED"


async def test_a_pause_from_elsewhere_is_waited_out(
    reel: ReelClient, double: ApiDouble, film: MakeFilm, clock: Slept
) -> None:
    double.script.url_life = timedelta(seconds=1)  # so that every part asks anew
    phases: list[UploadPhase] = []

    def pause_once_then_resume(progress: Progress) -> None:
        phases.append(progress.phase)
        if progress.parts_done == 1 and UploadPhase.PAUSED not in phases:
            double.session.status = "PAUSED"
        elif progress.phase is UploadPhase.PAUSED:
            double.session.status = "IN_PROGRESS"

    await reel.upload(film(parts=3), parallel=1, on_progress=pause_once_then_resume)

    assert phases.count(UploadPhase.PAUSED) == 1
    assert len(clock.slept_s) == 1
    assert double.session.status == "COMPLETED"


async def test_a_cancel_from_elsewhere_ends_the_upload(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    double.script.url_life = timedelta(seconds=1)

    def cancel(progress: Progress) -> None:
        if progress.parts_done == 1:
            double.session.status = "CANCELED"

    with pytest.raises(UploadEnded, match="CANCELED"):
        await reel.upload(film(parts=3), parallel=1, on_progress=cancel)

    assert double.puts() == [1]


@pytest.mark.parametrize(
    ("name", "size_bytes", "words"),
    [
        ("tour.webm", 10, "MOV, MP4, 3GP, AVI or WMV"),
        ("tour", 10, "MOV, MP4, 3GP, AVI or WMV"),
        ("tour.mp4", MAX_SOURCE_BYTES + 1, "1.5 GiB"),
        ("tour.mp4", 0, "at least 1 byte"),
    ],
)
async def test_a_wrong_source_is_refused_before_any_request(
    reel: ReelClient, double: ApiDouble, tmp_path: Path, name: str, size_bytes: int, words: str
) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(size_bytes)  # sparse

    with pytest.raises(SourceRefused, match=words):
        await reel.upload(path)

    assert double.seen == []


async def test_a_folder_and_a_missing_file_are_refused(reel: ReelClient, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.mov"):
        with pytest.raises(SourceRefused, match="cannot read"):
            await reel.upload(path)


async def test_the_largest_source_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "tour.wmv"
    with path.open("wb") as file:
        file.truncate(MAX_SOURCE_BYTES)

    source = Source.inspect(path)

    assert (source.mime, source.size_bytes) == ("video/x-ms-wmv", MAX_SOURCE_BYTES)
    assert source.parts(5 * 2**20)[-1].size_bytes == MAX_SOURCE_BYTES % (5 * 2**20)


async def test_a_file_that_changed_is_refused_until_restarted(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=3)
    double.script.broken = {3: 4}
    with pytest.raises(PartFailed):
        await reel.upload(path)
    path.write_bytes(b"another film altogether")
    begun = len(double.seen)

    with pytest.raises(SourceChanged, match="start over"):
        await reel.upload(path)

    assert len(double.seen) == begun
    await reel.upload(path, restart=True)
    assert [s.status for s in double.sessions.values()] == ["CANCELED", "COMPLETED"]


async def test_a_file_that_changes_under_way_is_not_completed(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=3)

    def append(progress: Progress) -> None:
        if progress.parts_done == 1:
            with path.open("ab") as file:
                file.write(b"more")

    with pytest.raises(SourceChanged):
        await reel.upload(path, parallel=1, on_progress=append)

    assert double.session.status == "IN_PROGRESS"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def records(state_dir: Path) -> list[tuple[int, bytes]]:
    """Return mode and content of everything but the locks, which hold nothing."""
    files = [path for path in state_dir.iterdir() if path.suffix != ".lock"]
    return [(mode_of(path), path.read_bytes()) for path in files]


async def test_the_state_file_is_private_and_gone_at_the_end(
    reel: ReelClient, double: ApiDouble, film: MakeFilm, state_dir: Path
) -> None:
    path = film(parts=2)
    double.script.broken = {2: 4}

    with pytest.raises(PartFailed):
        await reel.upload(path)

    [(mode, content)] = records(state_dir)
    assert (mode, mode_of(state_dir)) == (0o600, 0o700)
    assert b"Signature" not in content
    await reel.upload(path)
    assert records(state_dir) == []


async def test_two_uploads_of_one_file_at_once_are_refused(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=2)
    double.script.held = {2}
    first = asyncio.ensure_future(reel.upload(path))
    await double.until_stored(1)

    with pytest.raises(UploadInUse):
        await reel.upload(path)

    double.script.release.set()
    await first


async def test_progress_is_bytes_of_successful_parts_and_parts_in_flight(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=4)
    double.script.cuts = {2: 1}
    seen: list[Progress] = []

    await reel.upload(path, on_progress=seen.append)

    assert seen[0].fraction == 0
    assert all(0 <= progress.fraction <= 1 for progress in seen)
    assert UploadPhase.RETRYING in {progress.phase for progress in seen}
    assert (seen[-1].phase, seen[-1].sent_bytes) == (UploadPhase.COMPLETED, path.stat().st_size)
    assert (seen[-1].parts_done, seen[-1].parts_total) == (4, 4)


async def test_a_failure_is_the_last_thing_progress_says(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    double.script.broken = {1: 4}
    seen: list[Progress] = []

    with pytest.raises(PartFailed):
        await reel.upload(film(parts=1), on_progress=seen.append)

    assert seen[-1].phase is UploadPhase.FAILED


async def test_a_video_of_nobody_takes_no_upload(
    reel: ReelClient, double: ApiDouble, film: MakeFilm
) -> None:
    gone = double.add_video()
    del double.videos[gone]

    with pytest.raises(ProblemError, match="video-not-found"):
        await reel.upload(film(), video_id=gone)
