"""Parts of the worker's FFmpeg command line, to be run by themselves."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

GRAPH: Final = "-filter_complex"
PLAYLIST: Final = ".m3u8"
_LABELS: Final = re.compile(r"^((?:\[[^\]]+\])*)(.*?)((?:\[[^\]]+\])*)$", re.DOTALL)
_SPLIT: Final = re.compile(r"(a?split)(=\d+)?$")


@dataclass(frozen=True, slots=True)
class _Chain:
    """A chain of filters, with the labels it takes and gives."""

    takes: tuple[str, ...]
    filters: str
    gives: tuple[str, ...]

    def __str__(self) -> str:
        return "".join((*self.takes, self.filters, *self.gives))

    def giving(self, wanted: set[str]) -> "_Chain":
        """Leave out the branches of its last split that nobody takes."""
        gives = tuple(label for label in self.gives if label in wanted)
        if gives == self.gives:
            return self
        filters = _SPLIT.sub(rf"\1={len(gives)}", self.filters)
        return replace(self, filters=filters, gives=gives)


def ladder_alone(argv: Sequence[str]) -> list[str]:
    """Leave out every output that is no HLS rendition: pictures, and the filters that feed them."""
    return _keeping(argv, lambda output: output.endswith(PLAYLIST))


def rung_alone(argv: Sequence[str], playlist: str) -> list[str]:
    """Leave out every output but this one."""
    return _keeping(argv, lambda output: output == playlist)


def playlists(argv: Sequence[str]) -> list[str]:
    """Return the playlists the command writes, best rendition first."""
    return [output[-1] for output in _outputs(argv) if output[-1].endswith(PLAYLIST)]


def _keeping(argv: Sequence[str], wanted: Callable[[str], bool]) -> list[str]:
    at = argv.index(GRAPH)
    outputs = [output for output in _outputs(argv) if wanted(output[-1])]
    taken = {argument for output in outputs for argument in output if argument.startswith("[")}
    kept = [argument for output in outputs for argument in output]
    return [*argv[: at + 1], _pruned(argv[at + 1], taken), *kept]


def _outputs(argv: Sequence[str]) -> Iterator[list[str]]:
    """Split what follows the graph at each file name; every option there has one value."""
    rest = iter(argv[argv.index(GRAPH) + 2 :])
    output: list[str] = []
    for argument in rest:
        output.append(argument)
        if argument.startswith("-"):
            output.append(next(rest))
        else:
            yield output
            output = []


def _pruned(graph: str, taken: set[str]) -> str:
    chains = [_chain(text) for text in graph.split(";")]
    wanted: set[str] = set()
    growing = set(taken)
    while growing - wanted:
        wanted |= growing
        growing = {label for chain in chains if wanted & set(chain.gives) for label in chain.takes}
    return ";".join(str(chain.giving(wanted)) for chain in chains if wanted & set(chain.gives))


def _chain(text: str) -> _Chain:
    found = _LABELS.match(text)
    takes, filters, gives = found.groups() if found else ("", text, "")
    return _Chain(_labels(takes), filters, _labels(gives))


def _labels(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\[[^\]]+\]", text))
