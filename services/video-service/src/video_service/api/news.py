"""Webhook bodies into news: what each status must carry (spec 2.3)."""

from typing import TypeVar

from reel_contracts.webhooks import Asset as AssetBody
from reel_contracts.webhooks import (
    PartPurged,
    TranscodeOutcome,
    TranscodeProgress,
    TranscodeWebhook,
    UploadOutcome,
    UploadWebhook,
)
from reel_kernel.errors import FieldError, InvalidRequest
from reel_kernel.ids import IdSource
from video_service.domain.assets import Asset, AssetType, Film, require_playable
from video_service.domain.news import (
    TranscodeFailed,
    TranscodeNews,
    TranscodeSucceeded,
    UploadAsked,
    UploadCompleted,
    UploadFailed,
    UploadNews,
)
from video_service.domain.progress import Phase, Progress, ProgressReport
from video_service.domain.receipt import PurgedPart, PurgeLine
from video_service.domain.source import Source
from video_service.domain.text import require_fail_reason

T = TypeVar("T")
UPLOAD_CANCELED = "UPLOAD_CANCELED"


def upload_news(body: UploadWebhook) -> UploadNews:
    """Read what upload-service says.

    Raises:
        InvalidRequest: a member that its status needs is missing or wrong.
    """
    match body.status:
        case UploadOutcome.INITIATED:
            return UploadAsked(
                video_id=body.video_id,
                session_id=body.upload_session_id,
                owner_id=_need(body.owner_id, "ownerId", body.status),
            )
        case UploadOutcome.COMPLETED:
            return UploadCompleted(
                video_id=body.video_id, session_id=body.upload_session_id, source=_source(body)
            )
        case UploadOutcome.CANCELED:
            reason = UPLOAD_CANCELED
        case UploadOutcome.FAILED:
            reason = require_fail_reason(body.fail_reason)
    return UploadFailed(video_id=body.video_id, session_id=body.upload_session_id, reason=reason)


def transcode_news(body: TranscodeWebhook, new_id: IdSource) -> TranscodeNews:
    """Read what transcode-service says.

    Raises:
        InvalidRequest: a member that its status needs is missing, or an asset is not acceptable.
    """
    if body.status is TranscodeOutcome.FAILED:
        reason = require_fail_reason(body.fail_reason)
        return TranscodeFailed(video_id=body.video_id, job_id=body.job_id, reason=reason)
    assets = tuple(_asset(asset, new_id) for asset in body.assets)
    require_playable(body.video_id, assets)
    film = Film(
        duration_s=_need(body.duration_seconds, "durationSeconds", body.status),
        width=_need(body.width, "width", body.status),
        height=_need(body.height, "height", body.status),
        assets=assets,
    )
    return TranscodeSucceeded(video_id=body.video_id, job_id=body.job_id, film=film)


def progress_report(body: TranscodeProgress) -> ProgressReport:
    """Read how far transcode-service is."""
    return ProgressReport(
        video_id=body.video_id,
        job_id=body.job_id,
        attempt=body.attempt,
        progress=Progress(fraction=body.fraction, eta_s=body.eta_seconds, phase=Phase(body.phase)),
    )


def _source(body: UploadWebhook) -> Source:
    return Source.stored(
        body.video_id,
        file_key=_need(body.source_file_key, "sourceFileKey", body.status),
        size_bytes=_need(body.source_size_bytes, "sourceSizeBytes", body.status),
        mime=_need(body.source_mime, "sourceMime", body.status),
    )


def _asset(body: AssetBody, new_id: IdSource) -> Asset:
    return Asset(
        id=new_id(),
        type=AssetType(body.type),
        file_key=body.file_key,
        quality_label=body.quality,
        bandwidth=body.bandwidth,
        width=body.width,
        height=body.height,
        codec=body.codec,
        container=body.container,
    )


def _need(value: T | None, field: str, status: str) -> T:
    if value is None:
        message = f"is required with {status}"
        raise InvalidRequest(errors=[FieldError(field=field, code="missing", message=message)])
    return value


def purge_line(body: PartPurged, part: PurgedPart, reference: str) -> PurgeLine:
    """Read what was purged; which part that is, the sender tells."""
    return PurgeLine(
        video_id=body.video_id,
        part=part,
        objects=body.objects,
        size_bytes=body.size_bytes,
        is_last=body.last,
        reference=reference,
        purged_at=body.purged_at,
    )
