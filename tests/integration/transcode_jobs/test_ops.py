"""The operators' command, as a process, as they run it."""

import asyncio
import sys
from pathlib import Path
from uuid import uuid4

import msgspec

from reel_stack.environment import base_environment
from reel_testing.transcode_builders import FakeTranscoder, a_request
from reel_testing.transcode_process import environment
from reel_testing.transcode_system import TranscodeSystem
from reel_testing.waiting import until
from transcode_service.adapters.pg_transaction import transactions
from transcode_service.bootstrap import job_deps
from transcode_service.consumers.sweeper import Sweeper
from transcode_service.usecases.run_job import run_job


async def ops(system: TranscodeSystem, folder: Path, *arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "transcode_service.ops",
        *arguments,
        env={**base_environment(folder), **environment(system.settings)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_jobs_and_attempts_are_shown(system: TranscodeSystem, tmp_path: Path) -> None:
    request = a_request()
    begin = transactions(system.clients.pool)
    await run_job(request, job_deps(begin, FakeTranscoder(), Sweeper(), system.settings))

    _, listed = await ops(system, tmp_path, "jobs", "--state", "SUCCEEDED")
    _, shown = await ops(system, tmp_path, "job", str(request.job_id))

    assert [msgspec.json.decode(line)["id"] for line in listed.splitlines()] == [
        str(request.job_id)
    ]
    job, attempt = (msgspec.json.decode(line) for line in shown.splitlines())
    assert (job["state"], attempt["prefix"]) == (
        "SUCCEEDED",
        f"videos/{request.video_id}/hls/",
    )
    assert attempt["plan"]["displayed"] == "1920x1080"
    assert attempt["plan"]["why"] == ["picture: unknown → 30 frames/s", "sound: no audio"]
    assert attempt["verdict"]["findings"] == []
    assert attempt["verdict"]["segments"] == 2


async def test_an_unknown_job_is_an_error(system: TranscodeSystem, tmp_path: Path) -> None:
    status, output = await ops(system, tmp_path, "job", str(uuid4()))

    assert status == 1
    assert "There is no job" in output


async def test_a_dead_webhook_is_listed_and_replayed(
    system: TranscodeSystem, tmp_path: Path
) -> None:
    request = a_request()
    begin = transactions(system.clients.pool)
    await run_job(request, job_deps(begin, FakeTranscoder(), Sweeper(), system.settings))
    await system.clients.pool.execute("UPDATE outbox SET dead_at = now(), last_error = '404'")

    _, listed = await ops(system, tmp_path, "dead")
    _, replayed = await ops(system, tmp_path, "replay", "--all")
    async with system.working(FakeTranscoder()):
        await until(lambda: bool(system.webhooks.of(request.video_id)))

    [dead] = (msgspec.json.decode(line) for line in listed.splitlines())
    assert (dead["destination"], dead["lastError"]) == ("video-webhook", "404")
    assert replayed == "1 to be delivered again\n"
