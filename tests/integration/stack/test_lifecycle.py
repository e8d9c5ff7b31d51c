"""How a stack ends, and what it leaves: data, and no process."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
import psutil
import pytest

from reel_messaging.sqs import sqs_client
from reel_stack import keys, lock, stackfile
from reel_stack.databases import in_database
from reel_stack.keys import ADMIN, Secrets
from reel_stack.layout import Layout
from reel_stack.probes import until
from reel_stack.queue import queue_url
from reel_storage.client import s3_client
from reel_testing.infra import s3_settings, sqs_settings
from reel_testing.processes import processes_of
from reel_testing.stack import layout_for, state_directory

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

START_S = 90
END_S = 60


@dataclass
class Runner:
    """`reel-stack up --parts infra`, started as a person would start it."""

    process: asyncio.subprocess.Process
    layout: Layout

    @property
    def stack(self) -> stackfile.Stack:
        found = stackfile.read(self.layout.stackfile)
        assert found is not None
        return found

    @property
    def secrets(self) -> Secrets:
        return keys.load(self.layout.secrets)

    async def output(self) -> str:
        """Everything it printed, once it has ended."""
        assert self.process.stdout is not None
        async with asyncio.timeout(END_S):
            printed = await self.process.stdout.read()
            await self.process.wait()
        return printed.decode()


@pytest.fixture
async def layout() -> AsyncGenerator[Layout]:
    async with state_directory() as directory:
        yield layout_for(directory / "var")


async def _command(layout: Layout, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "reel_stack",
        *arguments,
        f"--var={layout.var}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "REEL_SERVERS_VENV": str(layout.servers)},
    )


@asynccontextmanager
async def _up(layout: Layout) -> AsyncGenerator[Runner]:
    process = await _command(layout, "up", "--parts=infra")

    async def is_up() -> bool:
        assert process.returncode is None, "the stack did not come up"
        return stackfile.read(layout.stackfile) is not None

    try:
        async with asyncio.timeout(START_S):
            await until(is_up)
        yield Runner(process, layout)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _gone(layout: Layout) -> None:
    async def nothing_left() -> bool:
        return not lock.is_held(layout.lock) and not processes_of(layout.var)

    async with asyncio.timeout(END_S):
        await until(nothing_left)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_every_process_and_is_a_success(
    layout: Layout, signum: signal.Signals
) -> None:
    async with _up(layout) as runner:
        assert len(processes_of(layout.var)) > 10

        runner.process.send_signal(signum)
        printed = await runner.output()

        assert runner.process.returncode == 0, printed
        assert processes_of(layout.var) == []
        assert stackfile.read(layout.stackfile) is None


async def test_no_process_outlives_a_killed_runner(layout: Layout) -> None:
    async with _up(layout) as runner:
        runner.process.kill()

        await _gone(layout)


async def test_no_process_outlives_a_killed_reaper(layout: Layout) -> None:
    async with _up(layout) as runner:
        postgres = runner.stack.pids["postgres"]
        reaper = psutil.Process(postgres).ppid()

        os.kill(reaper, signal.SIGKILL)
        printed = await runner.output()

        assert "postgres ended with status" in printed
        await _gone(layout)


@pytest.mark.parametrize("server", ["objectstore", "postgres", "queue"])
async def test_a_server_that_dies_ends_the_stack_and_says_so(layout: Layout, server: str) -> None:
    async with _up(layout) as runner:
        os.kill(runner.stack.pids[server], signal.SIGKILL)
        printed = await runner.output()

        assert runner.process.returncode == 1
        assert f"{server} ended with status 137" in printed
        assert processes_of(layout.var) == []


async def test_a_second_stack_on_the_same_directory_is_refused(layout: Layout) -> None:
    async with _up(layout) as runner:
        second = await _command(layout, "up", "--parts=infra")
        printed, _ = await second.communicate()

        assert second.returncode == 1
        assert f"a stack runs already on {layout.var} (pid {runner.process.pid})" in " ".join(
            printed.decode().split()
        )
        assert runner.process.returncode is None


async def test_down_ends_a_detached_stack_and_waits_for_it(layout: Layout) -> None:
    up = await _command(layout, "up", "--parts=infra", "--detach")
    await up.communicate()
    assert up.returncode == 0
    assert processes_of(layout.var)

    again = await _command(layout, "up", "--parts=infra", "--detach")
    await again.communicate()
    down = await _command(layout, "down")
    printed, _ = await down.communicate()

    assert again.returncode == 0
    assert (down.returncode, printed) == (0, b"stopped\n")
    assert processes_of(layout.var) == []


async def _write_everywhere(runner: Runner) -> None:
    connection = await asyncpg.connect(_database_url(runner), timeout=10)
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    await connection.close()
    async with s3_client(s3_settings(runner.stack.s3_url, runner.secrets.s3_keys[ADMIN])) as s3:
        await s3.put_object(Bucket="reel-media", Key="kept", Body=b"42")
    async with _sqs(runner, "video-service") as sqs:
        await sqs.send_message(QueueUrl=_events(runner), MessageBody="42")


async def _read_everywhere(runner: Runner) -> Mapping[str, object]:
    connection = await asyncpg.connect(_database_url(runner), timeout=10)
    row = await connection.fetchval("SELECT answer FROM kept")
    await connection.close()
    async with s3_client(s3_settings(runner.stack.s3_url, runner.secrets.s3_keys[ADMIN])) as s3:
        found = await s3.get_object(Bucket="reel-media", Key="kept")
        body = await found["Body"].read()
    async with _sqs(runner, "upload-service") as sqs:
        received = await sqs.receive_message(QueueUrl=_events(runner), WaitTimeSeconds=5)
    messages = [message.get("Body") for message in received.get("Messages", [])]
    return {"row": row, "object": body, "messages": messages}


def _database_url(runner: Runner) -> str:
    password = runner.secrets.postgres_passwords[ADMIN]
    return in_database(runner.stack.postgres_url.replace("@", f":{password}@", 1), "reel")


def _sqs(runner: Runner, service: str) -> AbstractAsyncContextManager["SQSClient"]:
    return sqs_client(sqs_settings(runner.stack.sqs_url, runner.secrets.sqs_keys[service]))


def _events(runner: Runner) -> str:
    return queue_url(runner.stack.sqs_url, "reel-upload-events")


async def test_a_restart_keeps_rows_objects_messages_and_keys(layout: Layout) -> None:
    async with _up(layout) as runner:
        before = runner.secrets
        await _write_everywhere(runner)
    assert processes_of(layout.var) == []

    async with _up(layout) as runner:
        kept = await _read_everywhere(runner)

        assert kept == {"row": 42, "object": b"42", "messages": ["42"]}
        assert runner.secrets == before
