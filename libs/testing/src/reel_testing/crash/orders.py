"""Orders to die, and whether they were obeyed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from reel_kernel.effects import Effect
from reel_testing.crash.launcher import ORDERS, SETTINGS
from reel_testing.stack import RunningStack
from reel_testing.waiting import until

LAUNCHER: Final = "reel_testing.crash.launcher"
RESTART_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Point:
    """Where a process of `service` (its short name) is to die: right after `effect`."""

    service: str
    effect: Effect

    def __str__(self) -> str:
        return f"{self.service}-{self.effect}"


def prepare(var: Path, settings: dict[str, str]) -> None:
    """Make a state directory whose services take orders, with settings of their own."""
    orders = var / ORDERS
    orders.mkdir(parents=True)
    (orders / SETTINGS).write_bytes(msgspec.json.encode(settings))


@dataclass
class Order:
    """One order, given when it is made."""

    point: Point
    stack: RunningStack
    pids_before: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.pids_before = dict(self.stack.pids)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch()

    @property
    def _path(self) -> Path:
        return self.stack.layout.var / ORDERS / self.point.service / self.point.effect

    @property
    def victim(self) -> int | None:
        """The process that took it."""
        found = next(self._remains(), None)
        return None if found is None else int(found.suffix[1:])

    def _remains(self) -> Iterator[Path]:
        return self._path.parent.glob(f"{self._path.name}.*")

    def withdraw(self) -> None:
        """Take it back, or clear away what is left of it."""
        self._path.unlink(missing_ok=True)
        for path in self._remains():
            path.unlink()

    async def obeyed(self) -> None:
        """Assert that it was taken, that its process is dead, and that another is in its place.

        A command that an operator runs has nobody in its place.
        """
        victim = self.victim
        assert victim is not None, f"nobody came past {self.point}"
        await until(lambda: not _lives(victim))
        names = [name for name, pid in self.pids_before.items() if pid == victim]
        await until(
            lambda: all(self.stack.pids[name] != victim for name in names), within_s=RESTART_S
        )

    async def until_taken(self) -> None:
        """Wait until a process has taken it."""
        await until(lambda: self.victim is not None, within_s=RESTART_S)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
