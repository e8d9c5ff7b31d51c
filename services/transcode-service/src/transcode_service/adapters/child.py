"""Child processes that are bounded, and never outlive their owner's interest."""

import asyncio
import os
import resource
import signal
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

GRACE_S: Final = 5.0

Limits = Mapping[int, int]
"""`resource.RLIMIT_…` → value."""


def limit(process: Process, limits: Limits) -> None:
    """Set resource limits on a running child; without effect on one that has already ended."""
    for kind, value in limits.items():
        with suppress(ProcessLookupError):
            resource.prlimit(process.pid, kind, (value, value))


async def reap(process: Process, *, grace_s: float = GRACE_S) -> None:
    """End a child that leads its own process group: SIGTERM, `grace_s`, SIGKILL; wait for it.

    Also when the caller is cancelled meanwhile: then it is killed at once.
    """
    if process.returncode is not None:
        return
    _signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(grace_s):
            await process.wait()
    except (TimeoutError, asyncio.CancelledError) as ended:
        _signal(process, signal.SIGKILL)
        await process.wait()
        if isinstance(ended, asyncio.CancelledError):
            raise


def _signal(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
