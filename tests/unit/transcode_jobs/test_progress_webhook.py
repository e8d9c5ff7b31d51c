"""The wire of progress reports: signed, once, and nobody's problem when it fails."""

from uuid import uuid4

import httpx
import msgspec
import pytest

from reel_contracts.webhooks import TranscodePhase, TranscodeProgress
from reel_messaging.webhooks import WebhookSender, WebhookVerifier
from transcode_service.adapters.progress_webhook import progress_webhook

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cw=="
URL = "http://video.test/api/webhooks/progress"


def a_report() -> TranscodeProgress:
    return TranscodeProgress(
        video_id=uuid4(),
        job_id=uuid4(),
        attempt=2,
        fraction=0.25,
        eta_seconds=None,
        phase=TranscodePhase.READING,
    )


async def test_a_report_is_signed() -> None:
    report, verifier = a_report(), WebhookVerifier([SECRET])
    heard: list[TranscodeProgress] = []

    def answer(request: httpx.Request) -> httpx.Response:
        verifier.verify(request.headers, request.content)
        heard.append(msgspec.json.decode(request.content, type=TranscodeProgress))
        return httpx.Response(204)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        await progress_webhook(WebhookSender(http, URL, SECRET))(report)

    assert heard == [report]


@pytest.mark.parametrize("status", [0, 401, 503])
async def test_a_report_that_is_not_taken_is_not_repeated(status: int) -> None:
    calls = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        if not status:
            raise httpx.ConnectError("refused")
        return httpx.Response(status)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        await progress_webhook(WebhookSender(http, URL, SECRET))(a_report())

    assert calls == 1
