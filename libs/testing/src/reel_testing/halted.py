"""Processes that stand still, as one does on a machine that swaps or under a debugger."""

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager

import psutil


@contextmanager
def halted(pid: int) -> Generator[None]:
    """Stop a process where it is during the block; its children go on."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def encoders_of(pid: int) -> list[psutil.Process]:
    """Return the FFmpegs that a worker has encode now."""
    return [child for child in psutil.Process(pid).children(recursive=True) if _encodes(child)]


def _encodes(process: psutil.Process) -> bool:
    try:
        return "libx264" in process.cmdline()
    except psutil.NoSuchProcess:
        return False
