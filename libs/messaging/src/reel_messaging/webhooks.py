"""Signed webhooks between services: Standard Webhooks v1 (HMAC-SHA256 over the raw body).

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import hmac
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import httpx
import structlog
from standardwebhooks.webhooks import Webhook

from reel_db.outbox import OutboxRow
from reel_kernel.clock import Clock, utc_now
from reel_kernel.effects import Effect
from reel_kernel.errors import DomainError
from reel_messaging.relay import Deliver
from reel_messaging.retry import PermanentDeliveryError
from reel_observability.effects import happened

TOLERANCE_S: Final = 300
MAX_ID_CHARS: Final = 255
"""An id is a key of the inbox; ours are UUIDs."""
TIMEOUT: Final = httpx.Timeout(10, connect=3)
# Refusals that may pass: a secret being rotated, a clock, a race, an overload.
RETRIED_4XX: Final = frozenset({401, 403, 408, 409, 425, 429})
SUCCESS: Final = range(200, 300)
CLIENT_ERROR: Final = range(400, 500)


class BadSignature(DomainError):
    """The webhook is not signed, not by a known secret, not for this body, or not of now."""

    code = "bad-signature"
    title = "The webhook's signature is not valid"


class TransientDeliveryError(Exception):
    """The receiver did not take the message this time."""


@asynccontextmanager
async def http_client() -> AsyncGenerator[httpx.AsyncClient]:
    """Open the HTTP client for calls to other services: bounded, no redirects, no proxies."""
    async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as http:
        yield http


class WebhookSender:
    """Sends signed bodies to one endpoint.

    Args:
        http: Shared client.
        url: The endpoint.
        secret: `whsec_` and base64, as the receiver knows it.
        now: Source of the timestamp that is signed.
    """

    def __init__(
        self, http: httpx.AsyncClient, url: str, secret: str, now: Clock = utc_now
    ) -> None:
        self._http = http
        self._url = url
        self._webhook = Webhook(secret)
        self._now = now

    async def send(self, webhook_id: UUID | str, body: bytes) -> httpx.Response:
        """POST a JSON body once; the answer is returned whatever its status.

        Raises:
            httpx.HTTPError: no answer within 10 s, or no connection within 3 s.
        """
        headers = {
            "content-type": "application/json",
            **sign(self._webhook, str(webhook_id), body, now=self._now()),
            **_request_id(),
        }
        return await self._http.post(self._url, content=body, headers=headers, timeout=TIMEOUT)

    def as_deliver(self, effect: Effect) -> Deliver:
        """Return the relay's way to this endpoint; `webhook-id` is the outbox row's id.

        `effect` is what a delivery is.
        2xx is delivered; 4xx other than `RETRIED_4XX` is permanent; the rest is tried again.
        """

        async def deliver(row: OutboxRow) -> None:
            response = await self.send(row.id, row.body)
            if response.status_code in SUCCESS:
                happened(effect)
                return
            refusal = f"{response.status_code} {response.text[:500]}"
            if response.status_code in CLIENT_ERROR and response.status_code not in RETRIED_4XX:
                raise PermanentDeliveryError(refusal)
            raise TransientDeliveryError(refusal)

        return deliver


class WebhookVerifier:
    """Tells genuine webhooks from others.

    Args:
        secrets: Every accepted secret, at least one: rotation needs two for a while.
        tolerance_s: How far the signed timestamp may be from `now`, either way.
        now: The receiver's clock.
    """

    def __init__(
        self, secrets: Sequence[str], tolerance_s: float = TOLERANCE_S, now: Clock = utc_now
    ) -> None:
        if not secrets:
            raise ValueError("A verifier needs a secret")
        self._webhooks = [Webhook(secret) for secret in secrets]
        self._tolerance = timedelta(seconds=tolerance_s)
        self._now = now

    def verify(self, headers: Mapping[str, str], raw_body: bytes) -> str:
        """Return the webhook's id, which is the same in every repeat.

        Args:
            headers: Request headers; names in any case.
            raw_body: The body as received, byte for byte.

        Raises:
            BadSignature: do not believe a word of it.
        """
        given = {name.lower(): value for name, value in headers.items()}
        webhook_id, sent_at = given.get("webhook-id", ""), _timestamp(given)
        if len(webhook_id) > MAX_ID_CHARS:
            raise BadSignature(f"webhook-id has more than {MAX_ID_CHARS} characters")
        if not webhook_id or abs(self._now() - sent_at) > self._tolerance:
            raise BadSignature("webhook-id is missing, or webhook-timestamp is not of now")
        candidates = given.get("webhook-signature", "").split()
        for webhook in self._webhooks:
            expected = sign(webhook, webhook_id, raw_body, now=sent_at)["webhook-signature"]
            if any(_same(expected, candidate) for candidate in candidates):
                return webhook_id
        raise BadSignature("webhook-signature matches no accepted secret")


def sign(webhook: Webhook, webhook_id: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """Return the three headers of a signed webhook.

    Raises:
        BadSignature: the body is not UTF-8, hence no JSON.
    """
    try:
        signature = webhook.sign(webhook_id, now, body.decode())
    except UnicodeDecodeError as error:
        raise BadSignature("The body is not UTF-8") from error
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def _same(expected: str, candidate: str) -> bool:
    return hmac.compare_digest(expected.encode(), candidate.encode())


def _timestamp(headers: Mapping[str, str]) -> datetime:
    try:
        return datetime.fromtimestamp(int(headers.get("webhook-timestamp", "")), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadSignature("webhook-timestamp is missing or no number") from error


def _request_id() -> dict[str, str]:
    bound = structlog.contextvars.get_contextvars().get("request_id")
    return {"x-request-id": str(bound)} if bound else {}
