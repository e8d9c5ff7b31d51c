"""The HTTP application."""

from collections.abc import Mapping
from typing import Final

from litestar import Litestar
from litestar.di import Provide

from reel_http.app import service_app
from reel_http.auth import JwtAuth
from reel_http.health import Check
from reel_messaging.webhooks import WebhookVerifier
from video_service.api.edge import Edge
from video_service.api.problems import STATUS
from video_service.api.videos import VideoController
from video_service.api.webhooks import webhook_routes

TITLE: Final = "Reel video-service"
DESCRIPTION: Final = """
Videos and where they stand: `DRAFT`, `UPLOADING`, `UPLOADED`, `TRANSCODING`, `READY`, `FAILED`.
Errors are problem details (RFC 9457). `/api/webhooks` is for the other services alone; it takes
Standard Webhooks signatures instead of access tokens, and no public gateway routes it.
"""


def create_app(
    edge: Edge,
    *,
    auth: JwtAuth,
    from_upload: WebhookVerifier,
    from_transcode: WebhookVerifier,
    health: Mapping[str, Check],
) -> Litestar:
    """Build the app around what the composition root has opened."""

    def provide_edge() -> Edge:
        return edge

    return service_app(
        title=TITLE,
        description=DESCRIPTION.strip(),
        controllers=[
            VideoController,
            webhook_routes(from_upload=from_upload, from_transcode=from_transcode),
        ],
        dependencies={"edge": Provide(provide_edge, sync_to_thread=False)},
        problems=STATUS,
        auth=auth,
        health=health,
    )
