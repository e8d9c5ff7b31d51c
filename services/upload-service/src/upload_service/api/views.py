"""Domain objects as the JSON of spec 2.2."""

from collections.abc import Sequence

from reel_contracts.uploads import (
    ChecksumAlgorithm,
    CreatedUpload,
    PartUrl,
    PartUrls,
    UploadedPart,
    UploadState,
    UploadStatus,
    UploadView,
)
from upload_service.domain.lifecycle import Status
from upload_service.domain.session import UploadSession
from upload_service.usecases.part_urls import SignedPartUrl
from upload_service.usecases.view_session import SessionView


def created_upload(session: UploadSession) -> CreatedUpload:
    return CreatedUpload(
        upload_session_id=session.id,
        part_size_bytes=session.part_size_bytes,
        status=UploadStatus(session.status),
        checksum_algorithm=_algorithm(session),
    )


def upload_view(view: SessionView) -> UploadView:
    session = view.session
    return UploadView(
        upload_session_id=session.id,
        video_id=session.video_id,
        status=UploadStatus(session.status),
        bytes_uploaded=view.bytes_uploaded,
        part_size_bytes=session.part_size_bytes,
        source_size_bytes=session.source_size_bytes,
        uploaded_parts=[
            UploadedPart(
                part_number=part.number,
                etag=part.etag,
                size_bytes=part.size_bytes,
                checksum=part.checksum,
            )
            for part in view.parts
        ],
        checksum_algorithm=_algorithm(session),
        checksum=session.source_checksum if session.status is Status.COMPLETED else None,
    )


def _algorithm(session: UploadSession) -> ChecksumAlgorithm | None:
    algorithm = session.checksum_algorithm
    return None if algorithm is None else ChecksumAlgorithm(algorithm)


def upload_state(session: UploadSession) -> UploadState:
    return UploadState(upload_session_id=session.id, status=UploadStatus(session.status))


def part_url(signed: SignedPartUrl) -> PartUrl:
    return PartUrl(
        part_number=signed.number,
        upload_url=signed.url,
        expires_at=signed.expires_at,
        headers=dict(signed.headers) or None,
    )


def part_urls(signed: Sequence[SignedPartUrl]) -> PartUrls:
    return PartUrls(parts=[part_url(one) for one in signed])
