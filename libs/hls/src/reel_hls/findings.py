"""What a check found: stable codes for programs, sentences for people."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An ERROR makes players fail or mislead them; a WARNING is a recommendation not followed."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """What is wrong; the values are relied upon and never change their meaning."""

    MISSING = "missing"
    BAD_PLAYLIST = "bad-playlist"
    UNKNOWN_TAG = "unknown-tag"
    MISPLACED_TAG = "misplaced-tag"
    REPEATED_TAG = "repeated-tag"
    VERSION_TOO_LOW = "version-too-low"
    NOT_ENDED = "not-ended"
    TARGET_DURATION = "target-duration"
    SEGMENT_BROKEN = "segment-broken"
    ENCRYPTED = "encrypted"
    EXTINF = "extinf"
    TIMELINE_GAP = "timeline-gap"
    TRACK_MISSING = "track-missing"
    DURATIONS_DIFFER = "durations-differ"
    NO_IDR = "no-idr"
    KEYFRAMES_MISALIGNED = "keyframes-misaligned"
    AV_START = "av-start"
    BANDWIDTH = "bandwidth"
    AVERAGE_BANDWIDTH = "average-bandwidth"
    CODECS = "codecs"
    RESOLUTION = "resolution"
    FRAME_RATE = "frame-rate"
    I_FRAME_RANGE = "i-frame-range"


@dataclass(frozen=True, slots=True)
class Finding:
    """`place` is the URI of the playlist or segment at fault."""

    code: Code
    severity: Severity
    place: str
    message: str


def error(code: Code, place: str, message: str) -> Finding:
    return Finding(code, Severity.ERROR, place, message)


def warning(code: Code, place: str, message: str) -> Finding:
    return Finding(code, Severity.WARNING, place, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The verdict on one presentation, with how much was looked at; `duration_s` as measured."""

    uri: str
    findings: tuple[Finding, ...]
    playlists: int
    segments: int
    bytes_read: int
    duration_s: float

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(found for found in self.findings if found.severity is Severity.ERROR)
