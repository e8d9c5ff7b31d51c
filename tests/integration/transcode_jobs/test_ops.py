"""The operators' command, as a process, as they run it."""

import asyncio
from functools import partial
from pathlib import Path
from uuid import uuid4

import msgspec
from click.testing import CliRunner

from reel_testing.transcode_builders import FakeTranscoder, a_request
from reel_testing.transcode_process import environment, run_ops
from reel_testing.transcode_system import TranscodeSystem
from reel_testing.waiting import until
from transcode_service.adapters.pg_transaction import transactions
from transcode_service.bootstrap import job_deps
from transcode_service.consumers.sweeper import Sweeper
from transcode_service.ops import main
from transcode_service.usecases.run_job import run_job
from transcode_service.usecases.take_lease import take_lease


async def test_jobs_and_attempts_are_shown(system: TranscodeSystem, tmp_path: Path) -> None:
    request = a_request()
    begin = transactions(system.clients.pool)
    await run_job(request, job_deps(begin, FakeTranscoder(), Sweeper(), system.settings))

    _, listed = await run_ops(system.settings, tmp_path, "jobs", "--state", "SUCCEEDED")
    _, shown = await run_ops(system.settings, tmp_path, "job", str(request.job_id))

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
    status, output = await run_ops(system.settings, tmp_path, "job", str(uuid4()))

    assert status == 1
    assert "There is no job" in output


async def test_a_dead_webhook_is_listed_and_replayed(
    system: TranscodeSystem, tmp_path: Path
) -> None:
    request = a_request()
    begin = transactions(system.clients.pool)
    await run_job(request, job_deps(begin, FakeTranscoder(), Sweeper(), system.settings))
    await system.clients.pool.execute("UPDATE outbox SET dead_at = now(), last_error = '404'")

    _, listed = await run_ops(system.settings, tmp_path, "dead")
    _, replayed = await run_ops(system.settings, tmp_path, "replay", "--all")
    async with system.working(FakeTranscoder()):
        await until(lambda: bool(system.webhooks.of(request.video_id)))

    [dead] = (msgspec.json.decode(line) for line in listed.splitlines())
    assert (dead["destination"], dead["lastError"]) == ("video-webhook", "404")
    assert replayed == "1 to be delivered again\n"


async def test_a_pause_is_ordered_seen_and_ended(system: TranscodeSystem) -> None:
    begin = transactions(system.clients.pool)
    await take_lease(a_request(), job_deps(begin, FakeTranscoder(), Sweeper(), system.settings))

    ask = partial(CliRunner(env=environment(system.settings)).invoke, main)

    paused = await asyncio.to_thread(ask, ["pause", "--reason", "roll back", "--now"])
    again = await asyncio.to_thread(ask, ["pause"])
    asked = await asyncio.to_thread(ask, ["status"])
    resumed = await asyncio.to_thread(ask, ["resume"])

    answers = (paused.output, again.output, asked.output, resumed.output)
    first, second, third, last = map(msgspec.json.decode, answers)
    assert (first["paused"], first["reason"], first["interrupt"]) == (True, "roll back", True)
    assert first["unfinished"] == {"QUEUED": 0, "RUNNING": 1}
    assert (second["reason"], second["interrupt"]) == ("roll back", False)
    assert second["pausedAt"] == first["pausedAt"]
    assert third == second
    assert (last["paused"], last["pausedAt"], last["reason"]) == (False, None, None)
