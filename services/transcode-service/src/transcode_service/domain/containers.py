"""What the three families of containers say of the length of their files, to tell a cut one.

Each is a row of pieces: boxes in ISO-BMFF; RIFF chunks in AVI, one, or several in OpenDML files
beyond 1 GiB; a header, a data and some index objects in ASF.

Sources: ISO/IEC 14496-12; Microsoft's RIFF and AVI references (OpenDML 1.02); the Advanced Systems
Format specification, revision 01.20.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reel_hls.isobmff import LARGE_HEADER_BYTES, MalformedBox, is_kind, read_box
from reel_kernel.media import Container
from transcode_service.domain.media_errors import Rejection, SourceRejected

DEMUXERS: Final = {Container.ISO_BMFF: "mov", Container.AVI: "avi", Container.ASF: "asf"}
"""The one FFmpeg demuxer that may read each family; nothing is probed."""

_RIFF: Final = struct.Struct("<4sI")
_FORM_BYTES: Final = 4
"""A RIFF or LIST chunk begins with the four letters of its kind of content."""
_RIFF_SLACK_BYTES: Final = 8
"""Some cameras count the RIFF header into its own size; and what is shorter is padding."""
_ASF_OBJECT: Final = struct.Struct("<16sQ")
_ASF_DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_PLAUSIBLE_BYTES: Final = 1 << 40
"""What is larger is no size of anything in a file that we take."""


class NoPiece(ValueError):
    """The bytes are no header of a box, chunk or object."""


@dataclass(frozen=True, slots=True)
class Row:
    """How to read a row of pieces: `end` takes a header, its place and the file's size.

    It returns where the piece ends, or None when that is left open to the end of the file. Up to
    `slack_bytes` may be missing from the last piece or left over behind it.
    """

    header_bytes: int
    slack_bytes: int
    end: Callable[[bytes, int, int], int | None]


def check_piece_end(end: int, file_bytes: int) -> None:
    """Refuse a file that ends before a piece of it. Raises SourceRejected: SOURCE_TRUNCATED."""
    if end > file_bytes:
        detail = f"the headers name {end} bytes, the file has {file_bytes}"
        raise SourceRejected(Rejection.SOURCE_TRUNCATED, detail)


def _box_end(header: bytes, start: int, file_bytes: int) -> int:
    try:
        box = read_box(header, start, file_bytes)
    except MalformedBox as error:
        raise NoPiece(str(error)) from error
    if not is_kind(box.kind) or box.size > _PLAUSIBLE_BYTES:
        raise NoPiece(f"no box at {start}")
    return box.end


def _chunk_end(header: bytes, start: int, _file_bytes: int) -> int | None:
    """Leave open what recorders leave at zero (live, unfinished): `ChunkScan` follows it."""
    if len(header) < _RIFF.size or not is_kind(header[:4]):
        raise NoPiece(f"no chunk at {start}")
    kind, size = _RIFF.unpack_from(header)
    return None if kind == b"RIFF" and not size else start + _RIFF.size + size + size % 2


def _object_end(header: bytes, start: int, _file_bytes: int) -> int | None:
    """Leave open the data of a broadcast, which has no size."""
    if len(header) < _ASF_OBJECT.size:
        if start == 0 or header == _ASF_DATA[: len(header)]:
            return start + _ASF_OBJECT.size
        raise NoPiece(f"no object at {start}")
    guid, size = _ASF_OBJECT.unpack_from(header)
    if guid == _ASF_DATA and not size:
        return None
    if not _ASF_OBJECT.size <= size <= _PLAUSIBLE_BYTES:
        raise NoPiece(f"no object at {start}")
    return start + size


ROWS: Final = {
    Container.ISO_BMFF: Row(LARGE_HEADER_BYTES, 7, _box_end),
    Container.AVI: Row(_RIFF.size, _RIFF_SLACK_BYTES, _chunk_end),
    Container.ASF: Row(_ASF_OBJECT.size, 0, _object_end),
}


class ChunkScan:
    """Follows the chunks of an AVI whose sizes were left at zero, as its stream passes by.

    After the last byte, `complete` tells whether the stream ended where its last chunk does.
    """

    def __init__(self) -> None:
        self._left = 0
        self._header = b""
        self._broken = False

    def feed(self, data: bytes) -> None:
        offset = 0
        while offset < len(data) and not self._broken:
            skipped = min(self._left, len(data) - offset)
            self._left -= skipped
            offset += skipped
            wanted = 0 if self._left else _RIFF.size - len(self._header)
            self._header += data[offset : offset + wanted]
            offset = min(len(data), offset + wanted)
            if len(self._header) == _RIFF.size:
                self._enter()

    def _enter(self) -> None:
        kind, size = _RIFF.unpack(self._header)
        is_open = kind in {b"RIFF", b"LIST"} and not size
        self._left = _FORM_BYTES if is_open else size + size % 2
        self._header = b""
        self._broken = not is_kind(kind)

    @property
    def complete(self) -> bool:
        """True when every chunk that began has ended; the last one's padding may be missing."""
        return self._left <= 1 and not (self._header or self._broken)
