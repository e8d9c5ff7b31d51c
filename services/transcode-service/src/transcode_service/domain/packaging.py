"""Kinds of media segments: how FFmpeg is told to make them, and how playlists speak of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

PackagingName = Literal["fmp4", "ts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packaging:
    """A container of segments, as a setting of the service.

    `init` is the name of a rendition's initialization section, None where segments carry it
    themselves. `version` is the EXT-X-VERSION that FFmpeg gives media playlists of this kind, and
    which ours have as well. `muxer_options` are FFmpeg's.
    """

    name: PackagingName
    segment_suffix: str
    init: str | None
    version: int
    muxer_options: tuple[str, ...]

    @property
    def segment_pattern(self) -> str:
        """FFmpeg's pattern of segment names; they sort as they play."""
        return f"seg_%05d{self.segment_suffix}"

    @property
    def first_segment(self) -> str:
        return self.segment_pattern % 0


FMP4: Final = Packaging(
    name="fmp4",
    segment_suffix=".m4s",
    init="init.mp4",
    version=7,
    muxer_options=(
        *("-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4"),
        *("-hls_segment_options", "movflags=+frag_keyframe+skip_sidx"),
    ),
)
"""CMAF. A fragment begins at each keyframe, so that a byte range can show that keyframe alone."""

TS: Final = Packaging(
    name="ts",
    segment_suffix=".ts",
    init=None,
    version=6,
    muxer_options=("-hls_segment_type", "mpegts"),
)
"""MPEG-TS, for players older than fMP4 in HLS."""

PACKAGINGS: Final[Mapping[PackagingName, Packaging]] = {one.name: one for one in (FMP4, TS)}
