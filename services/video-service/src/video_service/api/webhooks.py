"""`/api/webhooks` (spec 2.3): Standard Webhooks, one endpoint and secret a sender."""

from typing import Annotated

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody
from structlog.contextvars import bind_contextvars

from reel_contracts.webhooks import PartPurged, TranscodeProgress, TranscodeWebhook, UploadWebhook
from reel_http.openapi import problem_responses
from reel_messaging.webhooks import WebhookVerifier
from video_service.api.edge import Edge
from video_service.api.news import progress_report, purge_line, transcode_news, upload_news
from video_service.api.signatures import signed_by
from video_service.domain.receipt import PurgedPart
from video_service.usecases.hear_progress import hear_progress
from video_service.usecases.hear_purge import hear_purge
from video_service.usecases.hear_transcoding import hear_transcoding
from video_service.usecases.hear_upload import hear_upload

WebhookId = Annotated[
    str, HeaderParameter(name="webhook-id", description="The same in every repeat of a message.")
]
REFUSALS = problem_responses(401, 404, 409)


@post("/uploads", operation_id="reportUpload", status_code=204, responses=REFUSALS)
async def uploads(
    data: JSONBody[UploadWebhook], webhook_id: WebhookId, edge: NamedDependency[Edge]
) -> None:
    """Hear of an upload session: may it open, and how did it end?"""
    bind_contextvars(video_id=str(data.video_id))
    await hear_upload(webhook_id, upload_news(data), edge.deps)


@post("/transcoding", operation_id="reportTranscoding", status_code=204, responses=REFUSALS)
async def transcoding(
    data: JSONBody[TranscodeWebhook], webhook_id: WebhookId, edge: NamedDependency[Edge]
) -> None:
    """Hear how a transcode ended; stale and late news are answered 204, and change nothing."""
    bind_contextvars(video_id=str(data.video_id))
    await hear_transcoding(webhook_id, transcode_news(data, edge.deps.new_id), edge.deps)


@post(
    "/progress",
    operation_id="reportProgress",
    status_code=204,
    responses=problem_responses(401),
)
async def progress(
    data: JSONBody[TranscodeProgress], webhook_id: WebhookId, edge: NamedDependency[Edge]
) -> None:
    """Hear how far a transcode is; what is no step forward is answered 204, and changes nothing."""
    bind_contextvars(video_id=str(data.video_id), webhook_id=webhook_id)
    await hear_progress(progress_report(data), edge.deps)


@post(
    "/uploads/purged",
    operation_id="reportSourcePurged",
    status_code=204,
    responses=problem_responses(401),
)
async def source_purged(
    data: JSONBody[PartPurged], webhook_id: WebhookId, edge: NamedDependency[Edge]
) -> None:
    """Hear what was purged of a deleted video's sessions and source."""
    bind_contextvars(video_id=str(data.video_id))
    await hear_purge(webhook_id, purge_line(data, PurgedPart.SOURCE, webhook_id), edge.deps)


@post(
    "/transcoding/purged",
    operation_id="reportHlsPurged",
    status_code=204,
    responses=problem_responses(401),
)
async def hls_purged(
    data: JSONBody[PartPurged], webhook_id: WebhookId, edge: NamedDependency[Edge]
) -> None:
    """Hear what was purged of a deleted video's HLS; the CDN is told to forget it, too."""
    bind_contextvars(video_id=str(data.video_id))
    await hear_purge(webhook_id, purge_line(data, PurgedPart.HLS, webhook_id), edge.deps)


def webhook_routes(*, from_upload: WebhookVerifier, from_transcode: WebhookVerifier) -> Router:
    """Build the endpoints; a sender's secret opens its own one alone."""
    by_sender = [
        Router("/", route_handlers=[uploads, source_purged], guards=[signed_by(from_upload)]),
        Router(
            "/",
            route_handlers=[transcoding, progress, hls_purged],
            guards=[signed_by(from_transcode)],
        ),
    ]
    return Router("/api/webhooks", route_handlers=by_sender, tags=["webhooks"])
