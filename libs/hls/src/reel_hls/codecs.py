"""RFC 6381 codec strings from sample entries (ISO/IEC 14496-12, -14, -15)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reel_hls.facts import Kind
from reel_hls.isobmff import Box, MalformedBox, descendants, find, read_box

_VISUAL: Final = frozenset({b"avc1", b"avc3", b"hvc1", b"hev1", b"dvh1", b"dvhe", b"av01", b"vp09"})
_AUDIO: Final = frozenset({b"mp4a", b"ac-3", b"ec-3", b"alac", b"fLaC", b"Opus"})
_VISUAL_BYTES: Final = 78
_AUDIO_BYTES: Final = 28
_ES_HEADER_BYTES: Final = 3
_DECODER_CONFIG: Final = 4
_DECODER_SPECIFIC: Final = 5
_STSD: Final = (b"mdia", b"minf", b"stbl", b"stsd")


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """What a track is made of; `nal_length_bytes` is the width of H.264's and HEVC's lengths."""

    kind: Kind
    codec: str
    size: tuple[int, int] | None = None
    nal_length_bytes: int | None = None


def sample_entries(data: bytes, trak: Box) -> Iterator[SampleEntry]:
    """Yield the sample entries of a track that are picture or sound.

    Raises:
        MalformedBox: a box is cut off.
    """
    for stsd in descendants(data, trak, _STSD):
        inside = Box(stsd.kind, stsd.start, stsd.end, stsd.header_bytes + 8)
        entry = read_box(data[inside.body : inside.body + 16], inside.body, inside.end)
        if entry.kind in _VISUAL:
            yield _visual(data, entry)
        elif entry.kind in _AUDIO:
            yield SampleEntry(Kind.AUDIO, _audio_codec(data, entry))


def _visual(data: bytes, entry: Box) -> SampleEntry:
    size = (_u16(data, entry.body + 24), _u16(data, entry.body + 26))
    inside = Box(b"", entry.body + _VISUAL_BYTES, entry.end, 0)
    name = entry.kind.decode("ascii")
    if avcc := find(data, inside, b"avcC"):
        body = data[avcc.body : avcc.body + 5].ljust(5, b"\0")
        return SampleEntry(Kind.VIDEO, f"{name}.{body[1:4].hex()}", size, (body[4] & 3) + 1)
    if hvcc := find(data, inside, b"hvcC"):
        body = data[hvcc.body : hvcc.body + 22].ljust(22, b"\0")
        return SampleEntry(Kind.VIDEO, f"{name}.{_hevc(body)}", size, (body[21] & 3) + 1)
    return SampleEntry(Kind.VIDEO, name, size)


def _hevc(body: bytes) -> str:
    """ISO/IEC 14496-15, annex E.3."""
    space = ("", "A", "B", "C")[body[1] >> 6]
    compatibility = int(f"{int.from_bytes(body[2:6], 'big'):032b}"[::-1], 2)
    tier = "H" if body[1] & 0x20 else "L"
    constraints = [f"{byte:X}" for byte in body[6:12].rstrip(b"\0")]
    profile = f"{space}{body[1] & 0x1F}"
    return ".".join([profile, f"{compatibility:X}", f"{tier}{body[12]}", *constraints])


def _audio_codec(data: bytes, entry: Box) -> str:
    name = entry.kind.decode("ascii")
    esds = find(data, Box(b"", entry.body + _AUDIO_BYTES, entry.end, 0), b"esds")
    if esds is None:
        return name
    return f"{name}.{_object_type(data[esds.body + 4 : esds.end])}"


def _object_type(descriptors: bytes) -> str:
    """ISO/IEC 14496-1, 7.2.6: the object type, and for MPEG-4 audio its own."""
    _, body = _descriptor(descriptors)
    if len(body) < _ES_HEADER_BYTES:
        raise MalformedBox("the sound's descriptor is cut off")
    skipped = _ES_HEADER_BYTES + 2 * bool(body[2] & 0x80) + 2 * bool(body[2] & 0x20)
    tag, config = _descriptor(body[skipped:])
    if tag != _DECODER_CONFIG or not config:
        raise MalformedBox("the sound has no decoder configuration")
    tag, specific = _descriptor(config[13:])
    if tag != _DECODER_SPECIFIC or not specific:
        return f"{config[0]:x}"
    return f"{config[0]:x}.{specific[0] >> 3}"


def _descriptor(data: bytes) -> tuple[int, bytes]:
    """Return tag and payload of the first descriptor; its size has seven bits a byte."""
    size, position = 0, 1
    while position < len(data):
        size = size << 7 | data[position] & 0x7F
        position += 1
        if not data[position - 1] & 0x80:
            break
    return data[0] if data else 0, data[position : position + size]


def _u16(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 2], "big")
