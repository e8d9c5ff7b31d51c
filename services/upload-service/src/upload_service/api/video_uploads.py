"""`/api/videos/{videoId}/uploads` (spec 2.2)."""

from typing import Final
from uuid import UUID

from litestar import Controller, Response, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from reel_contracts.uploads import CreatedUpload, CreateUpload
from reel_http.idempotency import IDEMPOTENT, resource_id
from reel_http.openapi import problem_responses
from reel_http.request import ServiceRequest
from reel_observability.context import unit_of_work
from upload_service.api.bodies import algorithm_of
from upload_service.api.problems import RETRYABLE
from upload_service.api.views import created_upload
from upload_service.ports import Deps
from upload_service.usecases.open_session import OpenSession, open_session

LOCATION: Final = ResponseHeader(
    name="Location", description="Path of the new session.", required=True, documentation_only=True
)


class VideoUploadController(Controller):
    """The sessions of one video."""

    path = "/api/videos/{video_id:uuid}/uploads"
    tags = ("uploads",)
    exception_handlers = RETRYABLE

    @post(
        operation_id="createUpload",
        opt={IDEMPOTENT: True},
        responses=problem_responses(404, 409, 503),
        response_headers=[LOCATION],
    )
    async def create(
        self,
        request: ServiceRequest,
        video_id: FromPath[UUID],
        data: JSONBody[CreateUpload],
        deps: NamedDependency[Deps],
    ) -> Response[CreatedUpload]:
        """Open an upload session on a video.

        409 `upload-session-active` names the live session in `uploadSessionId`: go on with it.
        """
        wanted = OpenSession(
            video_id=video_id,
            owner_id=request.user.id,
            source_mime=data.source_mime,
            source_size_bytes=data.source_size_bytes,
            checksum_algorithm=algorithm_of(data),
            session_id=resource_id(request),
        )
        with unit_of_work("open_session", video_id=str(video_id)):
            session = await open_session(wanted, deps)
        headers = {"Location": f"/api/uploads/{session.id}"}
        return Response(created_upload(session), headers=headers)
