"""Damage to films, as disks, transfers and enemies do it; the same number, the same damage.

Half of it knows nothing of what it hits; the other half goes for the boxes, chunks and objects that
the three families of containers are made of, found here without the service's own parsers.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from reel_kernel.media import Container

EXTREMES: Final = (0, 1, 7, 8, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, 0xFFFF_FFFF)
_ISO_PARENTS: Final = frozenset(
    b"moov trak mdia minf stbl dinf edts mvex moof traf udta meta".split()
)
_SAMPLES: Final = frozenset({b"mdat", b"LIST", b"RIFF"})
_ASF_HEADER_GUID: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_HEADER_BYTES: Final = 30
_DEEPEST: Final = 12


@dataclass(frozen=True, slots=True)
class Piece:
    """A box, chunk or object: `start` to `end` of the file, its size field at `size_at`."""

    kind: bytes
    start: int
    body: int
    end: int
    size_at: int
    size_format: str


@dataclass(frozen=True, slots=True)
class Damaged:
    """A film after its damage, and which damage that was."""

    data: bytes
    by: str

    @property
    def only_cut(self) -> bool:
        return self.by == truncated.__name__


def damaged(film: bytes, container: Container, number: str) -> Damaged:
    """Damage a film in the way of this number: mostly once, sometimes thrice."""
    random = Random(number)  # noqa: S311 - damage, not secrets
    names: list[str] = []
    for _ in range(random.choice((1, 1, 1, 1, 3))):
        damage = random.choice(DAMAGES)
        film = damage(film, list(pieces(film, container)), random)
        names.append(damage.__name__)
    return Damaged(film, " + ".join(names))


def pieces(film: bytes, container: Container) -> Iterator[Piece]:
    """Yield what a film consists of, parents before their children."""
    walk = {Container.ISO_BMFF: _boxes, Container.AVI: _chunks, Container.ASF: _objects}
    yield from walk[container](film, 0, len(film), 0)


def _boxes(film: bytes, at: int, end: int, depth: int) -> Iterator[Piece]:
    while at + 8 <= end and depth < _DEEPEST:
        size, kind = struct.unpack_from(">I4s", film, at)
        stop = end if size == 0 else at + size
        if size in range(1, 8) or stop > end:
            return
        yield Piece(kind, at, at + 8, stop, at, ">I")
        if kind in _ISO_PARENTS:
            yield from _boxes(film, at + 8, stop, depth + 1)
        at = stop


def _chunks(film: bytes, at: int, end: int, depth: int) -> Iterator[Piece]:
    while at + 8 <= end and depth < _DEEPEST:
        kind, size = struct.unpack_from("<4sI", film, at)
        stop = at + 8 + size + size % 2
        if stop > end:
            return
        yield Piece(kind, at, at + 8, stop, at + 4, "<I")
        if kind in {b"RIFF", b"LIST"}:
            yield from _chunks(film, at + 12, stop, depth + 1)
        at = stop


def _objects(film: bytes, at: int, end: int, depth: int) -> Iterator[Piece]:
    while at + 24 <= end and depth < _DEEPEST:
        guid, size = struct.unpack_from("<16sQ", film, at)
        if size < 24 or at + size > end:
            return
        yield Piece(guid, at, at + 24, at + size, at + 16, "<Q")
        if guid == _ASF_HEADER_GUID:
            yield from _objects(film, at + _ASF_HEADER_BYTES, at + size, depth + 1)
        at += size


Damage = Callable[[bytes, list[Piece], Random], bytes]


def bits_flipped(film: bytes, _pieces: list[Piece], random: Random) -> bytes:
    data = bytearray(film)
    for _ in range(random.choice((1, 3, 20)) if data else 0):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


def head_bits_flipped(film: bytes, pieces: list[Piece], random: Random) -> bytes:
    """Flip bits where they tell most: within a small piece."""
    small = [piece for piece in pieces if 0 < piece.end - piece.body < 1000]
    data = bytearray(film)
    for _ in range(random.choice((1, 2, 6)) if small else 0):
        piece = random.choice(small)
        data[random.randrange(piece.start, piece.end)] ^= 1 << random.randrange(8)
    return bytes(data)


def run_overwritten(film: bytes, _pieces: list[Piece], random: Random) -> bytes:
    at = random.randrange(len(film) + 1)
    length = min(random.choice((4, 40, 400, 4000)), len(film) - at)
    fill = random.choice((bytes(length), b"\xff" * length, random.randbytes(length)))
    return film[:at] + fill + film[at + length :]


def size_extreme(film: bytes, pieces: list[Piece], random: Random) -> bytes:
    if not pieces:
        return film
    piece, data = random.choice(pieces), bytearray(film)
    size = random.choice((*EXTREMES, piece.end - piece.start - 1, piece.end - piece.start + 1))
    struct.pack_into(piece.size_format, data, piece.size_at, size)
    return bytes(data)


def number_extreme(film: bytes, pieces: list[Piece], random: Random) -> bytes:
    """Set numbers of one header: a timescale, a length, a count, a width."""
    headers = [piece for piece in pieces if piece.kind not in _SAMPLES and _numbers(piece)]
    data = bytearray(film)
    for _ in range(random.choice((1, 1, 2)) if headers else 0):
        piece = random.choice(headers)
        at = piece.body + 4 * random.randrange(_numbers(piece))
        struct.pack_into(piece.size_format[0] + "I", data, at, random.choice(EXTREMES))
    return bytes(data)


def _numbers(piece: Piece) -> int:
    return min(64, (piece.end - piece.body) // 4)


def piece_cut_out(film: bytes, pieces: list[Piece], random: Random) -> bytes:
    if not pieces:
        return film
    piece = random.choice(pieces)
    return film[: piece.start] + film[piece.end :]


def piece_doubled(film: bytes, pieces: list[Piece], random: Random) -> bytes:
    if not pieces:
        return film
    piece = random.choice(pieces)
    return film[: piece.end] + film[piece.start : piece.end] + film[piece.end :]


def pieces_swapped(film: bytes, pieces: list[Piece], random: Random) -> bytes:
    if not pieces:
        return film
    first, second = sorted(random.choices(pieces, k=2), key=lambda piece: piece.start)
    if first.end > second.start:
        return film
    between = film[first.end : second.start]
    front, back = film[first.start : first.end], film[second.start : second.end]
    return film[: first.start] + back + between + front + film[second.end :]


def truncated(film: bytes, _pieces: list[Piece], random: Random) -> bytes:
    return film[: random.randrange(len(film))] if film else film


def garbage_appended(film: bytes, _pieces: list[Piece], random: Random) -> bytes:
    length = random.choice((16, 1000, 50_000))
    return film + random.choice((random.randbytes(length), bytes(length), b"\xff" * length))


DAMAGES: Final[tuple[Damage, ...]] = (
    bits_flipped,
    head_bits_flipped,
    run_overwritten,
    size_extreme,
    number_extreme,
    number_extreme,
    piece_cut_out,
    piece_doubled,
    pieces_swapped,
    truncated,
    garbage_appended,
)
