"""Duplicates and races: one effect each, no 5xx, and READY stays READY."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from reel_messaging.webhooks import sign
from reel_testing.phone import Json, Phone
from reel_testing.stack import RunningStack

JSON = {"content-type": "application/json"}
WRONG_SECRET = "whsec_" + "QUFB" * 8


async def post(
    stack: RunningStack, body: Json, headers: dict[str, str], *, to: str = "transcoding"
) -> httpx.Response:
    """Post to video-service's internal address, as a service would."""
    async with httpx.AsyncClient(base_url=stack.services["video-service"], timeout=10) as http:
        raw = json.dumps(body).encode()
        return await http.post(f"/api/webhooks/{to}", content=raw, headers=JSON | headers)


def signed(secret: str, body: Json, *, message_id: str = "", age_s: int = 0) -> dict[str, str]:
    sent_at = datetime.now(UTC) - timedelta(seconds=age_s)
    raw = json.dumps(body).encode()
    return sign(Webhook(secret), message_id or str(uuid4()), raw, now=sent_at)


def ready_body(video_id: str, prefix: str = "hls/a9") -> Json:
    master = {"type": "HLS_MASTER", "fileKey": f"videos/{video_id}/{prefix}/master.m3u8"}
    facts = {"durationSeconds": 1.0, "width": 2, "height": 2}
    return {"videoId": video_id, "status": "READY", "assets": [master], **facts}


def failed_body(video_id: str) -> Json:
    return {"videoId": video_id, "status": "FAILED", "failReason": "TRANSCODE_ERROR"}


@pytest.fixture
async def ready(app: Phone, short_clip: Path) -> Json:
    video_id = await app.send(short_clip)
    view = await app.wait_final(video_id)
    assert view["status"] == "READY", view
    return view


async def test_nothing_moves_a_ready_video(app: Phone, ready: Json, stack: RunningStack) -> None:
    secret = stack.secrets["transcodeWebhookSecret"]
    bodies = [failed_body(ready["id"]), ready_body(ready["id"])]

    answers = [await post(stack, body, signed(secret, body)) for body in bodies]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert await app.get(ready["id"]) == ready


async def test_a_webhook_delivered_twice_has_one_effect(app: Phone, stack: RunningStack) -> None:
    video = await app.create(mime="video/mp4", size_bytes=1000)
    secret = stack.secrets["uploadWebhookSecret"]
    session_id = str(uuid4())
    admission = {
        "uploadSessionId": session_id,
        "videoId": video["id"],
        "ownerId": str(app.owner),
        "status": "INITIATED",
    }
    canceled = {"uploadSessionId": session_id, "videoId": video["id"], "status": "CANCELED"}
    await post(stack, admission, signed(secret, admission), to="uploads")
    headers = signed(secret, canceled)

    first = await post(stack, canceled, headers, to="uploads")
    after_first = await app.get(video["id"])
    second = await post(stack, canceled, headers, to="uploads")

    assert (first.status_code, second.status_code) == (204, 204)
    assert after_first["failReason"] == "UPLOAD_CANCELED"
    assert await app.get(video["id"]) == after_first


async def test_completing_at_once_and_again_has_one_effect(app: Phone, short_clip: Path) -> None:
    data = await asyncio.to_thread(short_clip.read_bytes)
    video_id, upload = await app.uploaded(data, mime="video/quicktime")

    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(app.complete(**upload)) for _ in range(4)]

    answers = [call.result() for call in calls]
    assert {answer["status"] for answer in answers} == {"COMPLETED"}
    assert (await app.complete(**upload))["status"] == "COMPLETED"
    assert (await app.wait_final(video_id))["status"] == "READY"


async def test_a_repeated_queue_message_changes_nothing(
    app: Phone, ready: Json, stack: RunningStack
) -> None:
    message = {
        "type": "TranscodeRequested.v1",
        "jobId": str(uuid4()),
        "videoId": ready["id"],
        "sourceFileKey": f"videos/{ready['id']}/source.mov",
        "sourceSizeBytes": 1000,
        "sourceMime": "video/quicktime",
        "qualities": ["480p"],
        "requestedAt": "2026-01-01T00:00:00Z",
    }

    async with stack.sqs() as sqs:
        for _ in range(2):
            await sqs.send_message(
                QueueUrl=stack.queues["reel-transcode-jobs"], MessageBody=json.dumps(message)
            )
    await stack.drained("reel-transcode-jobs", within_s=30)

    assert await app.get(ready["id"]) == ready


async def test_a_forged_webhook_is_refused_and_changes_nothing(
    app: Phone, stack: RunningStack
) -> None:
    video = await app.create(mime="video/mp4", size_bytes=1000)
    before = await app.get(video["id"])
    body = failed_body(video["id"])
    own, others = stack.secrets["transcodeWebhookSecret"], stack.secrets["uploadWebhookSecret"]
    forgeries = {
        "unsigned": {},
        "wrong secret": signed(WRONG_SECRET, body),
        "another service's secret": signed(others, body),
        "stale": signed(own, body, age_s=301),
        "replayed onto another body": signed(own, ready_body(video["id"])),
        "replayed under another id": signed(own, body) | {"webhook-id": str(uuid4())},
    }

    answers = {name: await post(stack, body, headers) for name, headers in forgeries.items()}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        forgeries, 401
    )
    types = {answer.headers["content-type"] for answer in answers.values()}
    assert types == {"application/problem+json"}
    assert await app.get(video["id"]) == before
