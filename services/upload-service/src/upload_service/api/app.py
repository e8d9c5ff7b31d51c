"""The HTTP application."""

from collections.abc import Mapping
from typing import Final

from litestar import Litestar
from litestar.di import Provide

from reel_http.app import service_app
from reel_http.auth import JwtAuth
from reel_http.fair_use import RequestRate
from reel_http.health import Check
from reel_kernel.idempotency import KeyLedger
from upload_service.api.problems import STATUS
from upload_service.api.uploads import UploadController
from upload_service.api.video_uploads import VideoUploadController
from upload_service.ports import Deps

TITLE: Final = "Reel upload-service"
DESCRIPTION: Final = """
Resumable upload of a video's source: open a session, PUT the parts to pre-signed URLs of the object
store, complete. The store's own list of parts is the truth, so an interrupted upload goes on from
there. Errors are problem details (RFC 9457).
"""


def create_app(
    deps: Deps,
    *,
    auth: JwtAuth,
    health: Mapping[str, Check],
    rate: RequestRate | None = None,
    keys: KeyLedger | None = None,
) -> Litestar:
    """Build the app around what the composition root has opened."""

    def provide_deps() -> Deps:
        return deps

    return service_app(
        title=TITLE,
        description=DESCRIPTION.strip(),
        controllers=[VideoUploadController, UploadController],
        dependencies={"deps": Provide(provide_deps, sync_to_thread=False)},
        problems=STATUS,
        auth=auth,
        rate=rate,
        keys=keys,
        health=health,
    )
