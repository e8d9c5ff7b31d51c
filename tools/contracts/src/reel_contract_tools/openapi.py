"""OpenAPI 3.1 documents of the services, as each of them serves it at `/schema`."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from litestar import Litestar

MODULES: Final[Mapping[str, str]] = {
    "transcode-service": "transcode_service.api.app",
    "upload-service": "upload_service.api.app",
    "video-service": "video_service.api.app",
}


def openapi_of(service: str) -> dict[str, Any]:
    """Return the service's document. Building the app reaches no database, store or queue."""
    describe = cast("Callable[[], Litestar]", importlib.import_module(MODULES[service]).create_app)
    return describe().openapi_schema.to_schema()
