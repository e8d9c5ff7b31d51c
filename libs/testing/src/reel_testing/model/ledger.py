"""What was really done: so that nobody is fooled by actions that never happen."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from reel_testing.model.tables import SESSION_EDGES, VIDEO_EDGES, Edge


@dataclass(slots=True)
class Ledger:
    """`lengths` are the steps of every sequence that came to its end without a violation."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    edges: Counter[tuple[str, Edge]] = field(default_factory=Counter[tuple[str, Edge]])
    lengths: list[int] = field(default_factory=list[int])

    def note(self, action: str, outcome: str) -> None:
        self.answers[action, outcome] += 1

    def walked(self, table: str, edges: Iterable[Edge]) -> None:
        self.edges.update((table, edge) for edge in edges)

    def ended(self, steps: int) -> None:
        self.lengths.append(steps)

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

    def report(self) -> str:
        """Return a table for people: sequences, steps, answers by action, edges by table."""
        shortest, longest = min(self.lengths, default=0), max(self.lengths, default=0)
        total = f"{len(self.lengths)} sequences, {sum(self.lengths)} steps"
        lines = [f"{total}, {shortest} to {longest} in each"]
        for action, times in sorted(self.actions.items()):
            answers = {key[1]: n for key, n in sorted(self.answers.items()) if key[0] == action}
            told = ", ".join(f"{answer} × {n}" for answer, n in answers.items())
            lines.append(f"  {action:<24} {times:>6}   {told}")
        for (table, edge), times in sorted(self.edges.items()):
            lines.append(f"  {table:<8}{' → '.join(edge):<28} {times:>6}")
        return "\n".join(lines)
