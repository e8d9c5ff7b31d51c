"""What upload-service and the store may answer an app (spec 2.2), story by story."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reel_testing.model.outcomes import Answer, Outcome, Rule, done, refused
from reel_testing.model.story import Mail, Part, Session, Story
from reel_testing.model.tables import LIVE

ADMITTING = frozenset({"DRAFT", "UPLOADING"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is declared, and the bytes that will be sent."""

    mime: str
    size_bytes: int
    film: str
    is_acceptable: bool = True


def opened(opening: Opening, *, mine: bool) -> Rule:
    """POST /api/videos/{id}/uploads (ADR 5, 14)."""

    def rule(story: Story) -> Iterator[Outcome]:
        if not opening.is_acceptable:
            yield refused(422, "validation-error", story)
        elif not mine or (story.is_deleted and not story.is_erasing):
            yield refused(404, "video-not-found", story)
        else:
            yield from _opened(story, opening)

    return rule


def _opened(story: Story, opening: Opening) -> Iterator[Outcome]:
    completed = next((one for one in story.sessions if one.status == "COMPLETED"), None)
    if completed is not None:
        yield refused(409, "upload-already-completed", story, uploadSessionId=completed.id)
    elif story.live is not None:
        yield refused(409, "upload-session-active", story, uploadSessionId=story.live.id)
    elif story.is_deleted:
        yield refused(404, "video-not-found", story)
    elif story.status not in ADMITTING:
        yield refused(409, "invalid-transition", story, currentStatus=story.status)
    else:
        yield Outcome(
            status=201,
            then=lambda answer: _admitted(story, opening, answer),
            needs={"status": "INITIATED"},
        )


def _admitted(story: Story, opening: Opening, answer: Answer) -> Story:
    session = Session(
        id=answer.body["uploadSessionId"],
        mime=opening.mime,
        size_bytes=opening.size_bytes,
        part_size_bytes=answer.body["partSizeBytes"],
        film=opening.film,
    )
    if story.status == "DRAFT":
        admitted = story.to("UPLOADING")
    else:
        admitted = replace(story, version=story.version + 1)
    return replace(admitted.with_session(session), admitted=session.id)


def refused_by_rival(story: Story) -> Iterator[Outcome]:
    """Yield what the slower of two openings may hear while the other's is under way (ADR 5)."""
    yield refused(409, "upload-session-active", story)
    yield refused(409, "invalid-transition", story)


def signed(session_id: str, numbers: Sequence[int], *, mine: bool) -> Rule:
    """POST …/parts: the first URL starts the upload."""

    def rule(story: Story) -> Iterator[Outcome]:
        session = story.session(session_id)
        if session is None or not mine:
            yield refused(404, "upload-not-found", story)
        elif session.status not in {"INITIATED", "IN_PROGRESS"}:
            yield refused(409, "invalid-transition", story, currentStatus=session.status)
        elif any(number > session.count for number in numbers):
            yield refused(422, "validation-error", story)
        else:
            is_new = session.status == "INITIATED"
            yield done(200, story.with_session(session.to("IN_PROGRESS") if is_new else session))

    return rule


def put(session_id: str, part: Part) -> Rule:
    """PUT by a signed URL: the store takes exactly the part's length, and knows no pause (ADR 6).

    An upload that was cancelled is gone from the store (404), or about to be. One that is complete
    is gone from S3; the embedded store still knows it by its object, and takes the same part again.
    In both cases nobody sees the part.
    """

    def rule(story: Story) -> Iterator[Outcome]:
        session = story.session(session_id)
        if session is None:
            return
        is_fit = part.size_bytes == session.length(part.number)
        if session.status in LIVE:
            stored = story.with_session(session.with_part(part))
            yield done(200, stored) if is_fit else done(403, story)
            return
        yield done(404, story)
        if not is_fit:
            yield done(403, story)
        elif session.status in {"CANCELED", "COMPLETED"}:
            yield done(200, story)

    return rule


