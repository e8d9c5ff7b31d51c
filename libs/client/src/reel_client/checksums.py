"""Checksums of a file's parts, by the algorithm of their session."""

import hashlib
from collections.abc import Callable
from typing import Final, Protocol

import google_crc32c

from reel_client.errors import ChecksumUnknown
from reel_contracts.uploads import ChecksumAlgorithm

DEFAULT_ALGORITHM: Final = ChecksumAlgorithm.CRC32C
"""In hardware on every phone and computer, and the whole file's follows from its parts'."""


class Hasher(Protocol):
    def update(self, piece: bytes, /) -> object: ...

    def digest(self) -> bytes: ...


_HASHERS: Final[dict[ChecksumAlgorithm, Callable[[], Hasher]]] = {
    ChecksumAlgorithm.CRC32C: google_crc32c.Checksum,
    ChecksumAlgorithm.SHA256: hashlib.sha256,
}


def hasher_of(algorithm: ChecksumAlgorithm) -> Callable[[], Hasher]:
    """Return what makes hashers of this algorithm. Raises ChecksumUnknown."""
    if algorithm not in _HASHERS:
        raise ChecksumUnknown(algorithm)
    return _HASHERS[algorithm]
