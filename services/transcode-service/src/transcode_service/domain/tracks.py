"""What the index of an ISO-BMFF film says of its tracks that a demuxer keeps to itself."""

from dataclasses import dataclass
from typing import Final

from reel_hls.isobmff import (
    LARGE_HEADER_BYTES,
    Box,
    MalformedBox,
    children,
    descendants,
    find,
    read_box,
)

MAX_TRACKS: Final = 64
_ENTRIES: Final = (b"mdia", b"minf", b"stbl", b"stsd")
_FIRST_ENTRY: Final = 8
_VISUAL_SAMPLE_ENTRY_BYTES: Final = 78
_DOLBY_VISION: Final = frozenset({b"dvcC", b"dvvC", b"dvwC"})
_DOLBY_VISION_BYTES: Final = 5


@dataclass(frozen=True, slots=True)
class DolbyVision:
    """A Dolby Vision configuration record: `compatibility` 0 means no base layer to be seen alone.

    Others name what the base layer is by itself: 1 HDR10, 2 SDR, 4 HLG, 6 HDR10 of a Blu-ray.
    """

    profile: int
    compatibility: int

    @property
    def stands_alone(self) -> bool:
        """Whether a player that knows nothing of Dolby Vision shows the right colours."""
        return self.compatibility != 0


@dataclass(frozen=True, slots=True)
class Track:
    """The four letters of a track's sample entry, and its Dolby Vision record if it has one."""

    codec: str
    dolby_vision: DolbyVision | None = None


def read_tracks(moov: bytes) -> tuple[Track, ...]:
    """Return the film's tracks in order, which is that of the demuxer's stream indexes.

    Raises:
        MalformedBox: the index is no index.
    """
    root = read_box(moov[:LARGE_HEADER_BYTES], 0, len(moov))
    tracks = list(descendants(moov, root, (b"trak",)))[:MAX_TRACKS]
    return tuple(_track(moov, track) for track in tracks)


def _track(moov: bytes, trak: Box) -> Track:
    stsd = find(moov, trak, *_ENTRIES)
    if stsd is None or stsd.body + _FIRST_ENTRY >= stsd.end:
        return Track("none")
    start = stsd.body + _FIRST_ENTRY
    entry = read_box(moov[start : start + LARGE_HEADER_BYTES], start, stsd.end)
    codec = entry.kind.decode("ascii", errors="replace").strip()
    return Track(codec, _dolby_vision(moov, entry))


def _dolby_vision(moov: bytes, entry: Box) -> DolbyVision | None:
    """Look behind the fixed fields of a picture's sample entry; a sound's has no such box there."""
    inside = Box(entry.kind, entry.body + _VISUAL_SAMPLE_ENTRY_BYTES, entry.end, 0)
    try:
        boxes = [box for box in children(moov, inside) if box.kind in _DOLBY_VISION]
    except MalformedBox:
        return None
    if not boxes or boxes[0].end - boxes[0].body < _DOLBY_VISION_BYTES:
        return None
    record = moov[boxes[0].body : boxes[0].body + _DOLBY_VISION_BYTES]
    return DolbyVision(profile=record[2] >> 1, compatibility=record[4] >> 4)
