"""What goes into a transcode and what comes out of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from reel_hls.findings import Report


class Phase(StrEnum):
    """What a transcode is doing; in this order."""

    READING = "READING"
    ENCODING = "ENCODING"
    PUBLISHING = "PUBLISHING"
    VERIFYING = "VERIFYING"


AssetType = Literal["HLS_MASTER", "HLS_RENDITION", "THUMBNAIL"]


@dataclass(frozen=True, slots=True)
class SourceRef:
    """A source object: its key in the bucket, and the size and MIME type it was admitted with."""

    key: str
    size_bytes: int
    mime: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedAsset:
    """One object of the result (spec 1.2).

    `bandwidth` is the measured peak in bit/s; `width` and `height` are pixels as displayed.
    """

    type: AssetType
    file_key: str
    quality: str | None = None
    bandwidth: int | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    container: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeResult:
    """A verified HLS presentation, every object of which is in the store.

    `width` and `height` are the source's as displayed (rotated, square pixels); `duration_s` is
    that of the published playlists. `bytes_in` went into FFmpeg, `bytes_out` into the store.
    `prepare_s` is the time until FFmpeg was started, `encode_s` FFmpeg's own wall time,
    `publish_s` what was left to do after it ended, the proof included. `verdict` is that proof.
    `left_out` says of each rendition that was made and is not offered, why.
    """

    duration_s: float
    width: int
    height: int
    assets: tuple[PublishedAsset, ...]
    bytes_in: int
    bytes_out: int
    prepare_s: float
    encode_s: float
    publish_s: float
    verdict: Report
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase is: `fraction` of it (0–1, None when the film's length is unknown).

    `encoded_s` is film time.
    """

    encoded_s: float
    fraction: float | None
    phase: Phase = Phase.ENCODING
