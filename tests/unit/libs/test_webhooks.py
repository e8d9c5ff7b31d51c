import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import standardwebhooks
import structlog

from reel_db.outbox import OutboxRow
from reel_kernel.clock import utc_now
from reel_kernel.effects import Effect
from reel_messaging.retry import PermanentDeliveryError
from reel_messaging.webhooks import (
    BadSignature,
    TransientDeliveryError,
    WebhookSender,
    WebhookVerifier,
)

NOON = datetime(2026, 1, 22, 12, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = '{"title":"Vue sur la mer é"}'.encode()

Answer = Callable[[httpx.Request], httpx.Response]


def sender(answer: Answer, *, secret: str = SECRET, now: datetime = NOON) -> WebhookSender:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return WebhookSender(http, "http://video/api/webhooks/uploads", secret, lambda: now)


def verifier(*secrets: str, now: datetime = NOON) -> WebhookVerifier:
    return WebhookVerifier(secrets or (SECRET,), now=lambda: now)


async def signed(*, secret: str = SECRET) -> httpx.Headers:
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    await sender(keep, secret=secret).send("m1", BODY)
    assert seen[0].content == BODY
    return seen[0].headers


async def test_a_genuine_webhook_gives_its_id() -> None:
    assert verifier().verify(await signed(), BODY) == "m1"


async def test_the_reference_library_accepts_what_we_sign() -> None:
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    await sender(keep, now=utc_now()).send("m1", BODY)

    parsed = standardwebhooks.Webhook(SECRET).verify(BODY, dict(seen[0].headers))
    assert parsed == {"title": "Vue sur la mer é"}


async def test_any_accepted_secret_will_do_while_they_rotate() -> None:
    headers = await signed(secret=OLD_SECRET)

    assert verifier(SECRET, OLD_SECRET).verify(headers, BODY) == "m1"
    with pytest.raises(BadSignature):
        verifier(SECRET).verify(headers, BODY)


async def test_one_good_signature_among_several_is_enough() -> None:
    headers = dict(await signed())
    headers["webhook-signature"] = f"v1a,zzz v1,xxx v1 é {headers['webhook-signature']}"

    assert verifier().verify(headers, BODY) == "m1"


@pytest.mark.parametrize("off_s", [-300, 300])
async def test_a_webhook_of_five_minutes_ago_is_still_believed(off_s: int) -> None:
    at = NOON + timedelta(seconds=off_s)

    assert verifier(now=at).verify(await signed(), BODY) == "m1"


@pytest.mark.parametrize("off_s", [-301, 301])
async def test_a_stale_webhook_is_refused(off_s: int) -> None:
    headers = await signed()

    with pytest.raises(BadSignature):
        verifier(now=NOON + timedelta(seconds=off_s)).verify(headers, BODY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "m2"),
        ("webhook-id", ""),
        ("webhook-timestamp", str(int(NOON.timestamp()) + 1)),
        ("webhook-timestamp", "noon"),
        ("webhook-timestamp", "9" * 30),
        ("webhook-timestamp", ""),
        ("webhook-signature", ""),
        ("webhook-signature", "v1,AAAA"),
        ("webhook-signature", "v2,AAAA"),
    ],
)
async def test_a_changed_header_is_refused(name: str, value: str) -> None:
    headers = {**dict(await signed()), name: value}

    with pytest.raises(BadSignature):
        verifier().verify(headers, BODY)


@pytest.mark.parametrize("body", [BODY + b" ", b"", b"\xff\xfe"])
async def test_a_changed_body_is_refused(body: bytes) -> None:
    headers = await signed()

    with pytest.raises(BadSignature):
        verifier().verify(headers, body)


def test_an_unsigned_webhook_is_refused() -> None:
    with pytest.raises(BadSignature):
        verifier().verify({}, BODY)


def test_a_verifier_without_a_secret_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="secret"):
        WebhookVerifier([])


def row() -> OutboxRow:
    return OutboxRow(
        id=uuid4(), seq=1, destination="d", key=uuid4(), body=BODY, attempts=1, created_at=NOON
    )


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_any_2xx_is_delivered(status: int) -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(status)

    letter = row()

    await sender(answer).as_deliver(Effect.UPLOAD_NEWS_SENT)(letter)

    assert verifier().verify(requests[0].headers, requests[0].content) == str(letter.id)


@pytest.mark.parametrize("status", [400, 404, 410, 413, 415, 422])
async def test_a_refusal_of_the_message_is_permanent(status: int) -> None:
    deliver = sender(lambda _: httpx.Response(status, text="no such video")).as_deliver(
        Effect.UPLOAD_NEWS_SENT
    )

    with pytest.raises(PermanentDeliveryError, match="no such video"):
        await deliver(row())


@pytest.mark.parametrize("status", [301, 401, 403, 408, 409, 425, 429, 500, 502, 503, 504])
async def test_trouble_that_may_pass_is_tried_again(status: int) -> None:
    deliver = sender(lambda _: httpx.Response(status)).as_deliver(Effect.UPLOAD_NEWS_SENT)

    with pytest.raises(TransientDeliveryError):
        await deliver(row())


async def test_the_request_id_travels_on() -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-17"):
        headers = await signed()

    assert headers["x-request-id"] == "r-17"
