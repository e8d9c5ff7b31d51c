"""Checksums of parts and of the whole object, as S3 defines them. Pure.

Sources: Amazon S3 User Guide, "Checking object integrity": the checksum of a multipart object is
either that of all its bytes (FULL_OBJECT) or a checksum of its parts' checksums (COMPOSITE).
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Algorithm(StrEnum):
    """Every one of them is verified by the store when a part arrives."""

    CRC32C = "CRC32C"
    CRC64NVME = "CRC64NVME"
    SHA256 = "SHA256"


@dataclass(frozen=True, slots=True)
class _Crc:
    """A reflected CRC whose register begins and ends inverted; `polynomial` is reflected, too."""

    width: int
    polynomial: int


_CRCS: Final = {
    Algorithm.CRC32C: _Crc(32, 0x82F63B78),
    Algorithm.CRC64NVME: _Crc(64, 0x9A6C9329AC4BC9B5),
}
_DIGEST_BYTES: Final = {Algorithm.CRC32C: 4, Algorithm.CRC64NVME: 8, Algorithm.SHA256: 32}


def header_of(algorithm: Algorithm) -> str:
    """Return the request header that carries a part's checksum."""
    return f"x-amz-checksum-{algorithm.lower()}"


def is_full_object(algorithm: Algorithm) -> bool:
    """Tell whether the whole object's checksum is that of its bytes; SHA-256 has no such sum."""
    return algorithm in _CRCS


def is_checksum(algorithm: Algorithm, text: str) -> bool:
    """Tell whether `text` is a Base64 checksum of the right length."""
    try:
        return len(base64.b64decode(text, validate=True)) == _DIGEST_BYTES[algorithm]
    except (binascii.Error, ValueError):
        return False


def whole_checksum(algorithm: Algorithm, parts: Sequence[tuple[str, int]]) -> str:
    """Return the object's checksum from each part's Base64 checksum and length, in order.

    For a CRC it is the CRC of all the bytes; for SHA-256 the hash of the parts' hashes, a hyphen
    and the number of parts.
    """
    digests = [base64.b64decode(checksum) for checksum, _ in parts]
    if algorithm not in _CRCS:
        digest = hashlib.sha256(b"".join(digests)).digest()
        return f"{base64.b64encode(digest).decode()}-{len(parts)}"
    crc, total = _CRCS[algorithm], 0
    shift = _Shift(crc)
    for digest, (_, length) in zip(digests, parts, strict=True):
        total = shift.by(length, total) ^ int.from_bytes(digest, "big")
    return base64.b64encode(total.to_bytes(_DIGEST_BYTES[algorithm], "big")).decode()


class _Shift:
    """Moves a CRC past so many more bytes (the `crc32_combine` of zlib, for any width)."""

    def __init__(self, crc: _Crc) -> None:
        self._crc = crc
        self._powers: dict[int, int] = {}

    def by(self, length_bytes: int, value: int) -> int:
        if length_bytes not in self._powers:
            self._powers[length_bytes] = self._power(8 * length_bytes)
        return self._multiply(self._powers[length_bytes], value)

    def _power(self, exponent: int) -> int:
        """Return x to the `exponent`, modulo the polynomial."""
        result, square = 1 << (self._crc.width - 1), 1 << (self._crc.width - 2)
        while exponent:
            if exponent & 1:
                result = self._multiply(square, result)
            square = self._multiply(square, square)
            exponent >>= 1
        return result

    def _multiply(self, one: int, other: int) -> int:
        product, bit = 0, 1 << (self._crc.width - 1)
        while bit:
            if one & bit:
                product ^= other
            other = (other >> 1) ^ (self._crc.polynomial if other & 1 else 0)
            bit >>= 1
        return product


def joined_etag(etags: Sequence[str]) -> str:
    """Return the entity tag, without quotes, that S3 gives the object joined of these parts.

    The MD5 of the parts' tags as bytes, a hyphen and their number. Empty where a tag is no MD5.
    """
    try:
        joined = b"".join(bytes.fromhex(etag) for etag in etags)
    except ValueError:
        return ""
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(etags)}"
