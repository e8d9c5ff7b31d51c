"""What AVI and ASF headers say about the length of their file, to tell a cut one before decoding.

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
_RIFF_SLACK_BYTES: Final = 8
"""Some cameras count the RIFF header into its own size."""
_ASF_OBJECT: Final = struct.Struct("<16sQ")
_ASF_DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")


def check_whole(container: Container, head: bytes, file_bytes: int) -> None:
    """Refuse an AVI or ASF file that is shorter than its own headers say.

    Lengths that recorders leave at zero (live, unfinished) say nothing and pass.

    Raises:
        SourceRejected: SOURCE_TRUNCATED.
    """
    end = {Container.AVI: _avi_end, Container.ASF: _asf_end}[container](head)
    if end > file_bytes:
        detail = f"the headers name {end} bytes, the file has {file_bytes}"
        raise SourceRejected(Rejection.SOURCE_TRUNCATED, detail)


def _avi_end(head: bytes) -> int:
    """Return where the first RIFF chunk ends, less the slack; OpenDML has further ones after it."""
    _, size = _RIFF_HEADER.unpack_from(head)
    return _RIFF_HEADER.size + size - _RIFF_SLACK_BYTES


def _asf_end(head: bytes) -> int:
    """Return where the data object ends, 0 if it lies beyond `head` or has no length."""
    _, header_bytes = _ASF_OBJECT.unpack_from(head)
    if header_bytes + _ASF_OBJECT.size > len(head):
        return 0
    guid, data_bytes = _ASF_OBJECT.unpack_from(head, header_bytes)
    return header_bytes + data_bytes if guid == _ASF_DATA else 0
