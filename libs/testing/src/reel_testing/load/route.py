"""The polling route against the same route on FastAPI and SQLAlchemy, process against process.

Both sides are one process of uvicorn on uvloop and httptools, on the same database with the same
most of connections, asked by the same apps for the same videos, in turns.
"""

import asyncio
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import Final

import httpx

from reel_stack import tokens
from reel_stack.ports import LOOPBACK, Ports
from reel_stack.topology import VIDEO
from reel_testing.bench.figures import Figure, at_least, fact
from reel_testing.load.databases import service_url
from reel_testing.load.generator import ALWAYS_FRESH, NEVER_FRESH, polled
from reel_testing.load.mixed import POOL_MAX, targets_of
from reel_testing.load.polls import PollReport, Target
from reel_testing.load.size import LoadSize
from reel_testing.stack import RunningStack
from reel_testing.tree import ROOT

PEER: Final = ROOT / "tests" / "load" / "peer"
PYTHON: Final = ROOT / ".tools" / "peer" / "bin" / "python"
START_S: Final = 30
STOP_S: Final = 15
LOOK_S: Final = 0.05
KINDS: Final = {"304": NEVER_FRESH, "200": ALWAYS_FRESH}
TARGET: Final = 5.0


async def route_figures(stack: RunningStack, size: LoadSize) -> Mapping[str, Figure]:
    """Compare the medians of the turns, for conditional requests and for others."""
    targets = await targets_of(stack, size.apps)
    async with _peer(stack) as peer_url:
        urls = {"reel": stack.services[VIDEO.name], "fastapi": peer_url}
        await _require_same_answers(urls, targets)
        figures: dict[str, Figure] = {}
        for kind, fresh_every in KINDS.items():
            reports = await _take_turns(urls, targets, size, fresh_every)
            figures |= _figures(kind, reports)
        return figures


async def _take_turns(
    urls: Mapping[str, str], targets: Sequence[Target], size: LoadSize, fresh_every: int
) -> Mapping[str, list[PollReport]]:
    reports: dict[str, list[PollReport]] = {side: [] for side in urls}
    for _ in range(size.turns):
        for side, url in urls.items():
            report = await polled(url, targets, seconds=size.turn_s, fresh_every=fresh_every)
            if report.errors:
                raise RuntimeError(f"{side}: {report.faults}")
            reports[side].append(report)
    return reports


def _figures(kind: str, reports: Mapping[str, Sequence[PollReport]]) -> dict[str, Figure]:
    per_s = {side: median(one.per_s for one in turns) for side, turns in reports.items()}
    p99_ms = {side: median(one.latency.p99_ms for one in turns) for side, turns in reports.items()}
    ratio = per_s["reel"] / per_s["fastapi"]
    return {
        f"load_route_{kind}_to_fastapi": at_least(ratio, TARGET, "ratio"),
        **{f"load_route_{kind}_{side}": fact(per_s[side], "requests/s") for side in per_s},
        **{f"load_route_{kind}_{side}_p99": fact(p99_ms[side], "ms") for side in p99_ms},
    }


async def _require_same_answers(urls: Mapping[str, str], targets: Sequence[Target]) -> None:
    """A peer that answers something else is none. Raises RuntimeError."""
    async with httpx.AsyncClient() as http:
        for target in targets:
            path = f"/api/videos/{target.video_id}"
            given = {"Authorization": f"Bearer {target.token}"}
            answers = [await http.get(url + path, headers=given) for url in urls.values()]
            shown = [(one.status_code, one.json(), one.headers["etag"]) for one in answers]
            if shown[0] != shown[1]:
                raise RuntimeError(f"the peer differs: {shown}")


@asynccontextmanager
async def _peer(stack: RunningStack) -> AsyncGenerator[str]:
    """Run the peer, one process, without an access log; give its address."""
    port = Ports().choose()
    options = ("--host", LOOPBACK, "--port", str(port), "--no-access-log", "--log-level=warning")
    protocols = ("--loop", "uvloop", "--http", "httptools")
    process = await asyncio.create_subprocess_exec(
        *(str(PYTHON), "-m", "uvicorn", "polling:app", *options, *protocols),
        cwd=PEER,
        env=_environment(stack),
        stdin=DEVNULL,
    )
    try:
        url = f"http://{LOOPBACK}:{port}"
        await _answering(url)
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(STOP_S):
            await process.wait()


def _environment(stack: RunningStack) -> dict[str, str]:
    return {
        "DATABASE_URL": service_url(stack).replace("postgresql:", "postgresql+asyncpg:", 1),
        "POOL_MAX": str(POOL_MAX),
        "JWT_PUBLIC_KEY": stack.keys.jwt_public_key,
        "JWT_ISSUER": tokens.ISSUER,
        "JWT_AUDIENCE": tokens.AUDIENCE,
        "CDN_BASE_URL": stack.cdn_url,
    }


async def _answering(url: str) -> None:
    async with asyncio.timeout(START_S), httpx.AsyncClient() as http:
        while True:
            try:
                await http.get(f"{url}/openapi.json")
            except httpx.TransportError:
                await asyncio.sleep(LOOK_S)
            else:
                return
