"""One runner a state directory.

The lock is a flock(2) on an open file that every reaper inherits: it stays held until the last part
of the stack is gone, even when the runner was killed.
"""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from reel_stack.errors import AlreadyRunning, StackError

LEFTOVERS_S: Final = 40.0
POLL_S: Final = 0.05
RUNNER_NAMES: Final = ("reel-stack", "reel_stack")


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_in(path: Path) -> int | None:
    """The runner that wrote its id; none if it is gone, even if another process has its id now."""
    try:
        pid = int(path.read_text() or 0)
        command = " ".join(psutil.Process(pid).cmdline()) if pid else ""
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    return pid if any(name in command for name in RUNNER_NAMES) else None


def _acquire(descriptor: int, path: Path, var: Path) -> None:
    deadline = time.monotonic() + LEFTOVERS_S
    while not _try_lock(descriptor):
        if (pid := _pid_in(path)) is not None:
            raise AlreadyRunning(var, pid)
        if time.monotonic() > deadline:
            raise StackError(f"parts of an earlier stack on {var} are still ending")
        time.sleep(POLL_S)


@contextmanager
def exclusive(path: Path) -> Generator[int]:
    """Hold the state directory; yields the descriptor that reapers inherit.

    Waits for parts that a killed runner left to end. Raises AlreadyRunning.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, path, path.parent)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether a stack, or what is left of one, holds the lock."""
    if not path.exists():
        return False
    descriptor = os.open(path, os.O_RDWR)
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


def holder(path: Path) -> int | None:
    """The process id of the runner that holds the lock; none if nobody does."""
    return _pid_in(path) if is_held(path) else None


def wait_released(path: Path, timeout_s: float) -> bool:
    """Wait until the stack and all its parts are gone. False if that takes too long."""
    deadline = time.monotonic() + timeout_s
    while is_held(path):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True
