"""A fetcher over files in memory, and builders of what the HLS checks look at."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from reel_hls.facts import Keyframe, Kind, SegmentFacts, TrackFacts
from reel_hls.fetching import NotThere, Piece
from reel_hls.playlists import MasterPlaylist, MediaPlaylist, Segment, Variant
from reel_hls.presentation import Presentation, Rendition

SEGMENT_S: Final = 6.0
SEGMENT_BYTES: Final = 600_000
FRAME_RATE: Final = 30.0
SIZE: Final = (1280, 720)
CODECS: Final = ("avc1.64001f", "mp4a.40.2")


class MemoryFiles:
    """Files by URI; remembers the ranges it was asked for."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.reads: list[tuple[str, int, int]] = []

    async def read(self, uri: str, start: int, length: int) -> Piece:
        self.reads.append((uri, start, length))
        if uri not in self.files:
            raise NotThere(f"{uri} is not there")
        data = self.files[uri]
        return Piece(data[start : start + length], len(data))


def picture(start_s: float = 0.0, duration_s: float = SEGMENT_S) -> TrackFacts:
    """Return 720p at 30 frames/s with a keyframe every 2 s."""
    return TrackFacts(
        kind=Kind.VIDEO,
        codec=CODECS[0],
        start_s=start_s,
        end_s=start_s + duration_s,
        frames=round(duration_s * FRAME_RATE),
        keyframes=tuple(
            Keyframe(start_s + at, 100 if at == 0 else None, 9_100)
            for at in range(0, int(duration_s), 2)
        ),
        size=SIZE,
    )


def sound(start_s: float = 0.0, duration_s: float = SEGMENT_S) -> TrackFacts:
    """Return AAC that begins and ends with the picture."""
    return TrackFacts(
        kind=Kind.AUDIO,
        codec=CODECS[1],
        start_s=start_s,
        end_s=start_s + duration_s,
        frames=round(duration_s * 48_000 / 1024),
    )


def rendition(
    uri: str = "720p.m3u8", *tracks: Sequence[TrackFacts], extinf_s: float = SEGMENT_S
) -> Rendition:
    """Return a rendition with one segment for each group of tracks; two good ones by default."""
    groups = tracks or ((picture(), sound()), (picture(SEGMENT_S), sound(SEGMENT_S)))
    names = [f"{uri}-{number}.m4s" for number in range(len(groups))]
    return Rendition(
        MediaPlaylist(
            uri=uri,
            segments=tuple(Segment(uri=name, extinf_s=extinf_s) for name in names),
            target_s=SEGMENT_S,
            ended=True,
            independent=True,
        ),
        tuple(
            SegmentFacts(name, SEGMENT_BYTES, tuple(group))
            for name, group in zip(names, groups, strict=True)
        ),
    )


def variant(uri: str = "720p.m3u8") -> Variant:
    """Return what is true of `rendition()`."""
    return Variant(
        uri=uri,
        bandwidth=round(8 * SEGMENT_BYTES / SEGMENT_S),
        average_bandwidth=round(8 * SEGMENT_BYTES / SEGMENT_S),
        codecs=frozenset(CODECS),
        resolution=SIZE,
        frame_rate=FRAME_RATE,
    )


def presentation(*renditions: Rendition, declared: Mapping[str, Any] | None = None) -> Presentation:
    """Return a master with one variant a rendition, each with the same `declared` changes."""
    return Presentation(
        master=MasterPlaylist(
            uri="master.m3u8",
            variants=tuple(
                replace(variant(one.playlist.uri), **(declared or {})) for one in renditions
            ),
        ),
        renditions={one.playlist.uri: one for one in renditions},
    )
