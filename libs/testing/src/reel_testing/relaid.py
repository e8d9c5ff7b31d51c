"""Real films with their samples laid out in another way, as any writer might have done it.

Built without the service's own parser, so that each checks the other.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
Cuts = Sequence[Sequence[int]]
"""For each track, how many samples each of its chunks has; they add up to all it has."""


@dataclass(frozen=True, slots=True)
class Samples:
    """An `mdat` with these chunks (track, and number within it), apart by `gap_bytes` of noise."""

    chunks: Sequence[tuple[int, int]]
    large: bool = False
    to_end: bool = False
    gap_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """The film's `moov`."""

    wide: bool = False
    large: bool = False


Piece = Samples | Index | bytes
"""Samples, the index, or any other finished box."""


@dataclass(frozen=True, slots=True)
class Footage:
    """A film taken apart: the boxes before its index and samples, and each track's samples."""

    ftyp: bytes
    moov: bytes
    tracks: tuple[tuple[bytes, ...], ...]


def take_apart(film: bytes) -> Footage:
    """Read a whole, unfragmented film."""
    boxes = {kind: film[start:end] for kind, start, _, end in _boxes(film, 0, len(film))}
    moov = boxes[b"moov"]
    tracks = tuple(tuple(_samples(film, stbl)) for stbl in _tables(moov))
    return Footage(boxes.get(b"ftyp", b""), moov, tracks)


def lay_out(footage: Footage, cuts: Cuts, pieces: Sequence[Piece]) -> bytes:
    """Put a film together: `pieces` in their order, in which each chunk comes once."""
    ends = [[0, *accumulate(counts)] for counts in cuts]
    chunks = [
        [b"".join(samples[a:b]) for a, b in pairwise(bounds)]
        for samples, bounds in zip(footage.tracks, ends, strict=True)
    ]
    blank = [[0] * len(counts) for counts in cuts]
    at, places, out = 0, [list(each) for each in blank], list[bytes]()
    for piece in pieces:
        if isinstance(piece, Index):
            at += len(_index(footage.moov, cuts, blank, piece))
        elif isinstance(piece, Samples):
            at = _place(piece, chunks, at, places)
        else:
            at += len(piece)
    for piece in pieces:
        if isinstance(piece, Index):
            out.append(_index(footage.moov, cuts, places, piece))
        else:
            out.append(_mdat(piece, chunks) if isinstance(piece, Samples) else piece)
    return b"".join(out)


def in_turns(cuts: Cuts) -> list[tuple[int, int]]:
    """Return the chunks of all tracks in turns, each track's in order."""
    most = max(map(len, cuts))
    return [
        (track, number)
        for number in range(most)
        for track, counts in enumerate(cuts)
        if number < len(counts)
    ]


def one_after_another(cuts: Cuts) -> list[tuple[int, int]]:
    """Return all chunks of the first track, then all of the next, and so on."""
    return [(track, number) for track, counts in enumerate(cuts) for number in range(len(counts))]


def _place(
    piece: Samples, chunks: Sequence[Sequence[bytes]], at: int, places: list[list[int]]
) -> int:
    at += 16 if piece.large else 8
    for track, number in piece.chunks:
        at += piece.gap_bytes
        places[track][number] = at
        at += len(chunks[track][number])
    return at


def _mdat(piece: Samples, chunks: Sequence[Sequence[bytes]]) -> bytes:
    gap = bytes(place * 167 % 251 for place in range(piece.gap_bytes))
    body = b"".join(gap + chunks[track][number] for track, number in piece.chunks)
    if piece.large:
        return struct.pack(">I4sQ", 1, b"mdat", 16 + len(body)) + body
    size = 0 if piece.to_end else 8 + len(body)
    return struct.pack(">I4s", size, b"mdat") + body


def _index(moov: bytes, cuts: Cuts, places: Sequence[Sequence[int]], how: Index) -> bytes:
    tables = [_stsc(counts) + _stco(track, how) for counts, track in zip(cuts, places, strict=True)]
    body = _rebuilt(moov, (8, len(moov)), iter(tables))
    if how.large:
        return struct.pack(">I4sQ", 1, b"moov", 16 + len(body)) + body
    return _box(b"moov", body)


def _rebuilt(moov: bytes, inside: tuple[int, int], tables: Iterator[bytes]) -> bytes:
    """Copy the boxes there; each sample table gets the next ones of `tables` for its chunks."""
    out = b""
    for kind, start, body, end in _boxes(moov, *inside):
        if kind in CONTAINERS:
            chunks = next(tables) if kind == b"stbl" else b""
            out += _box(kind, _rebuilt(moov, (body, end), tables) + chunks)
        elif kind not in {b"stsc", b"stco", b"co64"}:
            out += moov[start:end]
    return out


def _stsc(counts: Sequence[int]) -> bytes:
    runs = [number for chunk, count in enumerate(counts, 1) for number in (chunk, count, 1)]
    return _box(b"stsc", struct.pack(f">II{len(runs)}I", 0, len(counts), *runs))


def _stco(places: Sequence[int], how: Index) -> bytes:
    table = struct.pack(f">II{len(places)}{'Q' if how.wide else 'I'}", 0, len(places), *places)
    return _box(b"co64" if how.wide else b"stco", table)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield kind, start, start of the body, end."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1:
            (size,), body = struct.unpack_from(">Q", data, body), start + 16
        yield kind, start, body, start + (size or end - start)
        start += size or end - start


def _tables(moov: bytes) -> Iterator[dict[bytes, bytes]]:
    """Yield the sample table of each track: kind → body."""
    stack = [(moov, 8, len(moov))]
    while stack:
        data, start, end = stack.pop()
        found = {kind: data[body:stop] for kind, _, body, stop in _boxes(data, start, end)}
        if b"stsc" in found:
            yield found
        inside = [(b, e) for kind, _, b, e in _boxes(data, start, end) if kind in CONTAINERS]
        stack += [(data, body, stop) for body, stop in reversed(inside)]


def _samples(film: bytes, stbl: dict[bytes, bytes]) -> Iterator[bytes]:
    same, count = struct.unpack_from(">II", stbl[b"stsz"], 4)
    sizes = [same] * count if same else struct.unpack_from(f">{count}I", stbl[b"stsz"], 12)
    sample = 0
    for offset, samples in zip(_offsets(stbl), _chunk_lengths(stbl), strict=False):
        for size in sizes[sample : sample + samples]:
            yield film[offset : offset + size]
            offset += size  # noqa: PLW2901 - the next one lies behind it
        sample += samples


def _offsets(stbl: dict[bytes, bytes]) -> tuple[int, ...]:
    table, width = (stbl[b"co64"], "Q") if b"co64" in stbl else (stbl[b"stco"], "I")
    (count,) = struct.unpack_from(">I", table, 4)
    return struct.unpack_from(f">{count}{width}", table, 8)


def _chunk_lengths(stbl: dict[bytes, bytes]) -> Iterator[int]:
    """Yield how many samples each chunk has; the last run goes on for ever."""
    (count,) = struct.unpack_from(">I", stbl[b"stsc"], 4)
    runs = [struct.unpack_from(">II", stbl[b"stsc"], 8 + 12 * n) for n in range(count)]
    for (first, samples), (after, _) in zip(runs, [*runs[1:], (1 << 32, 0)], strict=True):
        yield from (samples for _ in range(first, after))
