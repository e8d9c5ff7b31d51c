"""video-service's webhook for uploads on a real socket: checks signatures, keeps what it heard."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from reel_contracts.webhooks import UploadOutcome, UploadWebhook
from reel_messaging.webhooks import BadSignature, WebhookVerifier

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the tests alone
PROBLEMS: Final = {404: "video-not-found", 409: "invalid-transition", 503: "service-unavailable"}


@dataclass
class VideoServiceDouble:
    """`heard` is (webhook-id, message) in order; `answers` are the next statuses, 204 when empty.

    Admission by anybody but the owner that `owners` names for the video is 404.
    """

    url: str = ""
    heard: list[tuple[str, UploadWebhook]] = field(default_factory=list[tuple[str, UploadWebhook]])
    answers: list[int] = field(default_factory=list[int])
    owners: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])

    def statuses(self, session_id: UUID) -> list[UploadOutcome]:
        """Return what was heard of a session, in order."""
        return [news.status for _, news in self.heard if news.upload_session_id == session_id]

    def reasons(self, session_id: UUID) -> list[str | None]:
        """Return the `failReason` of everything heard of a session."""
        return [news.fail_reason for _, news in self.heard if news.upload_session_id == session_id]

    async def hear(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            webhook_id = WebhookVerifier([SECRET]).verify(request.headers, body)
        except BadSignature:
            return _answer(401)
        news = msgspec.json.decode(body, type=UploadWebhook)
        self.heard.append((webhook_id, news))
        if self.answers:
            return _answer(self.answers.pop(0))
        owner = self.owners.get(news.video_id, news.owner_id)
        is_foreign = news.status is UploadOutcome.INITIATED and news.owner_id != owner
        return _answer(404 if is_foreign else 204)


def _answer(status: int) -> web.Response:
    if status == web.HTTPNoContent.status_code:
        return web.Response(status=status)
    code = PROBLEMS.get(status, "error")
    problem = {"type": f"/problems/{code}", "code": code, "detail": "No.", "currentStatus": "READY"}
    return web.json_response(problem, status=status, content_type="application/problem+json")


@asynccontextmanager
async def video_service_double() -> AsyncGenerator[VideoServiceDouble]:
    """Serve a fresh double on a free local port."""
    double = VideoServiceDouble()
    app = web.Application()
    app.add_routes([web.post("/api/webhooks/uploads", double.hear)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        double.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield double
    finally:
        await runner.cleanup()
