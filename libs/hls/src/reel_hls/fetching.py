"""Where playlists and segments come from."""

from dataclasses import dataclass
from typing import Protocol


class NotThere(Exception):
    """The origin says that there is no such file; the presentation is at fault."""


class CannotFetch(Exception):
    """The origin does not answer, or not in bounds; nothing is known of the presentation."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a file, and how long the whole file is."""

    data: bytes
    total_bytes: int


class Fetcher(Protocol):
    """Reads files by range; time-outs and retries, bounded, are its own affair."""

    async def read(self, uri: str, start: int, length: int) -> Piece:
        """Return up to `length` bytes from `start`; fewer only where the file ends.

        Raises:
            NotThere: no such file.
            CannotFetch: anything else.
        """
        ...
