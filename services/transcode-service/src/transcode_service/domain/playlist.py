"""HLS playlists (RFC 8216) as text: what FFmpeg wrote of a rendition, what we write of all."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from transcode_service.domain import layout
from transcode_service.domain.i_frames import IFrameTrack
from transcode_service.domain.ladder import Rung
from transcode_service.domain.packaging import Packaging

AAC_LC: Final = "mp4a.40.2"
_EXTINF: Final = re.compile(r"^#EXTINF:([0-9.]+)", re.MULTILINE)
_TARGET: Final = re.compile(r"^(#EXT-X-TARGETDURATION:)([0-9]+)", re.MULTILINE)


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
    """A published rendition as the master playlist announces it; rates are measured, in bit/s.

    `codecs` are RFC 6381 strings, the picture's first.
    """

    rung: Rung
    frame_rate: Fraction
    codecs: tuple[str, ...]
    peak_bandwidth: int
    average_bandwidth: int
    i_frames: IFrameTrack


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


def with_rounded_target(text: str) -> str:
    """Return FFmpeg's playlist with a target duration that no segment exceeds when rounded.

    FFmpeg may round half a second down, 0.5 to 0 and 4.5 to 4; RFC 8216 (4.3.3.1) means 1 and 5.
    Players get at least a second.
    """
    longest_s = max(map(float, _EXTINF.findall(text)), default=0.0)
    least_s = max(1, int(longest_s + 0.5))
    return _TARGET.sub(lambda stated: f"{stated[1]}{max(least_s, int(stated[2]))}", text)


def master_playlist(variants: Sequence[Variant], packaging: Packaging) -> str:
    """Return the multivariant playlist, its variants in the given order, their I-frames after."""
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{packaging.version}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for variant in variants:
        lines += [_stream_inf(variant), layout.playlist(variant.rung.label)]
    lines += [_i_frame_stream_inf(variant) for variant in variants]
    return "\n".join(lines) + "\n"


def _stream_inf(variant: Variant) -> str:
    return "#EXT-X-STREAM-INF:" + _attributes(
        {
            "BANDWIDTH": variant.peak_bandwidth,
            "AVERAGE-BANDWIDTH": variant.average_bandwidth,
            "CODECS": f'"{",".join(variant.codecs)}"',
            "RESOLUTION": f"{variant.rung.width}x{variant.rung.height}",
            "FRAME-RATE": f"{float(variant.frame_rate):.3f}",
        }
    )


def _i_frame_stream_inf(variant: Variant) -> str:
    return "#EXT-X-I-FRAME-STREAM-INF:" + _attributes(
        {
            "BANDWIDTH": variant.i_frames.peak_bandwidth,
            "AVERAGE-BANDWIDTH": variant.i_frames.average_bandwidth,
            "CODECS": f'"{variant.codecs[0]}"',
            "RESOLUTION": f"{variant.rung.width}x{variant.rung.height}",
            "URI": f'"{layout.i_frames(variant.rung.label)}"',
        }
    )


def _attributes(attributes: Mapping[str, object]) -> str:
    return ",".join(f"{name}={value}" for name, value in attributes.items())
