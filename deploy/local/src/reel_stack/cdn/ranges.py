"""Byte ranges (RFC 9110, section 14)."""

import re
from dataclasses import dataclass
from typing import Final

SINGLE: Final = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")


class Unsatisfiable(Exception):
    """The range starts behind the end of the object: 416."""


@dataclass(frozen=True)
class ByteRange:
    """From the first byte to the last one, both inclusive."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def parse(header: str | None, size_bytes: int) -> ByteRange | None:
    """The one range asked for; none when the whole object is to be sent.

    A malformed header or several ranges are ignored, as the RFC allows. Raises Unsatisfiable.
    """
    found = SINGLE.fullmatch((header or "").strip())
    if found is None or found["first"] == found["last"] == "":
        return None
    if found["first"] == "":
        return _suffix(int(found["last"]), size_bytes)
    first = int(found["first"])
    last = min(int(found["last"] or size_bytes - 1), size_bytes - 1)
    if found["last"] and int(found["last"]) < first:
        return None
    if first >= size_bytes:
        raise Unsatisfiable
    return ByteRange(first, last)


def _suffix(length: int, size_bytes: int) -> ByteRange:
    if length == 0 or size_bytes == 0:
        raise Unsatisfiable
    return ByteRange(max(0, size_bytes - length), size_bytes - 1)
