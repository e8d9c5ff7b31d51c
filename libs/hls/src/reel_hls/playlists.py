"""Playlists (RFC 8216) in our own types, with absolute URIs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin

import m3u8
import msgspec

MAX_SEGMENTS: Final = 20_000


class BadPlaylist(ValueError):
    """The text is no playlist."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `start` to `end` (exclusive) of a file."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One EXT-X-STREAM-INF or EXT-X-I-FRAME-STREAM-INF: what it declares; rates in bit/s."""

    uri: str
    bandwidth: int
    average_bandwidth: int | None = None
    codecs: frozenset[str] = frozenset()
    resolution: tuple[int, int] | None = None
    frame_rate: float | None = None
    audio: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioRendition:
    """One EXT-X-MEDIA of type AUDIO with a playlist of its own."""

    uri: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A media segment; `part` is None for a whole file, `init` None for MPEG-TS."""

    uri: str
    extinf_s: float
    part: ByteRange | None = None
    init: tuple[str, ByteRange | None] | None = None
    discontinuity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPlaylist:
    """Segments in their order."""

    uri: str
    segments: tuple[Segment, ...]
    target_s: float
    ended: bool
    independent: bool = False
    i_frames_only: bool = False
    encrypted: bool = False

    @property
    def duration_s(self) -> float:
        return sum(segment.extinf_s for segment in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterPlaylist:
    """Every way to play a presentation."""

    uri: str
    variants: tuple[Variant, ...]
    i_frames: tuple[Variant, ...] = ()
    audio: tuple[AudioRendition, ...] = ()
    independent: bool = False


class _Info(msgspec.Struct):
    bandwidth: int
    average_bandwidth: int | None = None
    codecs: str | None = None
    resolution: str | None = None
    frame_rate: float | None = None
    audio: str | None = None


class _Variant(msgspec.Struct):
    uri: str
    stream_info: _Info | None = None
    iframe_stream_info: _Info | None = None


class _Media(msgspec.Struct):
    type: str
    group_id: str
    uri: str | None = None


class _Init(msgspec.Struct):
    uri: str
    byterange: str | None = None


class _Key(msgspec.Struct):
    method: str = "NONE"


class _Segment(msgspec.Struct):
    uri: str
    duration: float
    byterange: str | None = None
    init_section: _Init | None = None
    discontinuity: bool = False


class _Parsed(msgspec.Struct):
    is_variant: bool
    is_endlist: bool
    playlists: list[_Variant]
    iframe_playlists: list[_Variant]
    media: list[_Media]
    segments: list[_Segment]
    keys: list[_Key | None]
    is_independent_segments: bool = False
    is_i_frames_only: bool = False
    targetduration: float = 0.0


def parse(text: str, uri: str) -> MasterPlaylist | MediaPlaylist:
    """Read a playlist found at `uri`.

    Raises:
        BadPlaylist: the text is none, or lacks what every playlist of its kind has.
    """
    if not text.startswith("#EXTM3U"):
        raise BadPlaylist("the first line is not #EXTM3U")
    try:
        document: dict[str, Any] = m3u8.parse(text)
        parsed = msgspec.convert(document, type=_Parsed, strict=False)
        return _master(parsed, uri) if parsed.is_variant else _media(parsed, uri)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise BadPlaylist(f"{type(error).__name__}: {error}") from error
    except Exception as error:
        # The library raises its own, untyped errors for lines that it can't take apart.
        if type(error).__module__.partition(".")[0] == "m3u8":
            raise BadPlaylist(str(error)) from error
        raise


def _master(parsed: _Parsed, uri: str) -> MasterPlaylist:
    return MasterPlaylist(
        uri=uri,
        variants=tuple(_variant(found, uri) for found in parsed.playlists),
        i_frames=tuple(_variant(found, uri) for found in parsed.iframe_playlists),
        audio=tuple(
            AudioRendition(uri=urljoin(uri, found.uri), group=found.group_id)
            for found in parsed.media
            if found.type == "AUDIO" and found.uri
        ),
        independent=parsed.is_independent_segments,
    )


def _variant(found: _Variant, base: str) -> Variant:
    info = found.stream_info or found.iframe_stream_info
    if info is None:
        raise BadPlaylist(f"{found.uri} has no attributes")
    width, _, height = (info.resolution or "").partition("x")
    return Variant(
        uri=urljoin(base, found.uri),
        bandwidth=info.bandwidth,
        average_bandwidth=info.average_bandwidth,
        codecs=frozenset(codec.strip() for codec in (info.codecs or "").split(",") if codec),
        resolution=(int(width), int(height)) if height else None,
        frame_rate=info.frame_rate,
        audio=info.audio,
    )


def _media(parsed: _Parsed, uri: str) -> MediaPlaylist:
    if not parsed.segments:
        raise BadPlaylist("it names no segment")
    if len(parsed.segments) > MAX_SEGMENTS:
        raise BadPlaylist(f"it names more than {MAX_SEGMENTS} segments")
    return MediaPlaylist(
        uri=uri,
        segments=tuple(_segments(parsed.segments, uri)),
        target_s=parsed.targetduration,
        ended=parsed.is_endlist,
        independent=parsed.is_independent_segments,
        i_frames_only=parsed.is_i_frames_only,
        encrypted=any(key and key.method != "NONE" for key in parsed.keys),
    )


def _segments(found: list[_Segment], base: str) -> Iterator[Segment]:
    """A range without an offset begins where the one before it ended."""
    position = 0
    for one in found:
        part = _part(one.byterange, position)
        position = part.end if part else 0
        init = one.init_section
        yield Segment(
            uri=urljoin(base, one.uri),
            extinf_s=one.duration,
            part=part,
            init=(urljoin(base, init.uri), _part(init.byterange, 0)) if init else None,
            discontinuity=one.discontinuity,
        )


def _part(text: str | None, default_start: int) -> ByteRange | None:
    if text is None:
        return None
    length, _, offset = text.partition("@")
    start = int(offset) if offset else default_start
    return ByteRange(start, start + int(length))
