"""The service as operators meet it: processes, signals, the ops command."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from click.testing import CliRunner, Result

from reel_testing.internal import told_on
from reel_testing.upload.builders import MIB
from reel_testing.upload.service import UploadSystem
from upload_service.ops import ops

START_S = 60
STOP_S = 20


@asynccontextmanager
async def running(system: UploadSystem, module: str) -> AsyncGenerator[Process]:
    """A process of the service, with a port of its own choice; killed if it is left running."""
    environment = {
        **os.environ,
        **system.environment,
        "UPLOAD_PORT": "0",
        "UPLOAD_WORKER_PORT": "0",
    }
    arguments = ("-m", f"upload_service.{module}")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stdout=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def logged(process: Process, event: str) -> dict[str, Any]:
    """Wait for a log line and return it."""
    assert process.stdout is not None
    async with asyncio.timeout(START_S):
        async for line in process.stdout:
            entry: dict[str, Any] = json.loads(line)
            if entry["event"] == event:
                return entry
    raise AssertionError(f"The process ended without {event}")


async def stopped(process: Process) -> int:
    """Ask the process to end, as a supervisor does; return its exit code."""
    process.terminate()
    async with asyncio.timeout(STOP_S):
        await process.communicate()
    assert process.returncode is not None
    return process.returncode


async def run_ops(system: UploadSystem, arguments: Sequence[str]) -> Result:
    runner = CliRunner(env=system.environment)
    return await asyncio.to_thread(runner.invoke, ops, arguments)


async def test_the_http_process_serves_until_it_is_told_to_stop(system: UploadSystem) -> None:
    async with running(system, "asgi") as process:
        entry = await logged(process, "http_listening")
        [port] = entry["ports"]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            healthy = await client.get("/healthz")
            unknown = await client.get("/nowhere")

        assert (healthy.status_code, unknown.status_code) == (200, 404)
        assert unknown.headers["content-type"] == "application/problem+json"
        assert await stopped(process) == 0


async def test_the_worker_delivers_and_stops_when_told(system: UploadSystem) -> None:
    session_id = await system.agent.open(uuid4(), 6 * MIB)
    await system.agent.do(session_id, "cancel")

    async with running(system, "worker") as process:
        [port] = (await logged(process, "http_listening"))["ports"]
        await system.until(lambda: len(system.videos.statuses(session_id)) == 2)
        told = await told_on(port)

        assert await stopped(process) == 0
    assert (told.status, set(told.checks)) == (200, {"database", "store", "queue"})
    assert told.value("reel_outbox_pending_messages") + told.value("reel_outbox_dead_messages") <= 1
    assert not told.names_somebody
    assert [str(status) for status in system.videos.statuses(session_id)] == [
        "INITIATED",
        "CANCELED",
    ]


async def test_migrating_again_changes_nothing(system: UploadSystem) -> None:
    async with running(system, "migrate") as process:
        await logged(process, "schema_migrated")
        await process.communicate()

        assert process.returncode == 0


async def test_a_webhook_that_was_given_up_is_listed_and_replayed(system: UploadSystem) -> None:
    session_id = await system.agent.open(uuid4(), 6 * MIB)
    await system.agent.do(session_id, "cancel")
    system.videos.answers = [400]

    async def is_dead() -> bool:
        return bool(await system.infra.pool.fetchval("SELECT dead_at FROM outbox"))

    async with system.working():
        await system.until(is_dead)
    listed = await run_ops(system, ["dead"])
    replayed = await run_ops(system, ["replay", "--all"])
    async with system.working():
        await system.until(lambda: len(system.videos.statuses(session_id)) == 3)

    [row] = [json.loads(line) for line in listed.output.splitlines()]
    assert (row["body"]["status"], row["destination"]) == ("CANCELED", "video-webhook")
    assert "400" in row["last_error"]
    assert json.loads(replayed.output) == {"replayed": 1}


async def test_a_session_is_shown_as_stored(system: UploadSystem) -> None:
    video_id = uuid4()
    session_id = await system.agent.open(video_id, 6 * MIB)

    shown = await run_ops(system, ["session", str(session_id)])
    listed = await run_ops(system, ["sessions", str(video_id)])
    unknown = await run_ops(system, ["session", str(uuid4())])

    row = json.loads(shown.output)
    assert (row["id"], row["status"]) == (str(session_id), "INITIATED")
    assert listed.output == shown.output
    assert (unknown.exit_code, "No upload session" in unknown.output) == (1, True)


@pytest.mark.parametrize("command", ["dead", "replay", "session", "sessions"])
async def test_every_command_explains_itself(command: str) -> None:
    result = await asyncio.to_thread(CliRunner().invoke, ops, [command, "--help"])

    assert (result.exit_code, "Usage:" in result.output) == (0, True)
