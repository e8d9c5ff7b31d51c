"""Which source files Reel takes: types, sizes, and what a container's first bytes say.

Sources: product spec, "Constraints and Goals"; RIFF/AVI, ASF and ISO 14496-12 file signatures.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final
from uuid import UUID

from reel_kernel.errors import FieldError

MAX_SOURCE_BYTES: Final = 1_610_612_736
"""1.5 × 1024³, inclusive: the spec's own example sizes are binary."""

SNIFF_BYTES: Final = 4096
"""How much of a file's head `sniff_container` wants."""


class Container(StrEnum):
    """A family of file layouts; phones use the three ISO-BMFF types interchangeably."""

    ISO_BMFF = "iso-bmff"
    AVI = "avi"
    ASF = "asf"


MIMES: Final[Mapping[str, tuple[str, Container]]] = {
    "video/quicktime": ("mov", Container.ISO_BMFF),
    "video/mp4": ("mp4", Container.ISO_BMFF),
    "video/3gpp": ("3gp", Container.ISO_BMFF),
    "video/x-msvideo": ("avi", Container.AVI),
    "video/avi": ("avi", Container.AVI),
    "video/msvideo": ("avi", Container.AVI),
    "video/x-ms-wmv": ("wmv", Container.ASF),
}
"""Accepted MIME type → (file extension, container family)."""

MIME_BY_EXTENSION: Final[Mapping[str, str]] = {
    "mov": "video/quicktime",
    "qt": "video/quicktime",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "3gp": "video/3gpp",
    "3gpp": "video/3gpp",
    "avi": "video/x-msvideo",
    "wmv": "video/x-ms-wmv",
}
"""Lower-case file extension → the type a client declares for it."""

_ALLOWED_TEXT: Final = "MOV, MP4, 3GP, AVI or WMV"
_RIFF_AVI: Final = frozenset({b"AVI ", b"AVIX"})
_ASF_HEADER: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ISO_FIRST_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
# ISO-BMFF brands that are no film: pictures, and sound alone.
_ISO_OTHER_BRANDS: Final = frozenset(
    {
        b"heic",
        b"heix",
        b"hevc",
        b"heim",
        b"mif1",
        b"msf1",
        b"avif",
        b"avis",
        b"M4A ",
        b"M4B ",
        b"crx ",
    }
)
_BOX_HEADER_BYTES: Final = 8
_BRAND_END: Final = 12


def source_key(video_id: UUID, mime: str) -> str:
    """Return the S3 key of a video's source, `videos/{id}/source.{ext}`."""
    extension, _ = MIMES[mime]
    return f"videos/{video_id}/source.{extension}"


def check_source(mime: str, size_bytes: int) -> tuple[FieldError, ...]:
    """Return what is wrong with a declared source; empty when it is acceptable."""
    errors: list[FieldError] = []
    if mime not in MIMES:
        message = f"must be a {_ALLOWED_TEXT} type, one of: {', '.join(MIMES)}"
        errors.append(FieldError(field="sourceMime", code="unsupported-format", message=message))
    if size_bytes < 1:
        errors.append(
            FieldError(field="sourceSizeBytes", code="too-small", message="must be at least 1 byte")
        )
    if size_bytes > MAX_SOURCE_BYTES:
        message = f"must be at most {MAX_SOURCE_BYTES} bytes (1.5 GiB)"
        errors.append(FieldError(field="sourceSizeBytes", code="too-large", message=message))
    return tuple(errors)


def sniff_container(head: bytes) -> Container | None:
    """Tell a file's container from its first bytes; None when it is none that Reel takes.

    Wants up to `SNIFF_BYTES`. The declared type is never trusted for this.
    """
    if head.startswith(_ASF_HEADER):
        return Container.ASF
    if head[:4] == b"RIFF" and head[8:_BRAND_END] in _RIFF_AVI:
        return Container.AVI
    return _sniff_iso_bmff(head)


def _sniff_iso_bmff(head: bytes) -> Container | None:
    if len(head) < _BOX_HEADER_BYTES or head[4:8] not in _ISO_FIRST_BOXES:
        return None
    size = int.from_bytes(head[:4], "big")
    if size not in {0, 1} and size < _BOX_HEADER_BYTES:
        return None
    is_other = head[4:8] == b"ftyp" and head[8:_BRAND_END] in _ISO_OTHER_BRANDS
    return None if is_other else Container.ISO_BMFF


def matches_declared(mime: str, container: Container | None) -> bool:
    """Tell whether the sniffed container is of the family the client declared."""
    return container is not None and MIMES[mime][1] is container
