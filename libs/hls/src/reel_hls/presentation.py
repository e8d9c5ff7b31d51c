"""A presentation as it was read: what the playlists say, next to what the segments are."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from reel_hls.facts import Kind, SegmentFacts, TrackFacts
from reel_hls.playlists import MasterPlaylist, MediaPlaylist


@dataclass(frozen=True, slots=True)
class Rendition:
    """A media playlist and its measured segments; None where one could not be measured."""

    playlist: MediaPlaylist
    segments: tuple[SegmentFacts | None, ...]

    def tracks(self, kind: Kind) -> Iterator[TrackFacts]:
        """Yield the facts of one kind of track, segment by segment."""
        for segment in self.segments:
            track = segment.track(kind) if segment else None
            if track:
                yield track

    @property
    def duration_s(self) -> float:
        """Measured length, of the picture if there is one."""
        leading = (segment.leading for segment in self.segments if segment)
        return sum(track.duration_s for track in leading if track)


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """Everything there is; `i_frames` are playlists of I-frames alone. Both are keyed by URI."""

    master: MasterPlaylist | None
    renditions: dict[str, Rendition]
    i_frames: dict[str, Rendition] = field(default_factory=dict[str, Rendition])
