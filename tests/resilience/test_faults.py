"""Twenty uploads through a network and servers that fail: all READY, bit-exact, nothing left."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from reel_stack.topology import BUCKET
from reel_testing import leaks
from reel_testing.budget import Budget
from reel_testing.fault_phones import Fleet, films
from reel_testing.fault_stack import FaultStack, fault_stack
from reel_testing.faults import Fault, Script
from reel_testing.waiting import until

log = logging.getLogger(__name__)
SEED: Final = 20
MIB: Final = 1024 * 1024
SETTINGS: Final = {
    "VIDEO_SWEEP_INTERVAL_S": 1,
    "VIDEO_UPLOADED_MAX_S": 10,
    "VIDEO_TRANSCODING_QUIET_S": 75,
    "UPLOAD_SWEEP_INTERVAL_S": 2,
    "TRANSCODE_LEASE_S": 8,
    "TRANSCODE_RETRY_BASE_S": 0.5,
    "TRANSCODE_RETRY_MAX_S": 5,
}
POOL_MAX: Final = 10
SPARE_DESCRIPTORS: Final = 3
CALM_S: Final = 90


@dataclass(frozen=True, kw_only=True)
class Storm:
    """Faults by proxy, and what happens to servers once so many parts, or films, are there."""

    sizes_bytes: tuple[int, ...]
    faults: Mapping[str, tuple[Mapping[Fault, int], tuple[int, int]]]
    at_parts: tuple[tuple[int, str], ...]
    at_ready: tuple[tuple[int, str], ...] = ()
    within_s: float


SHORT: Final = Storm(
    sizes_bytes=(MIB, 11 * MIB, MIB // 2),
    faults={
        "store": ({Fault.BUSY: 1}, (1, 2)),
        "parts": ({Fault.CUT: 1}, (1, 2)),
    },
    at_parts=((2, "postgres"),),
    within_s=90,
)
LONG: Final = Storm(
    sizes_bytes=tuple(11 * MIB if n % 3 == 0 else 100_000 * (n + 1) for n in range(20)),
    faults={
        "store": (
            {Fault.BUSY: 12, Fault.CUT: 8, Fault.LOST: 8, Fault.SLOW: 8, Fault.SILENT: 2},
            (3, 9),
        ),
        "parts": (
            {Fault.BUSY: 4, Fault.CUT: 5, Fault.LOST: 3, Fault.SLOW: 3, Fault.SILENT: 1},
            (0, 2),
        ),
        "queue": ({Fault.CUT: 4, Fault.LOST: 4, Fault.SILENT: 1}, (3, 8)),
        "database": ({Fault.CUT: 8, Fault.LOST: 8, Fault.SILENT: 2}, (60, 140)),
        "gateway": ({Fault.CUT: 6, Fault.LOST: 6, Fault.SLOW: 3, Fault.SILENT: 1}, (3, 7)),
        "webhooks": ({Fault.CUT: 3, Fault.LOST: 3, Fault.BUSY: 3, Fault.SILENT: 1}, (1, 4)),
    },
    at_parts=((4, "postgres"), (10, "gateway"), (18, "queue"), (28, "postgres")),
    at_ready=((3, "queue"), (8, "postgres"), (14, "gateway")),
    within_s=900,
)


@pytest.fixture
async def faulty() -> AsyncGenerator[FaultStack]:
    async with fault_stack(SETTINGS) as started:
        yield started


async def test_uploads_survive_faults_and_leave_nothing(
    faulty: FaultStack, budget: Budget, tmp_path: Path
) -> None:
    storm = LONG if budget.long else SHORT
    phones = Fleet(faulty.api_url, faulty.stack.token, tmp_path)
    before_all, *wanted, after_all = await asyncio.to_thread(
        films, tmp_path, (1, *storm.sizes_bytes, 1)
    )
    await phones.send_all([before_all])
    processes = {name: faulty.stack.pids[name] for name in leaks.SERVICES}
    before = _descriptors(faulty)

    async with asyncio.timeout(storm.within_s), raging(faulty, storm, phones):
        await phones.send_all(wanted)
    await phones.send_all([after_all])

    assert phones.ready == len(wanted) + 2, phones.statuses
    assert {name: faulty.stack.pids[name] for name in leaks.SERVICES} == processes
    assert_each_fault_was_real(faulty, storm)
    assert_errors_are_for_a_while(faulty)
    await assert_bit_exact(faulty, phones)
    await assert_lost_messages_were_asked_for(faulty, storm)
    await leaks.sweep_late(faulty.stack)
    await assert_nothing_left(faulty, before)
    log.info("descriptors before and after: %s, %s", before, _descriptors(faulty))


@asynccontextmanager
async def raging(faulty: FaultStack, storm: Storm, phones: Fleet) -> AsyncGenerator[None]:
    """Let the storm rage while the block runs; it is over at the end."""
    for name, (faults, spacing) in storm.faults.items():
        faulty.proxies[name].script = Script(SEED, faults, spacing=spacing)
    parts = faulty.proxies["parts"].heard.statuses
    async with asyncio.TaskGroup() as group:
        group.create_task(_kill(faulty, storm.at_parts, lambda: parts[200]))
        group.create_task(_kill(faulty, storm.at_ready, lambda: phones.ready))
        yield
        scripts = [faulty.proxies[name].script for name in storm.faults]
        await until(lambda: all(script.is_over for script in scripts), within_s=CALM_S)


async def _kill(
    faulty: FaultStack, deaths: tuple[tuple[int, str], ...], count: Callable[[], int]
) -> None:
    for at, part in deaths:
        await until(lambda least=at: count() >= least, within_s=LONG.within_s)
        await faulty.restart(part)


def assert_each_fault_was_real(faulty: FaultStack, storm: Storm) -> None:
    for name, (faults, _) in storm.faults.items():
        hits = faulty.proxies[name].hits
        log.info("%s: %s, answers %s", name, dict(hits), dict(faulty.proxies[name].heard.statuses))
        assert set(faults) <= set(hits), (name, hits)
        assert faulty.proxies[name].delayed > 0


def assert_errors_are_for_a_while(faulty: FaultStack) -> None:
    """A client may be told to come again, in the form that all problems have, and nothing worse."""
    heard = faulty.proxies["gateway"].heard
    for answer in heard.errors:
        head = answer.lower()
        assert answer.startswith(b"HTTP/1.1 503 "), answer
        assert b"application/problem+json" in head, answer
        assert b"retry-after:" in head, answer


async def assert_bit_exact(faulty: FaultStack, phones: Fleet) -> None:
    async with faulty.database() as database, leaks.store(faulty.stack) as store:
        rows = await database.fetch("SELECT id, source_file_key FROM video.videos")
        assert {row["id"] for row in rows} == set(phones.digests)
        for row in rows:
            stored = await store.get_object(Bucket=BUCKET, Key=row["source_file_key"])
            data = await stored["Body"].read()
            assert hashlib.sha256(data).hexdigest() == phones.digests[row["id"]]


async def assert_lost_messages_were_asked_for(faulty: FaultStack, storm: Storm) -> None:
    """A queue that died while jobs waited has lost some; each was asked for by its video's row."""
    async with faulty.database() as database:
        asked = await database.fetchval("SELECT count(*) FROM video.transcode_reminders")
    log.info("asked for again: %s", asked)
    if "queue" in dict(storm.at_ready).values():
        assert asked > 0


