"""`/api/uploads/{uploadSessionId}` (spec 2.2)."""

from typing import Final
from uuid import UUID

from litestar import Controller, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from reel_contracts.uploads import (
    CompleteUpload,
    PartUrl,
    PartUrls,
    RequestPartUrls,
    UploadState,
    UploadView,
)
from reel_http.openapi import problem_responses
from reel_http.request import ServiceRequest
from upload_service.api import views
from upload_service.api.bodies import (
    claimed_checksums,
    claimed_parts,
    wanted_checksums,
    wanted_parts,
)
from upload_service.api.problems import RETRYABLE
from upload_service.ports import Deps
from upload_service.usecases.complete_upload import complete_upload
from upload_service.usecases.part_urls import part_urls
from upload_service.usecases.steer_session import cancel_upload, pause_upload, resume_upload
from upload_service.usecases.view_session import view_session

NO_STORE: Final = CacheControlHeader(no_store=True)
"""Answers hold signed URLs, or the progress of this second."""


class UploadController(Controller):
    """One session; another owner's is as good as none (404)."""

    path = "/api/uploads/{session_id:uuid}"
    tags = ("uploads",)
    exception_handlers = RETRYABLE
    cache_control = NO_STORE

    @get(operation_id="getUpload", responses=problem_responses(503))
    async def show(
        self, request: ServiceRequest, session_id: FromPath[UUID], deps: NamedDependency[Deps]
    ) -> UploadView:
        """Show how far the upload is; `uploadedParts` is the store's own list."""
        return views.upload_view(await view_session(session_id, request.user.id, deps))

    @post(
        "/parts",
        operation_id="requestPartUrls",
        status_code=200,
        responses=problem_responses(409, 503),
    )
    async def parts(
        self,
        request: ServiceRequest,
        session_id: FromPath[UUID],
        data: JSONBody[RequestPartUrls],
        deps: NamedDependency[Deps],
    ) -> PartUrl | PartUrls:
        """Get the URL to PUT one part to (`partNumber`), or those of several (`partNumbers`).

        Each takes exactly the part's length; the last part may be shorter than the others. In a
        session with a checksum algorithm it takes nothing but the bytes of that checksum. URLs end
        after 15 minutes; asking again is cheap, and the same part may be asked for any number of
        times.
        """
        numbers, checksums = wanted_parts(data), wanted_checksums(data)
        signed = await part_urls(session_id, request.user.id, numbers, deps, checksums)
        return views.part_urls(signed) if data.part_numbers else views.part_url(signed[0])

    @post(
        "/complete",
        operation_id="completeUpload",
        status_code=200,
        responses=problem_responses(409, 503),
    )
    async def complete(
        self,
        request: ServiceRequest,
        session_id: FromPath[UUID],
        data: JSONBody[CompleteUpload],
        deps: NamedDependency[Deps],
    ) -> UploadState:
        """Join the parts; the video is then UPLOADED and queued for transcoding.

        409 `parts-mismatch` lists `missing`, `differing` and `unexpected` part numbers, and in
        `parts` what was expected and what is there; 409 `checksum-mismatch` when the whole is
        another file; 422 `unsupported-format` when the bytes are not what was declared, and the
        video FAILED.
        """
        claimed = claimed_parts(data.parts)
        checksums = claimed_checksums(data)
        session = await complete_upload(session_id, request.user.id, claimed, deps, checksums)
        return views.upload_state(session)

    @post(
        "/pause",
        operation_id="pauseUpload",
        status_code=200,
        responses=problem_responses(409),
    )
    async def pause(
        self, request: ServiceRequest, session_id: FromPath[UUID], deps: NamedDependency[Deps]
    ) -> UploadState:
        """Give out no more part URLs until the upload is resumed."""
        return views.upload_state(await pause_upload(session_id, request.user.id, deps))

    @post(
        "/resume",
        operation_id="resumeUpload",
        status_code=200,
        responses=problem_responses(409),
    )
    async def resume(
        self, request: ServiceRequest, session_id: FromPath[UUID], deps: NamedDependency[Deps]
    ) -> UploadState:
        """Let a paused upload go on."""
        return views.upload_state(await resume_upload(session_id, request.user.id, deps))

    @post(
        "/cancel",
        operation_id="cancelUpload",
        status_code=200,
        responses=problem_responses(409, 503),
    )
    async def cancel(
        self, request: ServiceRequest, session_id: FromPath[UUID], deps: NamedDependency[Deps]
    ) -> UploadState:
        """End the upload for good; what was uploaded is deleted, the video is FAILED."""
        return views.upload_state(await cancel_upload(session_id, request.user.id, deps))
