"""What AVI and ASF headers say about the length of their file, to tell a cut one before decoding.

AVI is a row of RIFF chunks: one, or several in OpenDML files beyond 1 GiB. ASF has one data object.

Sources: Microsoft's RIFF and AVI references (OpenDML 1.02); the Advanced Systems Format
specification, revision 01.20.
"""

import struct
from typing import Final

from reel_kernel.media import Container
from transcode_service.domain.media_errors import Rejection, SourceRejected

DEMUXERS: Final = {Container.ISO_BMFF: "mov", Container.AVI: "avi", Container.ASF: "asf"}
"""The one FFmpeg demuxer that may read each family; nothing is probed."""

_RIFF_HEADER: Final = struct.Struct("<4sI")
RIFF_HEADER_BYTES: Final = _RIFF_HEADER.size
_RIFF_SLACK_BYTES: Final = 8
"""Some cameras count the RIFF header into its own size."""
_ASF_OBJECT: Final = struct.Struct("<16sQ")
_ASF_DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")


def riff_chunk_end(header: bytes, start: int) -> int | None:
    """Return where the RIFF chunk whose header lies at `start` ends; None if there is none.

    Lengths that recorders leave at zero (live, unfinished) say nothing: None.
    """
    if len(header) < RIFF_HEADER_BYTES:
        return None
    kind, size = _RIFF_HEADER.unpack_from(header)
    return start + RIFF_HEADER_BYTES + size + size % 2 if kind == b"RIFF" and size else None


def check_riff_end(end: int, file_bytes: int) -> None:
    """Refuse a file that ends before a chunk of it. Raises SourceRejected: SOURCE_TRUNCATED."""
    _check_end(end - _RIFF_SLACK_BYTES, file_bytes)


def check_asf_end(head: bytes, file_bytes: int) -> None:
    """Refuse a file that ends before its data. Raises SourceRejected: SOURCE_TRUNCATED."""
    _check_end(_asf_end(head), file_bytes)


def _check_end(end: int, file_bytes: int) -> None:
    if end > file_bytes:
        detail = f"the headers name {end} bytes, the file has {file_bytes}"
        raise SourceRejected(Rejection.SOURCE_TRUNCATED, detail)


def _asf_end(head: bytes) -> int:
    """Return where the data object ends, 0 if it lies beyond `head` or has no length."""
    if len(head) < _ASF_OBJECT.size:
        return _ASF_OBJECT.size
    _, header_bytes = _ASF_OBJECT.unpack_from(head)
    if header_bytes + _ASF_OBJECT.size > len(head):
        return 0
    guid, data_bytes = _ASF_OBJECT.unpack_from(head, header_bytes)
    return header_bytes + data_bytes if guid == _ASF_DATA else 0
