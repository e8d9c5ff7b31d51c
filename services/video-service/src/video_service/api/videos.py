"""`/api/videos` (spec 2.1)."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from structlog.contextvars import bind_contextvars

from reel_contracts.videos import (
    CreatedVideo,
    CreateVideo,
    UpdatedVideo,
    UpdateVideo,
    VideoPage,
    VideoView,
)
from reel_http.idempotency import IDEMPOTENT, resource_id
from reel_http.openapi import problem_responses
from reel_http.request import ServiceRequest
from video_service.api.cursor import decode_cursor
from video_service.api.docs import (
    ETAG,
    LOCATION,
    NOT_MODIFIED,
    PAGE_ETAG,
    Cursor,
    IfMatch,
    IfNoneMatch,
    Limit,
    Status,
)
from video_service.api.edge import Edge
from video_service.api.etags import names
from video_service.api.views import created_video, updated_video, video_page, video_view
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.page import DEFAULT_LIMIT, NEWEST
from video_service.usecases.create_video import create_video
from video_service.usecases.delete_video import delete_video
from video_service.usecases.edit_video import edit_video
from video_service.usecases.retry_video import retry_video


class VideoController(Controller):
    """One injected value a handler: Litestar resolves several in a task group, one directly."""

    path = "/api/videos"
    tags = ("videos",)

    @post(operation_id="createVideo", opt={IDEMPOTENT: True}, response_headers=[ETAG, LOCATION])
    async def create(
        self, request: ServiceRequest, data: JSONBody[CreateVideo], edge: NamedDependency[Edge]
    ) -> Response[CreatedVideo]:
        """Announce a film; its upload is opened next, at `/api/videos/{videoId}/uploads`."""
        video = await create_video(request.user.id, data, edge.deps, video_id=resource_id(request))
        headers = {**edge.headers(video), "Location": f"{self.path}/{video.id}"}
        return Response(created_video(video), headers=headers)

    @get(
        operation_id="listVideos",
        response_headers=[PAGE_ETAG],
        responses={HTTPStatus.NOT_MODIFIED: NOT_MODIFIED},
    )
    async def page(
        self,
        request: ServiceRequest,
        edge: NamedDependency[Edge],
        *,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
        status: Status = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response[VideoPage]:
        """List the caller's videos, newest first."""
        page = await edge.deps.reader.page(
            request.user.id,
            after=NEWEST if cursor is None else decode_cursor(cursor),
            limit=limit,
            status=None if status is None else VideoStatus(status),
        )
        headers = edge.page_headers(page)
        if names(if_none_match, headers["ETag"]):
            return _not_modified(headers)
        return Response(video_page(page), headers=headers)

    @get(
        "/{video_id:uuid}",
        operation_id="getVideo",
        response_headers=[ETAG],
        responses={HTTPStatus.NOT_MODIFIED: NOT_MODIFIED},
    )
    async def show(
        self,
        request: ServiceRequest,
        video_id: FromPath[UUID],
        edge: NamedDependency[Edge],
        if_none_match: IfNoneMatch = None,
    ) -> Response[VideoView]:
        """Tell where a video stands; made for polling."""
        bind_contextvars(video_id=str(video_id))
        details = await edge.deps.reader.find(request.user.id, video_id)
        headers = edge.headers(details.video, details.progress_revision)
        if edge.etags.is_known(if_none_match, details.video.version, details.progress_revision):
            return _not_modified(headers)
        return Response(video_view(details, edge), headers=headers)

    @patch(
        "/{video_id:uuid}",
        operation_id="updateVideo",
        response_headers=[ETAG],
        responses=problem_responses(412),
    )
    async def edit(
        self,
        request: ServiceRequest,
        video_id: FromPath[UUID],
        data: JSONBody[UpdateVideo],
        edge: NamedDependency[Edge],
        if_match: IfMatch = None,
    ) -> Response[UpdatedVideo]:
        """Change title or description; `If-Match` guards against overwriting another edit."""
        bind_contextvars(video_id=str(video_id))
        if_version = edge.etags.versions(if_match)
        video = await edit_video(request.user.id, video_id, data, edge.deps, if_version=if_version)
        return Response(updated_video(video), headers=edge.headers(video))

    @delete("/{video_id:uuid}", operation_id="deleteVideo")
    async def remove(
        self, request: ServiceRequest, video_id: FromPath[UUID], edge: NamedDependency[Edge]
    ) -> None:
        """Delete a video at once; its objects are purged in the background."""
        bind_contextvars(video_id=str(video_id))
        await delete_video(request.user.id, video_id, edge.deps)

    @post(
        "/{video_id:uuid}/retry",
        operation_id="retryVideo",
        status_code=HTTPStatus.ACCEPTED,
        response_headers=[ETAG],
        responses=problem_responses(409, 503),
    )
    async def retry(
        self, request: ServiceRequest, video_id: FromPath[UUID], edge: NamedDependency[Edge]
    ) -> Response[VideoView]:
        """Transcode a FAILED video again, when its source still exists."""
        bind_contextvars(video_id=str(video_id))
        details = await retry_video(request.user.id, video_id, edge.deps)
        return Response(video_view(details, edge), headers=edge.headers(details.video))


def _not_modified(headers: dict[str, str]) -> Response[Any]:
    empty: Response[Any] = Response(None, status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return empty
