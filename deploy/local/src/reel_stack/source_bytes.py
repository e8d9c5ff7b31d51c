"""Bytes that FFmpeg does not write for us: AMR frames, a display matrix, damage."""

import random
import struct
from pathlib import Path
from typing import Final

AMR_MAGIC: Final = b"#!AMR\n"
AMR_FRAME: Final = b"\x3c" + bytes(31)
"""One 20 ms frame of 12.2 kbit/s AMR-NB with all parameters zero (RFC 4867, section 5.3)."""

AMR_FRAMES_PER_S: Final = 50

KEPT_SHARE: Final = 0.6
_TEXT: Final = b"This is a shopping list and no film: bread, milk, twelve eggs.\n"

# ISO 14496-12, 8.3.2: offset of the matrix from the start of a `tkhd` box, by box version.
_MATRIX_OFFSET: Final = {0: 48, 1: 60}
_ONE: Final = 1 << 16
_W: Final = 1 << 30


def amr_silence(seconds: float) -> bytes:
    """Return an AMR-NB file: few FFmpeg builds have an encoder for it."""
    return AMR_MAGIC + AMR_FRAME * round(seconds * AMR_FRAMES_PER_S)


def rotate(path: Path, degrees: int, width: int, height: int) -> None:
    """Set the display matrix of the film's first visible track, as a phone held upright does.

    In place; `degrees` clockwise; options that set it exist only in newer FFmpeg.
    """
    data = bytearray(path.read_bytes())
    at = data.rfind(b"moov")
    while True:
        at = data.index(b"tkhd", at + 4)
        matrix = at - 4 + _MATRIX_OFFSET[data[at + 4]]
        if any(data[matrix + 36 : matrix + 44]):  # a sound track has no width and height
            break
    data[matrix : matrix + 36] = _matrix(degrees, width, height)
    path.write_bytes(data)


def _matrix(degrees: int, width: int, height: int) -> bytes:
    a, b, c, d, x, y = {
        0: (_ONE, 0, 0, _ONE, 0, 0),
        90: (0, _ONE, -_ONE, 0, height * _ONE, 0),
        180: (-_ONE, 0, 0, -_ONE, width * _ONE, height * _ONE),
        270: (0, -_ONE, _ONE, 0, 0, width * _ONE),
    }[degrees]
    return struct.pack(">9i", a, b, 0, c, d, 0, x, y, _W)


def truncated(data: bytes) -> bytes:
    """Return the beginning alone: the recording, or the copy, was cut off."""
    return data[: int(len(data) * KEPT_SHARE)]


def corrupt(data: bytes) -> bytes:
    """Return the file with the middle third of its samples overwritten by noise."""
    start, end = data.index(b"mdat") + 4, data.rfind(b"moov")
    third = (end - start) // 3
    noise = random.Random(1).randbytes(third)  # noqa: S311 - the same damage every time
    return data[: start + third] + noise + data[start + 2 * third :]


def text(data: bytes) -> bytes:
    """Return a text of the film's length."""
    return (_TEXT * (len(data) // len(_TEXT) + 1))[: len(data)]
