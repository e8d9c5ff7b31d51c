"""The beginning and the end of a sequence: owners of its own, and the last word on every video."""

import asyncio
import time
from typing import Final
from uuid import UUID, uuid4

import httpx

from reel_testing.model import lists, service_actions, upload_actions, video_actions
from reel_testing.model.backstage import Backstage
from reel_testing.model.history import DELETED, History
from reel_testing.model.ledger import Ledger
from reel_testing.model.outcomes import Violation
from reel_testing.model.play import EXTENSIONS, OWNER, STRANGER, Play, Tracked
from reel_testing.model.story import Session

GONE_S: Final = 90.0
POLL_S: Final = 0.02


def begin(behind: Backstage, ledger: Ledger) -> Play:
    """Open the apps of a new owner and a stranger."""
    owner = uuid4()
    phones = {OWNER: _app(behind, owner), STRANGER: _app(behind, uuid4())}
    return Play(behind, ledger, phones, str(owner))


async def end(play: Play) -> None:
    for phone in play.phones.values():
        await phone.aclose()


def _app(behind: Backstage, owner: UUID) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {behind.stack.token(owner)}"}
    return httpx.AsyncClient(
        base_url=behind.stack.gateway_url, headers=headers, timeout=30, trust_env=False
    )


async def finish(play: Play, history: History) -> None:
    """Wait until nothing is under way, and check what is left; only now it counts."""
    for video in play.videos:
        await play.settle(video)
        await _check_store(play, video)
        story = video.story
        play.ledger.walked("video", story.walked)
        for session in story.sessions:
            play.ledger.walked("session", session.walked)
    await lists.compare_list(play)
    await _check_history(play, history)
    play.ledger.ended(play.steps)


async def _check_store(play: Play, video: Tracked) -> None:
    """A completed source is there, whole, and nothing else; of a deleted video there is nothing."""
    for session_id in video.session_ids:
        await play.compare_store(video, session_id)
    done = [one for one in video.story.sessions if one.status == "COMPLETED"]
    wanted = {
        f"videos/{video.id}/source.{EXTENSIONS[one.mime]}": one.size_bytes
        for one in done
        if not video.story.is_deleted
    }
    deadline = time.monotonic() + GONE_S
    while (found := await play.behind.objects(f"videos/{video.id}/source.")) != wanted:
        if time.monotonic() > deadline:
            raise Violation(f"the store holds {found} of {video.story}")
        await asyncio.sleep(POLL_S)


async def _check_history(play: Play, history: History) -> None:
    """The stream told the last state of every video; what it told before was a path to it."""
    ends = {
        video.id: DELETED if video.story.is_deleted else video.story.status for video in play.videos
    }
    deadline = time.monotonic() + GONE_S
    while lacking := history.lacks(ends):
        if time.monotonic() > deadline:
            raise Violation(f"the owner's stream lacks {lacking}")
        await asyncio.sleep(POLL_S)


async def go_on(play: Play, video: Tracked, verdict: str) -> None:
    """Do the next sensible thing on the way to READY, as an app without faults would.

    Where no worker transcodes, its answer is `verdict`; what failed in a transcode is tried again.
    """
    story = video.story
    session = story.live
    if session is not None:
        await _upload_on(play, video, session)
    elif story.status in {"DRAFT", "UPLOADING"} and not story.sessions:
        await upload_actions.open_session(play, video, "right", who=OWNER)
    elif story.status == "FAILED" and story.job:
        await video_actions.retry(play, video, who=OWNER)
    elif story.status == "TRANSCODING" and not story.is_worked and video.job_ids:
        reason = service_actions.REASONS[len(video.job_ids) % 2]
        await service_actions.transcoded(play, video, verdict, "current", reason)
    else:
        await wait(play, video)


async def fill(play: Play, video: Tracked) -> None:
    """Bring a young video to where its upload could be completed, and leave it there."""
    if video.story.status in {"DRAFT", "UPLOADING"} and not video.story.sessions:
        await upload_actions.open_session(play, video, "right", who=OWNER)
    session = video.story.live
    if session is not None:
        for number in _missing(session):
            await upload_actions.put(play, video, session.id, number, "right")


def _missing(session: Session) -> list[int]:
    stored = {part.number for part in session.parts}
    return [number for number in range(1, session.count + 1) if number not in stored]


async def _upload_on(play: Play, video: Tracked, session: Session) -> None:
    missing = _missing(session)
    if session.status == "PAUSED":
        await upload_actions.steer(play, video, session.id, "resume", who=OWNER)
    elif missing:
        await upload_actions.put(play, video, session.id, missing[0], "right")
    else:
        await upload_actions.complete(play, video, session.id, "right", who=OWNER)


async def wait(play: Play, video: Tracked) -> None:
    """Let everything that is under way arrive."""
    await play.settle(video)
    play.steps += 1
    play.ledger.note("settle", video.story.status)
