"""HLS playlists (RFC 8216) as text: what FFmpeg wrote of a rendition, what we write of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from reel_hls.codecs import sample_entries
from reel_hls.facts import Kind
from reel_hls.isobmff import Box, MalformedBox, descendants, find
from transcode_service.domain.ladder import Rung
from transcode_service.domain.layout import playlist

AAC_LC: Final = "mp4a.40.2"


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """A rendition's segments in order, as (file name, EXTINF in seconds)."""

    segments: tuple[tuple[str, float], ...]
    target_s: int

    @property
    def duration_s(self) -> float:
        return sum(duration_s for _, duration_s in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A published rendition as the master playlist announces it; rates are measured, in bit/s."""

    rung: Rung
    frame_rate: Fraction
    codecs: tuple[str, ...]
    peak_bandwidth: int
    average_bandwidth: int


def parse_media_playlist(text: str) -> MediaPlaylist:
    """Read the media playlist of a finished VOD rendition.

    Raises:
        ValueError: it is not finished, names no target duration, or a segment has no EXTINF.
    """
    segments: list[tuple[str, float]] = []
    target_s, duration_s, ended = 0, None, False
    for line in text.splitlines():
        if line.startswith("#EXT-X-TARGETDURATION:"):
            target_s = max(1, int(line.partition(":")[2]))  # FFmpeg rounds a short film's to 0
        elif line.startswith("#EXTINF:"):
            duration_s = float(line.partition(":")[2].partition(",")[0])
        elif line == "#EXT-X-ENDLIST":
            ended = True
        elif line and not line.startswith("#"):
            if duration_s is None:
                raise ValueError(f"{line} has no EXTINF")
            segments.append((line, duration_s))
            duration_s = None
    if not (ended and target_s and segments):
        raise ValueError("the media playlist is not finished")
    return MediaPlaylist(tuple(segments), target_s)


def avc_codec(init: bytes) -> str:
    """Return the RFC 6381 codec of an initialization section's H.264 track, e.g. `avc1.640028`.

    Raises:
        MalformedBox: the section has no H.264 track.
    """
    moov = find(init, Box(b"", 0, len(init), 0), b"moov")
    for trak in descendants(init, moov, (b"trak",)) if moov else ():
        for entry in sample_entries(init, trak):
            if entry.kind is Kind.VIDEO and entry.codec.startswith("avc1."):
                return entry.codec
    raise MalformedBox("the initialization section has no H.264 track")


def master_playlist(variants: Sequence[Variant]) -> str:
    """Return the multivariant playlist, its variants in the given order."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for variant in variants:
        lines += [_stream_inf(variant), playlist(variant.rung.label)]
    return "\n".join(lines) + "\n"


def _stream_inf(variant: Variant) -> str:
    attributes = {
        "BANDWIDTH": variant.peak_bandwidth,
        "AVERAGE-BANDWIDTH": variant.average_bandwidth,
        "CODECS": f'"{",".join(variant.codecs)}"',
        "RESOLUTION": f"{variant.rung.width}x{variant.rung.height}",
        "FRAME-RATE": f"{float(variant.frame_rate):.3f}",
    }
    return "#EXT-X-STREAM-INF:" + ",".join(f"{name}={value}" for name, value in attributes.items())