async def assert_nothing_left(faulty: FaultStack, before: Mapping[str, int]) -> None:
    async def is_clean() -> bool:
        found = await left(faulty, before)
        seen.update(left=found)
        return not found

    seen: dict[str, object] = {}
    try:
        await until(is_clean, within_s=CALM_S)
    except TimeoutError:
        pytest.fail(f"left behind: {seen['left']}")


async def left(faulty: FaultStack, before: Mapping[str, int]) -> dict[str, object]:
    """Return everything that should not be there, by kind."""
    async with faulty.database() as database, leaks.store(faulty.stack) as store:
        rows, sessions = await leaks.unfinished(database), await leaks.database_sessions(database)
        uploads = await leaks.open_uploads(store)
    grown = {
        name: (before[name], now)
        for name, now in _descriptors(faulty).items()
        if now > before[name] + SPARE_DESCRIPTORS
    }
    busy = {
        process: states
        for process, states in sessions.items()
        if set(states) != {"idle"} or states.total() > POOL_MAX
    }
    found = {
        "rows": rows,
        "database sessions": busy,
        "multipart uploads": uploads,
        "messages": await leaks.messages(faulty.stack),
        "descriptors": grown,
        "encoders": leaks.encoders(faulty.stack),
    }
    return {what: one for what, one in found.items() if one}


def _descriptors(faulty: FaultStack) -> dict[str, int]:
    return leaks.descriptors(faulty.stack, faulty.proxies["database"].port)