def steered(session_id: str, verb: str, *, mine: bool) -> Rule:
    """POST …/pause, …/resume or …/cancel; a repeat has the same answer (ADR 4, 20)."""
    goal = {"pause": "PAUSED", "resume": "IN_PROGRESS", "cancel": "CANCELED"}[verb]

    def rule(story: Story) -> Iterator[Outcome]:
        session = story.session(session_id)
        if session is None or not mine:
            yield refused(404, "upload-not-found", story)
        elif session.status == goal:
            yield done(200, story, status=goal)
        elif session.status not in LIVE or (session.status == "INITIATED" and verb != "cancel"):
            yield refused(409, "invalid-transition", story, currentStatus=session.status)
        elif verb == "cancel":
            mail = Mail(outcome="CANCELED", session_id=session.id, reason="UPLOAD_CANCELED")
            ended = story.with_session(session.ended("CANCELED"))
            yield done(200, replace(ended, mail=(*story.mail, mail)), status=goal)
        else:
            yield done(200, story.with_session(session.to(goal)), status=goal)

    return rule


def completed(
    session_id: str, claimed: Mapping[int, str], *, mine: bool, holds_declared: bool
) -> Rule:
    """POST …/complete; `holds_declared`: the bytes are of the declared family (ADR 3)."""

    def rule(story: Story) -> Iterator[Outcome]:
        session = story.session(session_id)
        if session is None or not mine:
            yield refused(404, "upload-not-found", story)
        elif session.status == "COMPLETED":
            yield done(200, story, status="COMPLETED")
        elif session.status == "FAILED":
            yield refused(422, "unsupported-format", story)
        elif session.status != "IN_PROGRESS":
            yield refused(409, "invalid-transition", story, currentStatus=session.status)
        elif faults := _faults(session, claimed):
            yield refused(409, "parts-mismatch", story, **faults)
        else:
            yield _concluded(story, session, holds_declared=holds_declared)

    return rule


def completed_through_a_pause(
    session_id: str, claimed: Mapping[int, str], *, holds_declared: bool
) -> Rule:
    """Complete whose pause slipped in while the store was joining: it is undone."""

    def rule(story: Story) -> Iterator[Outcome]:
        session = story.session(session_id)
        if session is None or session.status != "IN_PROGRESS":
            return
        if faults := _faults(session, claimed):
            paused = story.with_session(session.to("PAUSED"))
            yield refused(409, "parts-mismatch", paused, **faults)
        else:
            paused = session.to("PAUSED").to("IN_PROGRESS")
            yield _concluded(story, paused, holds_declared=holds_declared)

    return rule


def _concluded(story: Story, session: Session, *, holds_declared: bool) -> Outcome:
    if holds_declared:
        mail = Mail(outcome="COMPLETED", session_id=session.id)
        after = story.with_session(session.to("COMPLETED"))
        return done(200, replace(after, mail=(*story.mail, mail)), status="COMPLETED")
    reason = "UNSUPPORTED_FORMAT"
    mail = Mail(outcome="FAILED", session_id=session.id, reason=reason)
    after = story.with_session(session.to("FAILED", reason=reason))
    return refused(422, "unsupported-format", replace(after, mail=(*story.mail, mail)))


def _faults(session: Session, claimed: Mapping[int, str]) -> dict[str, list[int]]:
    """Return the members of `parts-mismatch`; empty when store, claim and plan agree (ADR 6)."""
    stored = {part.number: part for part in session.parts}
    plan = range(1, session.count + 1)
    missing = [n for n in plan if n not in stored or n not in claimed]
    unexpected = sorted(n for n in claimed if n > session.count)
    differing = [
        n for n in plan if n not in missing and claimed[n].strip('"') != stored[n].etag.strip('"')
    ]
    if not (missing or unexpected or differing):
        return {}
    return {"missing": missing, "unexpected": unexpected, "differing": differing}


def shown(session_id: str, *, mine: bool) -> Rule:
    """GET of a session."""

    def rule(story: Story) -> Iterator[Outcome]:
        session = story.session(session_id)
        if session is None or not mine:
            yield refused(404, "upload-not-found", story)
        else:
            yield done(200, story, status=session.status, uploadSessionId=session.id)

    return rule


def either(*rules: Rule) -> Rule:
    """Return what any of the rules allows."""

    def rule(story: Story) -> Iterator[Outcome]:
        for one in rules:
            yield from one(story)

    return rule


def malformed(story: Story) -> Iterator[Outcome]:
    """Yield the refusal of a body that breaks the contract, whoever sends it."""
    yield refused(422, "validation-error", story)
