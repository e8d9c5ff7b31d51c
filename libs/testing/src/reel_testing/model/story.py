"""All that the model knows of one video, and what may happen to it unasked.

A story is one possibility. Messages between the services arrive when they arrive, so after a
request several stories may be true; every answer and every look leaves those that fit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from reel_testing.model.tables import (
    LIVE,
    SESSION_EDGES,
    TRANSCODE_OVER,
    UPLOAD_OVER,
    VIDEO_EDGES,
    Edge,
    walk,
)

ANY_REASON: Final = "*"
"""A worker's own verdict: any of the published reasons."""
NO_EDGES: Final[tuple[Edge, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    number: int
    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An upload session; `film` names the bytes that are sent through it."""

    id: str
    mime: str
    size_bytes: int
    part_size_bytes: int
    film: str
    status: str = "INITIATED"
    reason: str | None = None
    parts: tuple[Part, ...] = ()
    walked: tuple[Edge, ...] = field(default=NO_EDGES, compare=False)

    @property
    def count(self) -> int:
        return -(-self.size_bytes // self.part_size_bytes)

    def length(self, number: int) -> int:
        return min(self.part_size_bytes, self.size_bytes - (number - 1) * self.part_size_bytes)

    def to(self, *states: str, reason: str | None = None) -> "Session":
        path = walk(SESSION_EDGES, self.status, *states)
        return replace(self, status=states[-1], reason=reason, walked=self.walked + path)

    def ended(self, state: str, *, reason: str | None = None) -> "Session":
        """End by way of IN_PROGRESS where the table has no direct edge (ADR 20)."""
        is_direct = (self.status, state) in SESSION_EDGES
        return self.to(*(() if is_direct else ("IN_PROGRESS",)), state, reason=reason)

    def with_part(self, part: Part) -> "Session":
        others = [each for each in self.parts if each.number != part.number]
        return replace(self, parts=tuple(sorted([*others, part], key=lambda p: p.number)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """News of a session that upload-service promised to tell video-service."""

    outcome: str
    session_id: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`job` counts the transcodes that were asked for.

    Under way are `mail` to video-service in its order, `unconfirmed` jobs that the relay has not
    marked yet, `working` jobs that a worker is to answer as `verdicts` allow, and if `is_erasing`
    the news of the deletion to upload-service.
    """

    id: str
    title: str
    description: str | None
    verdicts: tuple[str, ...]
    is_worked: bool
    status: str = "DRAFT"
    reason: str | None = None
    version: int = 1
    is_deleted: bool = False
    admitted: str | None = None
    job: int = 0
    sessions: tuple[Session, ...] = ()
    mail: tuple[Mail, ...] = ()
    unconfirmed: tuple[int, ...] = ()
    working: tuple[int, ...] = ()
    is_erasing: bool = False
    walked: tuple[Edge, ...] = field(default=NO_EDGES, compare=False)

    @property
    def is_settled(self) -> bool:
        return not (self.mail or self.unconfirmed or self.working or self.is_erasing)

    @property
    def live(self) -> Session | None:
        return next((one for one in self.sessions if one.status in LIVE), None)

    def session(self, session_id: str) -> Session | None:
        return next((one for one in self.sessions if one.id == session_id), None)

    def with_session(self, session: Session) -> "Story":
        others = [one for one in self.sessions if one.id != session.id]
        known = [one.id for one in self.sessions]
        kept = sorted([*others, session], key=lambda s: _place(known, s.id))
        return replace(self, sessions=tuple(kept))

    def to(self, *states: str, reason: str | None = None) -> "Story":
        """Walk edges, each of them a new version (ADR 13)."""
        path = walk(VIDEO_EDGES, self.status, *states)
        return replace(
            self,
            status=states[-1],
            reason=reason,
            version=self.version + len(path),
            walked=self.walked + path,
        )

    def with_job(self) -> "Story":
        job = self.job + 1
        working = (*self.working, job) if self.is_worked else self.working
        return replace(self, job=job, working=working)


def _place(known: list[str], session_id: str) -> int:
    return known.index(session_id) if session_id in known else len(known)


def told(story: Story, mail: Mail) -> Story:
    """Return what news of a session makes of its video (ADR 4, 14)."""
    if story.is_deleted or story.status in UPLOAD_OVER:
        return story
    if mail.outcome == "COMPLETED":
        uploaded = story.to("UPLOADED").with_job()
        return replace(uploaded, unconfirmed=(*story.unconfirmed, uploaded.job))
    if mail.session_id != story.admitted:
        return story
    return story.to("FAILED", reason=mail.reason)


def transcoded(story: Story, job: int | None, status: str, reason: str | None) -> Story:
    """Return what a worker's answer makes of a video past its upload (ADR 7, 16, 39)."""
    is_current = job is None or job == story.job
    late = story.reason == "TRANSCODE_TIMEOUT" and status == "READY" and job == story.job
    is_over = story.status in TRANSCODE_OVER and not (story.status == "FAILED" and late)
    if story.is_deleted or not is_current or is_over:
        return story
    queued = story if story.status == "TRANSCODING" else story.to("TRANSCODING")
    return queued.to(status, reason=reason)


def erased(story: Story) -> Story:
    """Return the story after upload-service heard of the deletion: the live session ends."""
    quiet = replace(story, is_erasing=False)
    if (live := story.live) is None:
        return quiet
    mail = Mail(outcome="CANCELED", session_id=live.id, reason="UPLOAD_CANCELED")
    return replace(quiet.with_session(live.ended("CANCELED")), mail=(*story.mail, mail))


def _moves(story: Story) -> Iterator[Story]:
    if story.mail:
        yield told(replace(story, mail=story.mail[1:]), story.mail[0])
    for job in story.unconfirmed:
        rest = replace(story, unconfirmed=tuple(one for one in story.unconfirmed if one != job))
        is_queued = story.status == "UPLOADED" and job == story.job
        yield rest.to("TRANSCODING") if is_queued else rest
    for job in story.working:
        rest = replace(story, working=tuple(one for one in story.working if one != job))
        for verdict in story.verdicts:
            reason = ANY_REASON if verdict == "FAILED" else None
            yield transcoded(rest, job, verdict, reason)
    if story.is_erasing:
        yield erased(story)


def closure(stories: Iterable[Story]) -> set[Story]:
    """Return the stories and all that may become of them without a request."""
    found = set(stories)
    fresh = list(found)
    while fresh:
        for after in _moves(fresh.pop()):
            if after not in found:
                found.add(after)
                fresh.append(after)
    return found
