"""Looks at Reel between requests: a story that does not fit what is seen was not the true one."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from reel_testing.model.outcomes import Answer, Json, Violation
from reel_testing.model.story import ANY_REASON, Session, Story, closure
from reel_testing.model.tables import FAIL_REASONS, LIVE

Look = Callable[[Story], Story | None]
"""Returns the story, made more precise where it left something open; None if it does not fit."""

VERSION: Final = re.compile(r'"(\d+)(?:\.\d+)?-')


def keep(stories: Iterable[Story], look: Look, *, what: str, seen: object) -> set[Story]:
    """Return the stories that fit. Raises Violation when none does."""
    before = closure(stories)
    after = {fitting for story in before if (fitting := look(story)) is not None}
    if not after:
        shown = "\n  ".join(["", *map(repr, before)])
        raise Violation(f"{what} is {seen}\nbut the model says{shown}")
    return after


def version_of(etag: str) -> int:
    found = VERSION.match(etag)
    if found is None:
        raise Violation(f"no version in the ETag {etag}")
    return int(found[1])


def video_view(answer: Answer) -> Look:
    """Hold GET of a video against a story; also what spec 1.5 forbids whatever the story."""
    if answer.status == 404:
        return lambda story: story if story.is_deleted else None
    check_playback(answer.body)
    body, version = answer.body, version_of(answer.headers["etag"])

    def look(story: Story) -> Story | None:
        known = (story.status, story.version, story.title, story.description)
        shown = (body["status"], version, body["title"], body["description"])
        if story.is_deleted or known != shown:
            return None
        return _with_reason(story, body["failReason"])

    return look


def _with_reason(story: Story, reason: str | None) -> Story | None:
    if story.reason == ANY_REASON and reason in FAIL_REASONS:
        return replace(story, reason=reason)
    return story if story.reason == reason else None


def check_playback(view: Json) -> None:
    """`streamUrl` only with READY, `failReason` only with FAILED, progress while TRANSCODING."""
    is_ready, is_failed = view["status"] == "READY", view["status"] == "FAILED"
    url = view["playback"]["streamUrl"]
    rules = {
        "ready says READY": view["playback"]["ready"] is is_ready,
        "streamUrl with READY alone": (url is not None) is is_ready,
        "streamUrl is the video's master": url is None or f"/videos/{view['id']}/hls/" in url,
        "failReason with FAILED alone": (view["failReason"] is not None) is is_failed,
        "failReason is published": view["failReason"] in {None, *FAIL_REASONS},
        "progress while TRANSCODING": view["progress"] is None or view["status"] == "TRANSCODING",
        "measured when READY": is_ready is (view["durationSeconds"] is not None),
    }
    if broken := [name for name, holds in rules.items() if not holds]:
        raise Violation(f"{broken}: {view}")


def session_view(session_id: str, body: Json) -> Look:
    """Hold GET of a session against a story: its state, its parts, and their sum (ADR 6)."""

    def look(story: Story) -> Story | None:
        session = story.session(session_id)
        fits = session is not None and _fits(session, story, body)
        return story if fits else None

    return look


def _fits(session: Session, story: Story, body: Json) -> bool:
    parts = [
        (part["partNumber"], part["etag"], part["sizeBytes"]) for part in body["uploadedParts"]
    ]
    own = [(part.number, part.etag, part.size_bytes) for part in session.parts]
    total = sum(part.size_bytes for part in session.parts)
    if session.status in LIVE:
        is_true = parts == own and body["bytesUploaded"] == total
    elif session.status == "COMPLETED":
        is_true = not parts and body["bytesUploaded"] == session.size_bytes
    else:
        is_true = not parts and 0 <= body["bytesUploaded"] <= total
    facts = (session.status, session.size_bytes, session.part_size_bytes, story.id)
    told = (body["status"], body["sourceSizeBytes"], body["partSizeBytes"], body["videoId"])
    return is_true and facts == told


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What the databases hold of a video; `masters` counts its HLS_MASTER assets."""

    status: str
    version: int
    reason: str | None
    is_deleted: bool
    admitted: str | None
    masters: int
    sessions: Mapping[str, tuple[str, str | None]]


def rows(found: Rows) -> Look:
    """Hold both databases against a story, row by row."""
    live = [status for status, _ in found.sessions.values() if status in LIVE]
    if len(live) > 1:
        raise Violation(f"{len(live)} live sessions: {found}")
    if (found.status == "READY") != (found.masters == 1):
        raise Violation(f"READY and its assets differ: {found}")

    def look(story: Story) -> Story | None:
        known = (story.status, story.version, story.is_deleted, story.admitted)
        stored = (found.status, found.version, found.is_deleted, found.admitted)
        sessions = {one.id: (one.status, one.reason) for one in story.sessions}
        if known != stored or sessions != dict(found.sessions):
            return None
        return _with_reason(story, found.reason)

    return look
