"""The films of the matrix that differ in where the file keeps what."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from reel_testing.boxes import box
from reel_testing.film_card import STEREO, Case, Patch
from reel_testing.relaid import (
    Cuts,
    Footage,
    Index,
    Piece,
    Samples,
    in_turns,
    lay_out,
    one_after_another,
    take_apart,
)

CHUNKS: Final = 8
BEHIND: Final = "streams: interleaved anew: %s lay {:.3f} s behind its %s"
Pieces = Callable[[Footage, Cuts], Sequence[Piece]]


def relaid(pieces: Pieces, *, chunks: int = CHUNKS) -> Patch:
    """Return what lays a film out anew, each track in this many chunks at most."""

    def patch(film: bytes) -> bytes:
        footage = take_apart(film)
        cuts = [_cut(len(samples), chunks) for samples in footage.tracks]
        return lay_out(footage, cuts, [footage.ftyp, *pieces(footage, cuts)])

    return patch


def _cut(samples: int, chunks: int) -> list[int]:
    ends = [samples * number // chunks for number in range(chunks + 1)]
    return [end - start for start, end in pairwise(ends) if end > start]


def _tracks_apart_index_last(_: Footage, cuts: Cuts) -> Sequence[Piece]:
    return [box(b"wide", b""), Samples(one_after_another(cuts)), Index()]


def _tracks_apart_index_first(_: Footage, cuts: Cuts) -> Sequence[Piece]:
    return [Index(), Samples(one_after_another(cuts))]


def _sound_first(_: Footage, cuts: Cuts) -> Sequence[Piece]:
    order = one_after_another(cuts)
    return [Samples([*order[len(cuts[0]) :], *order[: len(cuts[0])]]), Index()]


def _picture_backwards(_: Footage, cuts: Cuts) -> Sequence[Piece]:
    return [Samples([*reversed(in_turns(cuts))]), Index()]


def _large(_: Footage, cuts: Cuts) -> Sequence[Piece]:
    return [Samples(in_turns(cuts), large=True), Index(wide=True, large=True)]


def _boxes_anywhere(_: Footage, cuts: Cuts) -> Sequence[Piece]:
    order = in_turns(cuts)
    third = len(order) // 3
    return [
        box(b"uuid", bytes(40)),
        Samples(order[:third]),
        box(b"free", bytes(1000)),
        Samples(order[third : 2 * third], large=True),
        Index(),
        box(b"wide", b""),
        Samples(order[2 * third :], gap_bytes=100),
        box(b"skip", bytes(8)),
    ]


def _to_end(_: Footage, cuts: Cuts) -> Sequence[Piece]:
    return [Index(), box(b"free", b""), Samples(in_turns(cuts), to_end=True)]


one_chunk_a_track: Final = relaid(_tracks_apart_index_last, chunks=1)


def _apart(pieces: Pieces, why: str, *, chunks: int = CHUNKS, **changes: str) -> Case:
    """Return a film long enough for its tracks to lie too far from each other."""
    return Case(
        extension=changes.get("extension", "mp4"),
        seconds=4.0,
        sounds=((STEREO, 4.0),),
        sound=("-c:a", changes.get("sound", "aac")),
        patch=relaid(pieces, chunks=chunks),
        lasts_s=4.0,
        why=(why,),
    )


_SOUND_BEHIND: Final = BEHIND % ("sound", "picture")
_PICTURE_BEHIND: Final = BEHIND % ("picture", "sound")

LAYOUTS: Final[Mapping[str, Case]] = {
    "moov-first": Case(more=("-movflags", "+faststart")),
    "64-bit": Case(patch=relaid(_large)),
    "several-mdat": Case(extension="mov", patch=relaid(_boxes_anywhere)),
    "mdat-to-end": Case(patch=relaid(_to_end)),
    "badly-interleaved": _apart(_tracks_apart_index_last, _SOUND_BEHIND),
    "badly-interleaved-moov-first": _apart(_tracks_apart_index_first, _SOUND_BEHIND),
    "one-chunk-a-track": _apart(_sound_first, _PICTURE_BEHIND, chunks=1),
    "one-chunk-a-track-moov-first": _apart(
        _tracks_apart_index_first, _SOUND_BEHIND, chunks=1, extension="mov", sound="pcm_s16le"
    ),
    "chunks-backwards": Case(
        patch=relaid(_picture_backwards),
        why=("streams: interleaved anew: picture lay out of its own order",),
    ),
}
