"""The pollers in a process of their own, so that what runs them here does not slow them."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from reel_testing.load.polls import PollPlan, PollReport, Target

FRESH_EVERY: Final = 10
NEVER_FRESH: Final = 0
ALWAYS_FRESH: Final = 1


async def polled(
    url: str, targets: Sequence[Target], *, seconds: float, fresh_every: int
) -> PollReport:
    """Poll `url` by an app for each target.

    Raises:
        RuntimeError: the pollers could not begin; it said why on standard error.
    """
    at = urlsplit(url)
    plan = PollPlan(
        host=str(at.hostname),
        port=int(at.port or 0),
        targets=targets,
        duration_s=seconds,
        fresh_every=fresh_every,
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "reel_testing.load.poller", stdin=PIPE, stdout=PIPE
    )
    try:
        answer, _ = await process.communicate(msgspec.json.encode(plan))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"the pollers ended with {process.returncode}")
    return msgspec.json.decode(answer, type=PollReport)
