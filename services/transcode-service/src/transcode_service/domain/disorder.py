"""Telling a film whose picture and sound lie far apart from one that can be read in one go.

A demuxer on a pipe takes samples in the order in which they lie. Whatever comes before its time
must be kept until the rest has caught up, and after 10 s FFmpeg's muxer waits no longer: segments
then come without sound.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from math import inf
from typing import Final

from transcode_service.domain.sample_table import Kind, SampleTable

MAX_LAG_S: Final = 3.0
"""Real films come with up to 2.2 s."""


@dataclass(frozen=True, slots=True)
class Disorder:
    """The greatest lag of one track behind another, in seconds of the film and in file order.

    `lag_s` is None when a track's own chunks lie out of their order: then no lag can be told.
    """

    behind: Kind
    ahead: Kind
    lag_s: float | None


def find_disorder(tables: Sequence[SampleTable]) -> Disorder | None:
    """Tell what keeps a pipe from reading these tracks; None when nothing does."""
    for table in tables:
        if not table.in_order:
            return Disorder(table.kind, table.kind, None)
    worst = max(_lags(tables), key=lambda lag: lag[0], default=None)
    if worst is None or worst[0] <= MAX_LAG_S:
        return None
    lag_s, behind, ahead = worst
    return Disorder(tables[behind].kind, tables[ahead].kind, lag_s)


def _lags(tables: Sequence[SampleTable]) -> Iterator[tuple[float, int, int]]:
    """Yield for each chunk how long its last sample must wait, for which track, and its own."""
    due_next = [table.due_s(0) if table.offsets else inf for table in tables]
    for _, track, chunk in merge(*map(_placed, range(len(tables)), tables)):
        table = tables[track]
        end = table.firsts[chunk + 1]
        due_next[track] = table.due_s(end) if end < table.firsts[-1] else inf
        earliest = min(due_next)
        yield table.due_s(end - 1) - earliest, due_next.index(earliest), track


def _placed(track: int, table: SampleTable) -> Iterator[tuple[int, int, int]]:
    for chunk, offset in enumerate(table.offsets):
        yield offset, track, chunk
