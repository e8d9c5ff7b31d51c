"""The bytes that are uploaded: one tiny film, and what pretends to be one."""

import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reel_stack import ffmpeg

MIB: Final = 1024 * 1024
PART_BYTES: Final = 5 * MIB
ISO_TYPES: Final = frozenset({"video/mp4", "video/quicktime", "video/3gpp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """`family`: the types that its bytes may be declared as; `verdicts`: what a worker may say."""

    name: str
    data: bytes
    family: frozenset[str]
    verdicts: tuple[str, ...]


def make() -> Mapping[str, Film]:
    """Write one film with FFmpeg and derive the others. Blocks; raises FfmpegFailed."""
    tiny = _encoded()
    padded = tiny + _free_box(PART_BYTES + 1000 - len(tiny))
    cut = tiny[: len(tiny) * 2 // 3]
    text = b"This is a shopping list, not a film.\n" * 100
    films = (
        Film(name="tiny", data=tiny, family=ISO_TYPES, verdicts=("READY",)),
        Film(name="padded", data=padded, family=ISO_TYPES, verdicts=("READY",)),
        Film(name="cut", data=cut, family=ISO_TYPES, verdicts=("FAILED",)),
        Film(name="text", data=text, family=frozenset(), verdicts=("FAILED",)),
    )
    return {film.name: film for film in films}


def _encoded() -> bytes:
    """Half a second of 64 × 64 pixels, its index at the end as a phone leaves it."""
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=10")
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    with tempfile.TemporaryDirectory(prefix="reel-model-") as folder:
        path = Path(folder) / "tiny.mp4"
        ffmpeg.run([*picture, "-t", "0.5", *coding, "-f", "mp4", str(path)])
        return path.read_bytes()


def _free_box(size_bytes: int) -> bytes:
    """Space that every reader skips (ISO 14496-12, 8.1.2)."""
    return struct.pack(">I4s", size_bytes, b"free") + bytes(size_bytes - 8)
