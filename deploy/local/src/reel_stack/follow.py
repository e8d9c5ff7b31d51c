"""Prints the parts' logs, and what is added to them."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

POLL_S: Final = 0.2
LAST_LINES: Final = 50

Emit = Callable[[str, str], None]
"""Takes a part's name and a line."""


class LogReader:
    """Complete lines of one log from where the last call stopped; anew if it was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._partial = b""

    def lines(self) -> list[str]:
        if not self._path.exists():
            return []
        with self._path.open("rb") as log:
            if self._path.stat().st_size < self._position:
                self._position, self._partial = 0, b""
            log.seek(self._position)
            fresh = self._partial + log.read()
            self._position = log.tell()
        *complete, self._partial = fresh.split(b"\n")
        return [line.decode(errors="replace") for line in complete]


def follow(logs: Mapping[str, Path], emit: Emit, *, keep_on: bool) -> None:
    """Emit the last lines of each log and, with keep_on, everything added until interrupted."""
    readers = {name: LogReader(path) for name, path in logs.items()}
    for name, reader in readers.items():
        for line in reader.lines()[-LAST_LINES:]:
            emit(name, line)
    while keep_on:
        time.sleep(POLL_S)
        for name, reader in readers.items():
            for line in reader.lines():
                emit(name, line)
