"""What video-service is told about a job."""

from reel_contracts.failures import FailReason
from reel_contracts.webhooks import Asset, AssetType, TranscodeOutcome, TranscodeWebhook
from transcode_service.domain.job import Job, Lease
from transcode_service.domain.transcoding import PublishedAsset, TranscodeResult


def ready(lease: Lease, result: TranscodeResult) -> TranscodeWebhook:
    """Say that the attempt's ladder is complete in the store."""
    return TranscodeWebhook(
        video_id=lease.video_id,
        status=TranscodeOutcome.READY,
        job_id=lease.job_id,
        attempt=lease.attempt,
        duration_seconds=result.duration_s,
        width=result.width,
        height=result.height,
        assets=tuple(_asset(asset) for asset in result.assets),
    )


def failed(job: Job, reason: FailReason) -> TranscodeWebhook:
    """Say that the job is given up."""
    return TranscodeWebhook(
        video_id=job.video_id,
        status=TranscodeOutcome.FAILED,
        job_id=job.id,
        attempt=job.attempt or None,
        fail_reason=reason,
    )


def _asset(asset: PublishedAsset) -> Asset:
    return Asset(
        type=AssetType(asset.type),
        file_key=asset.file_key,
        quality=asset.quality,
        bandwidth=asset.bandwidth,
        width=asset.width,
        height=asset.height,
        codec=asset.codec,
        container=asset.container,
    )
