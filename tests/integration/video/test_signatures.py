"""A webhook without a genuine signature is refused and changes nothing (Standard Webhooks)."""

from collections.abc import Mapping
from datetime import timedelta
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from reel_kernel.clock import utc_now
from reel_messaging.webhooks import WebhookSender
from reel_testing.video_service import TRANSCODING, UPLOADS, VideoService, film_of, new_secret


async def post(
    service: VideoService, path: str, body: bytes, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    json_type = {"content-type": "application/json"}
    return await service.http.post(path, content=body, headers={**json_type, **(headers or {})})


def canceled(video_id: str, session: object) -> bytes:
    body = {"uploadSessionId": str(session), "videoId": video_id, "status": "CANCELED"}
    return msgspec.json.encode(body)


async def an_upload(service: VideoService, owner: UUID) -> tuple[str, bytes, dict[str, Any]]:
    video_id = await service.given(owner, "UPLOADING")
    row = await service.row(video_id)
    return video_id, canceled(video_id, row["upload_session_id"]), row


def assert_refused(response: httpx.Response) -> None:
    assert (response.status_code, response.json()["code"]) == (401, "bad-signature")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"] == 'Webhook-Signature realm="reel"'


async def test_an_unsigned_webhook_changes_nothing(service: VideoService, owner: UUID) -> None:
    video_id, body, before = await an_upload(service, owner)

    assert_refused(await post(service, UPLOADS, body))

    assert await service.row(video_id) == before


async def test_an_access_token_is_no_signature(service: VideoService, owner: UUID) -> None:
    video_id, body, before = await an_upload(service, owner)

    assert_refused(await post(service, UPLOADS, body, service.tokens.header(owner)))

    assert await service.row(video_id) == before


async def test_an_unknown_secret_changes_nothing(service: VideoService, owner: UUID) -> None:
    video_id, body, before = await an_upload(service, owner)

    assert_refused(await WebhookSender(service.http, UPLOADS, new_secret()).send(uuid4(), body))

    assert await service.row(video_id) == before


async def test_a_sender_cannot_speak_at_the_others_endpoint(
    service: VideoService, owner: UUID
) -> None:
    video_id, body, before = await an_upload(service, owner)
    transcoder = WebhookSender(service.http, UPLOADS, service.secrets.transcode)
    film = msgspec.json.encode({"videoId": video_id, "status": "READY", **film_of(video_id)})
    uploader = WebhookSender(service.http, TRANSCODING, service.secrets.upload)

    assert_refused(await transcoder.send(uuid4(), body))
    assert_refused(await uploader.send(uuid4(), film))

    assert await service.row(video_id) == before


async def test_an_id_too_long_for_the_inbox_is_refused(service: VideoService, owner: UUID) -> None:
    video_id, body, before = await an_upload(service, owner)
    sender = WebhookSender(service.http, UPLOADS, service.secrets.upload)

    assert_refused(await sender.send(token_hex(4000), body))

    assert await service.row(video_id) == before


@pytest.mark.parametrize("age_s", [301, -301])
async def test_a_stale_or_early_timestamp_changes_nothing(
    service: VideoService, owner: UUID, age_s: float
) -> None:
    video_id, body, before = await an_upload(service, owner)
    secret, age = service.secrets.upload, timedelta(seconds=age_s)
    sender = WebhookSender(service.http, UPLOADS, secret, now=lambda: utc_now() - age)

    assert_refused(await sender.send(uuid4(), body))

    assert await service.row(video_id) == before


async def test_a_signature_replayed_onto_another_body_changes_nothing(
    service: VideoService, owner: UUID
) -> None:
    _, genuine, _ = await an_upload(service, owner)
    victim, forged, before = await an_upload(service, owner)
    sent: list[httpx.Request] = []

    async def remember(request: httpx.Request) -> None:
        sent.append(request)

    service.http.event_hooks["request"].append(remember)
    await WebhookSender(service.http, UPLOADS, service.secrets.upload).send(uuid4(), genuine)
    service.http.event_hooks["request"].remove(remember)
    stolen = {k: v for k, v in sent[0].headers.items() if k.startswith("webhook-")}

    assert_refused(await post(service, UPLOADS, forged, stolen))
    assert_refused(await post(service, UPLOADS, forged, {**stolen, "webhook-id": str(uuid4())}))

    assert await service.row(victim) == before


async def test_a_secret_being_rotated_out_is_still_good(service: VideoService, owner: UUID) -> None:
    video_id, body, _ = await an_upload(service, owner)

    sender = WebhookSender(service.http, UPLOADS, service.secrets.old_upload)
    response = await sender.send(uuid4(), body)

    assert response.status_code == 204
    assert (await service.get(owner, video_id))["failReason"] == "UPLOAD_CANCELED"


@pytest.mark.parametrize("body", [b"", b"{", b'"\xff"', b"{}"])
async def test_the_signature_is_checked_before_the_body_is_read(
    service: VideoService, body: bytes
) -> None:
    assert_refused(await post(service, UPLOADS, body))


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"{}", 422), (b"", 400)])
async def test_a_signed_body_is_still_checked(
    service: VideoService, body: bytes, status: int
) -> None:
    sender = WebhookSender(service.http, TRANSCODING, service.secrets.transcode)

    response = await sender.send(uuid4(), body)

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
