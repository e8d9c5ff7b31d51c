"""video-service over its signed webhook: the one question that is asked synchronously."""

import asyncio
from http import HTTPStatus
from typing import Final

import httpx
import msgspec
import stamina
import structlog

from reel_contracts.webhooks import UploadOutcome, UploadWebhook
from reel_kernel.effects import Effect
from reel_kernel.errors import InvalidTransition
from reel_messaging.webhooks import WebhookSender
from reel_observability.effects import happened
from upload_service.domain.errors import VideoNotFound, VideoServiceUnavailable
from upload_service.domain.session import UploadSession

ATTEMPTS: Final = 3
TOTAL_S: Final = 10
"""No new attempt begins after this; a client is waiting."""
PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})

log = structlog.stdlib.get_logger(__name__)


class _NoAnswer(Exception):
    """This attempt brought no decision; another may."""


class _Refusal(msgspec.Struct, rename="camel"):
    """The members read of a problem document (RFC 9457)."""

    detail: str = InvalidTransition.title
    current_status: str | None = None


class WebhookVideoService:
    """`ports.VideoService` by `POST /api/webhooks/uploads` with status INITIATED.

    `webhook-id` is the session's id in every attempt, so an admission whose answer was lost is not
    made twice.

    Args:
        sender: Signs and sends to the endpoint; each attempt is bounded by its timeout.
        attempt_timeout_s: Limit for one attempt.
    """

    def __init__(self, sender: WebhookSender, *, attempt_timeout_s: float) -> None:
        self._sender = sender
        self._attempt_timeout_s = attempt_timeout_s

    async def admit(self, session: UploadSession) -> None:
        question = UploadWebhook(
            upload_session_id=session.id,
            video_id=session.video_id,
            status=UploadOutcome.INITIATED,
            owner_id=session.owner_id,
        )
        response = await self._ask(session, msgspec.json.encode(question))
        if response.is_success:
            return
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise VideoNotFound
        if response.status_code == HTTPStatus.CONFLICT:
            raise _invalid_transition(response)
        # Anything else is a fault between the services, never the caller's.
        log.error(
            "admission_misunderstood", status=response.status_code, answer=response.text[:500]
        )
        raise VideoServiceUnavailable

    async def _ask(self, session: UploadSession, body: bytes) -> httpx.Response:
        try:
            async for attempt in stamina.retry_context(
                on=_NoAnswer, attempts=ATTEMPTS, timeout=TOTAL_S, wait_initial=0.1, wait_max=1
            ):
                with attempt:
                    return await self._attempt(session, body)
        except _NoAnswer as error:
            raise VideoServiceUnavailable from error
        raise VideoServiceUnavailable  # the loop returns or raises

    async def _attempt(self, session: UploadSession, body: bytes) -> httpx.Response:
        try:
            async with asyncio.timeout(self._attempt_timeout_s):
                response = await self._sender.send(session.id, body)
            happened(Effect.ADMISSION_ASKED)
        except (httpx.HTTPError, TimeoutError) as error:
            log.warning("admission_unanswered", error=repr(error))
            raise _NoAnswer from error
        if response.is_server_error or response.status_code in PASSING:
            log.warning("admission_unanswered", status=response.status_code)
            raise _NoAnswer
        return response


def _invalid_transition(response: httpx.Response) -> InvalidTransition:
    try:
        refusal = msgspec.json.decode(response.content, type=_Refusal)
    except msgspec.DecodeError:
        return InvalidTransition()
    status = refusal.current_status
    return InvalidTransition(refusal.detail, extra={"currentStatus": status} if status else {})
