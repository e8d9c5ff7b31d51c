"""The entry points as a deployment starts them: `python -m video_service.…`."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from reel_contracts.events import TranscodeRequested
from reel_messaging.sqs import sqs_client
from reel_testing.infra import Infra
from reel_testing.internal import told_on
from reel_testing.plugin import NewBucket, NewDatabase, NewQueue
from reel_testing.tokens import TokenIssuer
from reel_testing.video_service import VideoService, new_secret, video_service
from reel_testing.waiting import until

NOBODYS = "0194a5f6-0000-4000-8000-00000000abcd"
AGES = [
    *("VIDEO_DRAFT_MAX_S", "VIDEO_UPLOADING_MAX_S", "VIDEO_TRANSCODING_QUIET_S"),
    "VIDEO_ERASE_AFTER_S",
]
MARK_DEAD = "UPDATE outbox SET dead_at = now(), last_error = 'no such queue' WHERE key = $1"


@dataclass(frozen=True)
class Deployment:
    """One database and three queues, and the variables that lead there."""

    env: dict[str, str]
    database_url: str
    jobs_url: str


@pytest.fixture
async def deployment(
    infra: Infra, new_database: NewDatabase, new_queue: NewQueue, new_bucket: NewBucket
) -> Deployment:
    database_url, queues = await new_database("video"), [(await new_queue()).url for _ in range(3)]
    values = {
        "DATABASE_URL": database_url,
        "PORT": "0",
        "WORKER_PORT": "0",
        "JWT_PUBLIC_KEY": TokenIssuer().public_pem.replace("\n", "\\n"),
        "CDN_BASE_URL": "https://cdn.example.com",
        "S3_ENDPOINT_URL": infra.s3.endpoint_url,
        "S3_BUCKET": await new_bucket(),
        "S3_ACCESS_KEY_ID": infra.s3.access_key_id,
        "S3_SECRET_ACCESS_KEY": infra.s3.secret_access_key,
        "SQS_ENDPOINT_URL": infra.sqs.endpoint_url,
        "SQS_ACCESS_KEY_ID": infra.sqs.access_key_id,
        "SQS_SECRET_ACCESS_KEY": infra.sqs.secret_access_key,
        "TRANSCODE_JOBS_QUEUE_URL": queues[0],
        "UPLOAD_EVENTS_QUEUE_URL": queues[1],
        "TRANSCODE_EVENTS_QUEUE_URL": queues[2],
        "UPLOAD_WEBHOOK_SECRETS": f"{new_secret()},{new_secret()}",
        "TRANSCODE_WEBHOOK_SECRETS": new_secret(),
    }
    given = {f"VIDEO_{name}": value for name, value in values.items() if value is not None}
    return Deployment({"PATH": os.defpath, **given}, database_url, queues[0])


@asynccontextmanager
async def running(module: str, env: dict[str, str]) -> AsyncGenerator[Process]:
    """Run an entry point; whatever the test did, it is gone afterwards."""
    argv = (sys.executable, "-m", f"video_service.{module}")
    process = await asyncio.create_subprocess_exec(*argv, stdout=PIPE, env=env)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def logged(process: Process, event: str) -> dict[str, Any]:
    """Read the log up to a line with `event`."""
    assert process.stdout is not None
    async with asyncio.timeout(30):
        async for line in process.stdout:
            entry = json.loads(line)
            if entry["event"] == event:
                return entry
    raise AssertionError(f"{event} was never logged")


async def stopped(process: Process) -> int:
    process.terminate()
    async with asyncio.timeout(15):
        await process.communicate()
    assert process.returncode is not None
    return process.returncode


async def ops(deployment: Deployment, *arguments: str) -> tuple[int, str]:
    argv = (sys.executable, "-m", "video_service.ops", *arguments)
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=PIPE, stderr=PIPE, env=deployment.env
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (out + err).decode()


async def readiness(process: Process) -> httpx.Response:
    [port] = (await logged(process, "http_listening"))["ports"]
    async with httpx.AsyncClient(trust_env=False) as http:
        return await http.get(f"http://127.0.0.1:{port}/readyz")


async def test_the_http_process_is_ready_and_stops_when_told(deployment: Deployment) -> None:
    async with running("asgi", deployment.env) as process:
        answer = await readiness(process)

        assert answer.status_code == 200
        assert answer.json()["checks"] == {
            "database": "ok",
            "queue:transcode-jobs": "ok",
            "queue:upload-events": "ok",
            "queue:transcode-events": "ok",
        }
        assert await stopped(process) == 0


async def test_a_missing_queue_makes_the_process_not_ready(deployment: Deployment) -> None:
    nowhere = f"{deployment.jobs_url}-gone"
    env = {**deployment.env, "VIDEO_TRANSCODE_JOBS_QUEUE_URL": nowhere}

    async with running("asgi", env) as process:
        answer = await readiness(process)

    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert (checks["queue:transcode-jobs"], checks["database"]) == ("unavailable", "ok")


async def test_the_worker_puts_jobs_on_the_queue_and_stops_when_told(
    deployment: Deployment, infra: Infra, owner: UUID
) -> None:
    async with video_service(deployment.database_url) as service, sqs_client(infra.sqs) as sqs:
        async with running("worker", deployment.env) as process:
            await logged(process, "worker_started")
            video_id = await service.given(owner, "UPLOADED")

            await until(lambda: has_status(service, video_id, "TRANSCODING"))
            told = await told_on((await logged(process, "http_listening"))["ports"][0])

            assert await stopped(process) == 0
        received = await sqs.receive_message(QueueUrl=deployment.jobs_url, WaitTimeSeconds=5)

    assert (told.status, told.checks["database"]) == (200, "ok")
    delivered = {"destination": "transcode-jobs", "outcome": "delivered"}
    assert told.value("reel_outbox_deliveries_total", **delivered) == 1
    assert told.value("reel_outbox_pending_messages") == 0
    assert not told.names_somebody
    [message] = received["Messages"]
    job = msgspec.json.decode(message.get("Body", ""), type=TranscodeRequested)
    assert (str(job.video_id), job.source_file_key) == (video_id, f"videos/{video_id}/source.mp4")


async def test_what_waited_too_long_is_counted_by_state_and_reason(
    deployment: Deployment, owner: UUID
) -> None:
    env = {**deployment.env, "VIDEO_SWEEP_INTERVAL_S": "0.2", **dict.fromkeys(AGES, "0.001")}
    async with video_service(deployment.database_url) as service:
        for status in ("DRAFT", "UPLOADING"):
            await service.given(owner, status)
        silent, deleted = [
            await service.given(owner, status) for status in ("TRANSCODING", "READY")
        ]
        await service.call(owner, "DELETE", f"/{deleted}")

        async with running("worker", env) as process:
            [port] = (await logged(process, "http_listening"))["ports"]
            await until(lambda: has_status(service, silent, "FAILED"))
            told = await told_on(port)

    def reaped(kind: str, outcome: str, reason: str = "") -> float:
        labels = {"kind": kind, "outcome": outcome, "reason": reason}
        return told.value("reel_video_reaped_total", **labels)

    assert reaped("DRAFT", "expire", "DRAFT_EXPIRED") == 1
    assert reaped("UPLOADING", "fail_upload", "UPLOAD_EXPIRED") == 1
    assert reaped("TRANSCODING", "ask") == 1
    assert reaped("TRANSCODING", "fail_transcode", "TRANSCODE_TIMEOUT") == 1
    assert told.value("reel_video_overdue_purges") == 2
    assert not told.names_somebody


async def has_status(service: VideoService, video_id: str, status: str) -> bool:
    return (await service.row(video_id))["status"] == status


@pytest.mark.parametrize("module", ["asgi", "worker", "migrate"])
async def test_a_process_without_its_settings_does_not_start(module: str) -> None:
    argv = (sys.executable, "-m", f"video_service.{module}")

    process = await asyncio.create_subprocess_exec(*argv, stderr=PIPE, env={"PATH": os.defpath})
    _, complaint = await process.communicate()

    assert process.returncode == 1
    assert b"VIDEO_DATABASE_URL is missing" in complaint


async def test_an_operator_sees_a_video_and_replays_its_dead_messages(
    deployment: Deployment, owner: UUID
) -> None:
    async with video_service(deployment.database_url) as service:
        video_id = await service.given(owner, "UPLOADED")
        [row] = await service.outbox_rows(video_id)
        await service.pool.execute(MARK_DEAD, UUID(video_id))

        shown = json.loads((await ops(deployment, "video", video_id))[1])
        _, dead = await ops(deployment, "dead")
        replayed = await ops(deployment, "replay", str(row.id))
        again = await ops(deployment, "replay", str(row.id))
        _, left = await ops(deployment, "depth")

    assert (shown["status"], shown["assets"]) == ("UPLOADED", [])
    assert [message["last_error"] for message in shown["messages"]] == ["no such queue"]
    assert json.loads(dead)["id"] == str(row.id)
    assert replayed == (0, "1 replayed\n")
    assert again[0] == 1
    assert (json.loads(left)["pending"], json.loads(left)["dead"]) == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(("video", NOBODYS), "No video"), (("replay",), "Name message ids, or pass --all")],
)
async def test_an_operator_is_told_what_is_wrong(
    deployment: Deployment, arguments: tuple[str, ...], complaint: str
) -> None:
    code, output = await ops(deployment, *arguments)

    assert code != 0
    assert complaint in output
