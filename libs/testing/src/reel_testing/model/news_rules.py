"""What video-service may answer its peers (spec 2.3; ADR 4, 7, 11, 16, 39), story by story."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reel_testing.model.outcomes import Outcome, Rule, done, refused
from reel_testing.model.story import Mail, Story, told, transcoded

UNKNOWN_JOB = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A worker's answer; `job` None where it names none, UNKNOWN_JOB where nobody asked for it."""

    status: str
    job: int | None
    reason: str | None = None


def answered(verdict: Verdict) -> Rule:
    """A transcode webhook with an id of its own, acceptable in itself."""

    def rule(story: Story) -> Iterator[Outcome]:
        is_named = verdict.job is not None
        if story.job == 0 and not is_named and not story.is_deleted and story.status != "FAILED":
            yield refused(409, "invalid-transition", story, currentStatus=story.status)
        else:
            yield done(204, transcoded(story, verdict.job, verdict.status, verdict.reason))

    return rule


def told_once(mail: Mail, *, is_original: bool) -> Rule:
    """An upload webhook again: `is_original` with the id it was or will be delivered with.

    Under its own id it counts once, so what is still on its way is then no news any more. Under
    another id it says what was said before, which changes nothing twice.
    """

    def rule(story: Story) -> Iterator[Outcome]:
        if not is_original:
            yield done(204, told(story, mail))
        elif mail in story.mail:
            rest = tuple(one for one in story.mail if one != mail)
            yield done(204, told(replace(story, mail=rest), mail))
        else:
            yield done(204, story)

    return rule


def ignored(story: Story) -> Iterator[Outcome]:
    """Yield the answer to what was heard before, or does not matter."""
    yield done(204, story)


def forged(story: Story) -> Iterator[Outcome]:
    yield refused(401, "bad-signature", story)


def unacceptable(story: Story) -> Iterator[Outcome]:
    """Yield the refusal of a film without a master, or with another video's files."""
    yield refused(422, "validation-error", story)
