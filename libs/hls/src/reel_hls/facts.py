"""What was measured of segments: the truth that playlists are held against."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a track carries."""

    VIDEO = "video"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A picture decodable alone, presented at `at_s`.

    Bytes `start` to `end` (exclusive) of the file show it: its fragment's header and itself in
    fMP4, its packets in MPEG-TS. `start` is None when no range shows it without other pictures.
    """

    at_s: float
    start: int | None
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFacts:
    """One track within one segment; times are seconds of presentation.

    `codec` is the RFC 6381 string, or only its first part where the rest is not known. `size` is
    in pixels. `starts_with_idr` is what the first picture's own bytes say; sound always does.
    """

    kind: Kind
    codec: str
    start_s: float
    end_s: float
    frames: int
    starts_with_idr: bool = True
    keyframes: tuple[Keyframe, ...] = ()
    size: tuple[int, int] | None = None

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """A media segment: `size_bytes` is what a player transfers, `read_bytes` what we did."""

    uri: str
    size_bytes: int
    tracks: tuple[TrackFacts, ...]
    read_bytes: int = 0

    def track(self, kind: Kind) -> TrackFacts | None:
        """Return the first track of a kind."""
        return next((track for track in self.tracks if track.kind is kind), None)

    @property
    def leading(self) -> TrackFacts | None:
        """The track that EXTINF follows: the picture, or the sound where there is none."""
        return self.track(Kind.VIDEO) or self.track(Kind.AUDIO)
