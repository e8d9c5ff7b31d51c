"""Judging an answer: does any story allow it, and which stories are left?"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reel_testing.model.story import Story, closure

Json = dict[str, Any]
NOTHING: Mapping[str, object] = {}


class Violation(AssertionError):
    """Reel did what the model does not allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a service said; `code` is that of a problem document."""

    status: int
    body: Json
    headers: Mapping[str, str]

    @property
    def code(self) -> str | None:
        return self.body.get("code") if self.status >= 400 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An allowed answer with members that it must have, and the story after it."""

    status: int
    then: Callable[[Answer], Story]
    code: str | None = None
    needs: Mapping[str, object] = field(default_factory=lambda: NOTHING)

    def fits(self, answer: Answer) -> bool:
        has_members = all(answer.body.get(name) == value for name, value in self.needs.items())
        return (self.status, self.code) == (answer.status, answer.code) and has_members


Rule = Callable[[Story], Iterable[Outcome]]
"""What the specification allows in one story."""
Asked = tuple[Rule, Answer]


def done(status: int, story: Story, /, **needs: object) -> Outcome:
    return Outcome(status=status, then=lambda _: story, needs=needs)


def refused(status: int, code: str, story: Story, /, **needs: object) -> Outcome:
    return Outcome(status=status, code=code, then=lambda _: story, needs=needs)


def judge(stories: Iterable[Story], rule: Rule, answer: Answer, *, what: str) -> set[Story]:
    """Return the stories in which `rule` allows `answer`. Raises Violation when none does."""
    before = closure(stories)
    after = set(_following(before, (rule, answer)))
    if not after:
        raise Violation(_complaint(before, rule, answer, what))
    return after


def expect(answer: Answer, status: int, code: str | None = None) -> None:
    """Insist on an answer that no state decides about. Raises Violation."""
    if (answer.status, answer.code) != (status, code):
        raise Violation(f"{status} {code or ''} expected: {answer.status} {answer.body}")


def judge_pair(
    stories: Iterable[Story], one: Asked, other: Asked, *, what: str, both: Rule | None = None
) -> set[Story]:
    """Judge two requests that were sent at once: one came first, whichever.

    `both` adds what only overlapping requests may do; its outcomes are held against `other`'s
    answer where `one` was 200.
    """
    before = closure(stories)
    after: set[Story] = set()
    for first, second in ((one, other), (other, one)):
        between = closure(_following(before, first))
        after.update(_following(between, second))
    if both is not None and one[1].status == 200:
        after.update(_following(before, (both, other[1])))
    if not after:
        told = " and ".join(f"{answer.status} {answer.body}" for _, answer in (one, other))
        raise Violation(f"{what}: {told} from {_shown(before)}")
    return after


def _following(stories: Iterable[Story], asked: Asked) -> Iterator[Story]:
    rule, answer = asked
    for story in stories:
        for outcome in rule(story):
            if outcome.fits(answer):
                yield outcome.then(answer)


def _complaint(stories: set[Story], rule: Rule, answer: Answer, what: str) -> str:
    allowed = {
        f"{outcome.status} {outcome.code or ''} {dict(outcome.needs)}"
        for story in stories
        for outcome in rule(story)
    }
    said = f"{answer.status} {answer.body}"
    return f"{what}: {said}\nallowed: {sorted(allowed)}\nfrom {_shown(stories)}"


def _shown(stories: Iterable[Story]) -> str:
    return "\n  ".join(["", *map(repr, stories)])
