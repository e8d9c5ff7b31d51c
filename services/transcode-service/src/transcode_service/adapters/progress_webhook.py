"""Progress to video-service: one signed request, once."""

import asyncio
from typing import Final

import httpx
import msgspec
import structlog

from reel_contracts.webhooks import TranscodeProgress
from reel_kernel.effects import Effect
from reel_kernel.ids import new_id
from reel_messaging.webhooks import WebhookSender
from reel_observability.effects import happened
from transcode_service.ports.jobs import SendProgress

TIMEOUT_S: Final = 2.0
"""A report that takes longer is of the past."""

log = structlog.stdlib.get_logger(__name__)


def progress_webhook(sender: WebhookSender) -> SendProgress:
    """Return the way to the progress endpoint; what is not taken is lost."""

    async def send(report: TranscodeProgress) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                response = await sender.send(new_id(), msgspec.json.encode(report))
        except (httpx.HTTPError, TimeoutError) as error:
            log.debug("progress_lost", error=repr(error))
            return
        happened(Effect.PROGRESS_TOLD)
        if response.is_error:
            log.debug("progress_lost", status=response.status_code)

    return send
