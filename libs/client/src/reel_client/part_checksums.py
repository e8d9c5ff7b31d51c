"""The checksums of one transfer, each computed once, just before it is needed."""

from collections.abc import Mapping, Sequence

from reel_client.source import OpenSource, Part
from reel_contracts.uploads import ChecksumAlgorithm
from reel_kernel.checksums import Algorithm, whole_checksum


class PartChecksums:
    """`known` is part number → Base64; nothing is ever known without an `algorithm`."""

    def __init__(
        self,
        opened: OpenSource,
        parts: Sequence[Part],
        algorithm: ChecksumAlgorithm | None,
        known: Mapping[int, str],
    ) -> None:
        self._opened = opened
        self._parts = {part.number: part for part in parts}
        self._algorithm = algorithm
        self.known: dict[int, str] = dict(known) if algorithm else {}

    async def of(self, numbers: Sequence[int]) -> list[str] | None:
        """Return the parts' checksums, reading what is not known; None without an algorithm."""
        if self._algorithm is None:
            return None
        for number in numbers:
            if number not in self.known:
                part = self._parts[number]
                self.known[number] = await self._opened.checksum(part, self._algorithm)
        return [self.known[number] for number in numbers]

    def drop(self, number: int) -> None:
        """Compute it again: the store may have refused the part because of it."""
        self.known.pop(number, None)

    def whole(self) -> str | None:
        """Return the file's checksum once every part's is known."""
        if self._algorithm is None or len(self.known) < len(self._parts):
            return None
        sums = [(self.known[number], part.size_bytes) for number, part in self._parts.items()]
        return whole_checksum(Algorithm(self._algorithm), sums)
