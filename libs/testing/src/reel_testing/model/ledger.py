"""What was really done: so that nobody is fooled by actions that never happen."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from reel_testing.model.tables import SESSION_EDGES, VIDEO_EDGES, Edge

MUST_HAPPEN: Final[frozenset[tuple[str, str]]] = frozenset(
    {
        ("create", "201"),
        ("create wrongly", "422 validation-error"),
        ("create at once", "201"),
        ("repeat a key", "201"),
        ("repeat a key", "422 idempotency-key-reused"),
        ("malformed key", "400 idempotency-key-malformed"),
        ("open", "201"),
        ("open", "404 video-not-found"),
        ("open", "409 upload-session-active"),
        ("open", "409 upload-already-completed"),
        ("open", "409 invalid-transition"),
        ("open", "422 validation-error"),
        ("open at once", "201"),
        ("open at once", "409 upload-session-active"),
        ("part urls", "200"),
        ("part urls", "404 upload-not-found"),
        ("part urls", "409 invalid-transition"),
        ("part urls", "422 validation-error"),
        ("put right", "200"),
        ("put right", "404"),
        ("put short", "403"),
        ("put long", "403"),
        ("pause", "200"),
        ("pause", "409 invalid-transition"),
        ("resume", "200"),
        ("resume", "409 invalid-transition"),
        ("cancel", "200"),
        ("cancel", "404 upload-not-found"),
        ("cancel", "409 invalid-transition"),
        ("complete right", "200"),
        ("complete right", "404 upload-not-found"),
        ("complete right", "409 invalid-transition"),
        ("complete right", "422 unsupported-format"),
        ("complete reversed", "200"),
        ("complete wrong etag", "409 parts-mismatch"),
        ("complete none", "422 validation-error"),
        ("complete twice", "422 validation-error"),
        ("complete and complete", "200"),
        ("complete and cancel", "200"),
        ("complete and pause", "200"),
        ("show upload", "200"),
        ("show upload", "404 upload-not-found"),
        ("patch", "200"),
        ("patch", "404 video-not-found"),
        ("patch", "412 precondition-failed"),
        ("patch wrongly", "422 validation-error"),
        ("patch at once", "412 precondition-failed"),
        ("delete", "204"),
        ("delete", "404 video-not-found"),
        ("delete at once", "204"),
        ("retry", "202"),
        ("retry", "404 video-not-found"),
        ("retry", "409 invalid-transition"),
        ("retry", "409 source-missing"),
        ("retry at once", "202"),
        ("get", "200"),
        ("get", "404 video-not-found"),
        ("get conditionally", "200"),
        ("get conditionally", "304"),
        ("list", "200"),
        ("list of a stranger", "200"),
        ("transcoded READY", "204"),
        ("transcoded READY", "409 invalid-transition"),
        ("transcoded FAILED", "204"),
        ("transcoded wrongly", "422 validation-error"),
        ("progressed", "204"),
        ("webhook again", "204"),
        ("admission again", "204"),
        ("upload news again", "204"),
        ("forged", "401 bad-signature"),
        ("queue again", "reel-transcode-jobs"),
        ("queue again", "reel-upload-events"),
        ("settle", "READY"),
        ("settle", "FAILED"),
    }
)
"""Actions and their answers without which a long run would have proved less than it says."""


@dataclass(slots=True)
class Ledger:
    """`lengths` are the steps of every sequence that came to its end without a violation.

    `violations` keeps what was found, also where it does not happen again when it is repeated.
    """

    answers: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    edges: Counter[tuple[str, Edge]] = field(default_factory=Counter[tuple[str, Edge]])
    lengths: list[int] = field(default_factory=list[int])
    violations: list[str] = field(default_factory=list[str])

    def note(self, action: str, outcome: str) -> None:
        self.answers[action, outcome] += 1

    def walked(self, table: str, edges: Iterable[Edge]) -> None:
        self.edges.update((table, edge) for edge in edges)

    def ended(self, steps: int) -> None:
        self.lengths.append(steps)

    def add(self, other: "Ledger") -> None:
        self.answers.update(other.answers)
        self.edges.update(other.edges)
        self.lengths += other.lengths
        self.violations += other.violations

    def count(self, steps: int) -> int:
        """Return how many sequences had at least so many steps."""
        return sum(length >= steps for length in self.lengths)

    @property
    def actions(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (action, _), times in self.answers.items():
            found[action] += times
        return found

    @property
    def missing_edges(self) -> list[str]:
        """Edges of the two tables that no sequence walked."""
        wanted = {("video", edge) for edge in VIDEO_EDGES}
        wanted |= {("session", edge) for edge in SESSION_EDGES}
        missing = wanted - set(self.edges)
        return sorted(f"{table}: {' → '.join(edge)}" for table, edge in missing)

    @property
    def missing_answers(self) -> list[str]:
        """What of `MUST_HAPPEN` did not."""
        return sorted(" ".join(one) for one in MUST_HAPPEN - set(self.answers))

    def report(self) -> str:
        """Return a table for people: sequences, steps, answers by action, edges by table."""
        shortest, longest = min(self.lengths, default=0), max(self.lengths, default=0)
        total = f"{len(self.lengths)} sequences, {sum(self.lengths)} steps"
        lines = [f"{total}, {shortest} to {longest} in each, {self.count(20)} of 20 and more"]
        for action, times in sorted(self.actions.items()):
            answers = {key[1]: n for key, n in sorted(self.answers.items()) if key[0] == action}
            told = ", ".join(f"{answer} × {n}" for answer, n in answers.items())
            lines.append(f"  {action:<24} {times:>6}   {told}")
        for (table, edge), times in sorted(self.edges.items()):
            lines.append(f"  {table:<8}{' → '.join(edge):<28} {times:>6}")
        return "\n".join(lines)
