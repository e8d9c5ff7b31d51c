"""A bounded cache of whole objects on disk, least recently used out first.

An entry is two files: the body, and its description, which is written last, so a body without one
is debris of a crash and is removed at the next start.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

BODY: Final = ".body"
DESCRIPTION: Final = ".json"
TEMPORARY: Final = ".part"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A stored response: headers to repeat, Unix times it was stored and turns stale."""

    key: str
    size_bytes: int
    headers: dict[str, str]
    stored_at: float
    fresh_until: float


class DiskCache:
    """Entries by key, at most max_bytes of bodies. Not for several processes at once."""

    def __init__(
        self, directory: Path, max_bytes: int, now: Callable[[], float] = time.time
    ) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._now = now
        self._entries = OrderedDict[str, Entry]()
        self._bytes = 0
        directory.mkdir(parents=True, exist_ok=True)
        self._load()

    def open(self, key: str) -> tuple[Entry, BinaryIO] | None:
        """The entry if it is still fresh, and its body; open, it outlives an eviction."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._now() >= entry.fresh_until:
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return entry, self._file(key, BODY).open("rb")

    def temporary(self, key: str) -> Path:
        """Where a body is written before `put`."""
        return self._file(key, TEMPORARY)

    def put(self, entry: Entry, body: Path) -> None:
        """Take a complete body over under its key, evicting the least recently used ones."""
        self._remove(entry.key)
        body.replace(self._file(entry.key, BODY))
        self._file(entry.key, DESCRIPTION).write_bytes(msgspec.json.encode(entry))
        self._admit(entry)

    def forget(self, prefix: str) -> int:
        """Remove every entry whose key begins with `prefix`; tells how many there were."""
        keys = [key for key in self._entries if key.startswith(prefix)]
        for key in keys:
            self._remove(key)
        return len(keys)

    def _admit(self, entry: Entry) -> None:
        self._entries[entry.key] = entry
        self._bytes += entry.size_bytes
        while self._bytes > self._max_bytes:
            self._remove(next(iter(self._entries)))

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size_bytes
            self._file(key, DESCRIPTION).unlink(missing_ok=True)
            self._file(key, BODY).unlink(missing_ok=True)

    def _file(self, key: str, suffix: str) -> Path:
        return self._directory / (hashlib.sha256(key.encode()).hexdigest() + suffix)

    def _load(self) -> None:
        entries = sorted(self._stored(), key=lambda entry: entry.stored_at)
        suffixes = (BODY, DESCRIPTION)
        wanted = {self._file(entry.key, suffix) for entry in entries for suffix in suffixes}
        for path in self._directory.iterdir():
            if path not in wanted:
                path.unlink()
        for entry in entries:
            self._admit(entry)

    def _stored(self) -> Iterator[Entry]:
        for path in self._directory.glob(f"*{DESCRIPTION}"):
            try:
                entry = msgspec.json.decode(path.read_bytes(), type=Entry)
            except msgspec.DecodeError:
                continue
            if self._file(entry.key, BODY).exists():
                yield entry
