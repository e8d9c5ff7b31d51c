"""OpenAPI 3.1 documents of the services, as each of them serves it at `/schema`.

The apps are built and never started, so they get doors without keys instead of adapters.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from litestar import Litestar

from reel_http.auth import JwtAuth
from transcode_service.api.app import create_app as transcode_app
from upload_service.api.app import create_app as upload_app
from upload_service.ports import Deps
from video_service.api.app import create_app as video_app


def _auth() -> JwtAuth:
    """Return a check that no token passes: its private key is gone already."""
    key = generate_private_key(SECP256R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return JwtAuth(pem.decode(), issuer="nobody", audience="nobody")


def _upload() -> Litestar:
    return upload_app(cast("Deps", None), auth=_auth(), health={})


APPS: Final[Mapping[str, Callable[[], Litestar]]] = {
    "transcode-service": lambda: transcode_app({}),
    "upload-service": _upload,
    "video-service": video_app,
}


def openapi_of(service: str) -> dict[str, Any]:
    """Return the service's document; nothing is reached to make it."""
    return APPS[service]().openapi_schema.to_schema()
