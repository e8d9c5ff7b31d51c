"""HLS playlists as a player understands them (RFC 8216), in our own types."""

from typing import Any

import m3u8
import msgspec

from reel_stack.errors import StackError


class PlaybackFailed(StackError):
    """The stream is not what a player needs; says what and where."""


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One rung of the ladder: `bandwidth` is the declared peak in bit/s; size in pixels."""

    uri: str
    bandwidth: int
    width: int
    height: int
    codecs: str

    @property
    def label(self) -> str:
        """The rung's folder, such as `1080p`."""
        return self.uri.rpartition("/")[0].rpartition("/")[2] or self.uri


class MediaPlaylist(msgspec.Struct, frozen=True, kw_only=True):
    """URIs relative to the playlist, in playing order; `init` is None for MPEG-TS."""

    init: str | None
    segments: tuple[str, ...]
    durations_s: tuple[float, ...]
    target_s: float


class _StreamInfo(msgspec.Struct):
    bandwidth: int
    resolution: str = "0x0"
    codecs: str = ""


class _Playlist(msgspec.Struct):
    uri: str
    stream_info: _StreamInfo


class _Init(msgspec.Struct):
    uri: str


class _Segment(msgspec.Struct):
    uri: str
    duration: float
    init_section: _Init | None = None


class _Parsed(msgspec.Struct):
    is_variant: bool
    is_endlist: bool
    playlists: list[_Playlist]
    segments: list[_Segment]
    targetduration: float = 0.0


def master(text: str) -> tuple[Variant, ...]:
    """Read a master playlist. Raises PlaybackFailed when it names no rendition."""
    parsed = _parse(text)
    if not parsed.is_variant or not parsed.playlists:
        raise PlaybackFailed("the master playlist names no rendition")
    return tuple(_variant(playlist) for playlist in parsed.playlists)


def media(text: str) -> MediaPlaylist:
    """Read a rendition's playlist. Raises PlaybackFailed when it is empty or not ended."""
    parsed = _parse(text)
    if not parsed.segments or not parsed.is_endlist:
        raise PlaybackFailed("a rendition's playlist is empty, or does not say that it ends")
    inits = {
        segment.init_section.uri if segment.init_section else None for segment in parsed.segments
    }
    if len(inits) != 1:
        raise PlaybackFailed("a rendition's segments do not share one initialisation section")
    return MediaPlaylist(
        init=inits.pop(),
        segments=tuple(segment.uri for segment in parsed.segments),
        durations_s=tuple(segment.duration for segment in parsed.segments),
        target_s=parsed.targetduration,
    )


def _variant(playlist: _Playlist) -> Variant:
    info = playlist.stream_info
    width, _, height = info.resolution.partition("x")
    return Variant(
        uri=playlist.uri,
        bandwidth=info.bandwidth,
        width=int(width),
        height=int(height),
        codecs=info.codecs,
    )


def _parse(text: str) -> _Parsed:
    document: dict[str, Any] = m3u8.parse(text, strict=True)
    return msgspec.convert(document, type=_Parsed)
