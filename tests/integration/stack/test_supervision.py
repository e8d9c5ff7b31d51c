"""Services are restarted, servers are not, and nothing of a part outlives it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator

import psutil
import pytest

from reel_stack.errors import PartFailed
from reel_stack.layout import Layout
from reel_stack.parts import Part
from reel_stack.probes import accepts_connections, until
from reel_stack.supervisor import Supervisor
from reel_testing.processes import processes_of
from reel_testing.stack import layout_for, state_directory
from reel_testing.supervised import supervised

LIMIT_S = 30
SLEEPS = "import signal; signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
# A daemon as Swift's and PostgreSQL's: forks a child that leaves the session and the group.
DAEMON = "import os, signal; os.fork() or os.setsid(); signal.pause()"


@pytest.fixture
async def layout() -> AsyncGenerator[Layout]:
    async with state_directory() as directory:
        yield layout_for(directory / "var")


def a_part(name: str, program: str, *, is_service: bool = False, stop_s: float = 10) -> Part:
    argv = (sys.executable, "-c", program)
    return Part(name=name, argv=argv, is_service=is_service, stop_s=stop_s)


async def _another_pid(supervisor: Supervisor, name: str, old: int) -> int:
    async def restarted() -> bool:
        return supervisor.pids()[name] != old and psutil.pid_exists(supervisor.pids()[name])

    async with asyncio.timeout(LIMIT_S):
        await until(restarted)
    return supervisor.pids()[name]


async def _run_until_one_fails(layout: Layout, *parts: Part) -> None:
    async with supervised(layout) as supervisor:
        for part in parts:
            await supervisor.start(part)
        async with asyncio.timeout(LIMIT_S):
            await asyncio.Event().wait()


async def test_a_killed_service_is_started_again(layout: Layout) -> None:
    async with supervised(layout) as supervisor:
        await supervisor.start(a_part("service", SLEEPS, is_service=True))
        first = supervisor.pids()["service"]
        told = asyncio.Event()
        supervisor.on_restart = told.set

        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(LIMIT_S):
            await told.wait()

        assert await _another_pid(supervisor, "service", first) != first
    assert processes_of(layout.var) == []


async def test_a_killed_server_ends_everything_and_quotes_its_log(layout: Layout) -> None:
    complaint = "print('disk full'); raise SystemExit(3)"

    with pytest.raises(ExceptionGroup) as raised:
        await _run_until_one_fails(
            layout, a_part("service", SLEEPS, is_service=True), a_part("server", complaint)
        )

    (failure,) = raised.value.exceptions
    assert isinstance(failure, PartFailed)
    assert "server ended with status 3" in str(failure)
    assert "disk full" in str(failure)
    assert processes_of(layout.var) == []


async def test_a_killed_server_is_started_again_if_that_is_wanted(layout: Layout) -> None:
    async with supervised(layout, restart_servers=True) as supervisor:
        await supervisor.start(a_part("server", SLEEPS))
        first = supervisor.pids()["server"]

        os.kill(first, signal.SIGKILL)

        assert await _another_pid(supervisor, "server", first) != first
    assert processes_of(layout.var) == []


async def test_a_part_that_runs_briefly_is_gone_behind_its_block(layout: Layout) -> None:
    async with supervised(layout) as supervisor:
        async with supervisor.briefly(a_part("server", SLEEPS)):
            assert len(processes_of(layout.var)) > 0
        assert processes_of(layout.var) == []
        assert supervisor.pids() == {}


async def test_descendants_in_other_sessions_end_with_their_part(layout: Layout) -> None:
    async with supervised(layout) as supervisor:
        await supervisor.start(a_part("daemon", DAEMON))

        async def has_forked() -> bool:
            return len(processes_of(layout.var)) >= 3

        async with asyncio.timeout(LIMIT_S):
            await until(has_forked)

    assert processes_of(layout.var) == []


async def test_a_part_that_ignores_its_stop_signal_is_killed(layout: Layout) -> None:
    async with supervised(layout) as supervisor:
        await supervisor.start(a_part("deaf", DEAF, stop_s=0.2))

    assert processes_of(layout.var) == []


async def test_a_part_that_ends_before_it_is_ready_is_reported_at_once(layout: Layout) -> None:
    part = Part(
        name="server",
        argv=(sys.executable, "-c", "raise SystemExit('no such option')"),
        ready=accepts_connections(9),
    )

    with pytest.raises(ExceptionGroup) as raised:
        await _run_until_one_fails(layout, part)

    assert "no such option" in str(raised.value.exceptions[0])


async def test_a_program_that_is_not_there_is_named(layout: Layout) -> None:
    part = Part(name="server", argv=("/no/such/program",))

    with pytest.raises(ExceptionGroup) as raised:
        await _run_until_one_fails(layout, part)

    assert "/no/such/program: No such file or directory" in str(raised.value.exceptions[0])
