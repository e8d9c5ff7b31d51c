"""How a source is cut into parts, and whether what the store has is that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from reel_kernel.checksums import Algorithm, whole_checksum
from upload_service.domain.errors import PartsMismatch

MIB: Final = 1024 * 1024
MIN_PART_BYTES: Final = 5 * MIB
"""S3 refuses smaller parts, except the last."""
MAX_PARTS: Final = 10_000
MAX_FAULTS: Final = 100
"""Parts that a refusal describes in full; it names all of them by number."""
NO_CHECKSUMS: Final[Mapping[int, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    """A part as the store lists it; `etag` is bare, without quotes.

    `checksum` is what the store verified: the one it lists, or else the one its URL was signed for.
    """

    number: int
    etag: str
    size_bytes: int
    checksum: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSums:
    """The checksums of all parts of a session, by number, and the whole object's."""

    algorithm: Algorithm
    parts: Mapping[int, str]
    whole: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPlan:
    """Part n covers bytes (n-1) × part_size_bytes up to n × part_size_bytes, or the end."""

    source_size_bytes: int
    part_size_bytes: int

    @classmethod
    def of(cls, source_size_bytes: int, *, target_part_bytes: int) -> Self:
        """Cut a source into parts of `target_part_bytes`, or larger where 10,000 are not enough.

        Args:
            source_size_bytes: At least 1.
            target_part_bytes: At least 5 MiB (the minimum of S3).
        """
        smallest = -(-source_size_bytes // MAX_PARTS)
        return cls(
            source_size_bytes=source_size_bytes, part_size_bytes=max(target_part_bytes, smallest)
        )

    @property
    def count(self) -> int:
        """Number of parts; they are numbered from 1."""
        return -(-self.source_size_bytes // self.part_size_bytes)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and 1 <= number <= self.count

    def length(self, number: int) -> int:
        """Return the exact length of part `number` in bytes.

        Raises:
            ValueError: the plan has no such part.
        """
        if number not in self:
            raise ValueError(f"No part {number} among {self.count}")
        start = (number - 1) * self.part_size_bytes
        return min(self.part_size_bytes, self.source_size_bytes - start)

    def check(
        self,
        claimed: Mapping[int, str],
        stored: Sequence[StoredPart],
        checksums: Mapping[int, str] = NO_CHECKSUMS,
    ) -> None:
        """Compare the client's list (number → ETag) with the store's and with this plan.

        `checksums` are those that the client claims; a part without one is not compared by it.

        Raises:
            PartsMismatch: they are not the same parts.
        """
        in_store = {part.number: part for part in stored}
        planned = range(1, self.count + 1)
        missing = [n for n in planned if n not in in_store or n not in claimed]
        unexpected = sorted(n for n in claimed.keys() | in_store.keys() if n not in self)
        differing = [
            n
            for n in planned
            if n not in missing
            and (bare_etag(claimed[n]), self.length(n), checksums.get(n, in_store[n].checksum))
            != (in_store[n].etag, in_store[n].size_bytes, in_store[n].checksum)
        ]
        if not (missing or differing or unexpected):
            return
        faults = [
            {
                "partNumber": n,
                "expected": self._expected(n, claimed, checksums),
                "actual": _actual(in_store.get(n)),
            }
            for n in sorted([*missing, *differing, *unexpected])[:MAX_FAULTS]
        ]
        raise PartsMismatch(
            missing=missing, differing=differing, unexpected=unexpected, parts=faults
        )

    def _expected(
        self, number: int, claimed: Mapping[int, str], checksums: Mapping[int, str]
    ) -> Mapping[str, object] | None:
        if number not in self:
            return None
        return {
            "etag": bare_etag(claimed[number]) if number in claimed else None,
            "sizeBytes": self.length(number),
            "checksum": checksums.get(number),
        }


def _actual(part: StoredPart | None) -> Mapping[str, object] | None:
    if part is None:
        return None
    return {"etag": part.etag, "sizeBytes": part.size_bytes, "checksum": part.checksum}


def sums_of(algorithm: Algorithm, parts: Sequence[StoredPart]) -> PartSums | None:
    """Return the checksums of a whole upload; None when a part has none."""
    own = {part.number: part.checksum for part in parts if part.checksum}
    if len(own) != len(parts):
        return None
    whole = whole_checksum(algorithm, [(own[part.number], part.size_bytes) for part in parts])
    return PartSums(algorithm=algorithm, parts=own, whole=whole)


def bare_etag(etag: str) -> str:
    """Return an entity tag without its quotes: `"abc"` and `abc` are the same part."""
    return etag.strip().strip('"')


def bytes_in(parts: Sequence[StoredPart]) -> int:
    """Return the total length of `parts`."""
    return sum(part.size_bytes for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a purge found to delete."""

    objects: int
    size_bytes: int
