"""The HTTP application."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from litestar import Litestar, Router
from litestar.di import Provide

from reel_http.app import service_app
from reel_http.auth import JwtAuth
from reel_http.fair_use import RequestRate
from reel_http.health import Check
from reel_http.shortcut import Shortcut
from reel_kernel.idempotency import KeyLedger
from reel_messaging.webhooks import WebhookVerifier
from video_service.api.edge import Edge
from video_service.api.events import events
from video_service.api.owner_events import owner_events
from video_service.api.polling import Polling
from video_service.api.problems import STATUS
from video_service.api.slow_clients import SEND_S, taken_within
from video_service.api.unwired import anonymous_auth, closed_verifier
from video_service.api.videos import VideoController
from video_service.api.webhooks import webhook_routes
from video_service.ports import PolledVideos

TITLE: Final = "Reel video-service"
DESCRIPTION: Final = """
Videos and where they stand: `DRAFT`, `UPLOADING`, `UPLOADED`, `TRANSCODING`, `READY`, `FAILED`.
Errors are problem details (RFC 9457). `/api/webhooks` is for the other services alone; it takes
Standard Webhooks signatures instead of access tokens, and no public gateway routes it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What the composition root has opened."""

    edge: Edge
    auth: JwtAuth
    from_upload: WebhookVerifier
    from_transcode: WebhookVerifier
    health: Mapping[str, Check]
    rate: RequestRate | None = None
    keys: KeyLedger | None = None
    polled: PolledVideos | None = None
    slow_client_s: float = SEND_S


def create_app(wiring: Wiring | None = None) -> Litestar:
    """Build the app; without wiring it can describe itself (OpenAPI), and lets nobody in."""
    from_upload = wiring.from_upload if wiring else closed_verifier()
    from_transcode = wiring.from_transcode if wiring else closed_verifier()
    webhooks = webhook_routes(from_upload=from_upload, from_transcode=from_transcode)
    slow_client_s = wiring.slow_client_s if wiring else SEND_S
    streams = Router(
        "/", route_handlers=[events, owner_events], middleware=[taken_within(slow_client_s)]
    )
    return service_app(
        title=TITLE,
        description=DESCRIPTION.strip(),
        controllers=[VideoController, streams, webhooks],
        dependencies={"edge": _provide(wiring)},
        problems=STATUS,
        auth=wiring.auth if wiring else anonymous_auth(),
        health=wiring.health if wiring else {},
        rate=wiring.rate if wiring else None,
        keys=wiring.keys if wiring else None,
        shortcut=_shortcut(wiring),
    )


def _shortcut(wiring: Wiring | None) -> Shortcut | None:
    if wiring is None or wiring.polled is None:
        return None
    return Polling(wiring.edge, wiring.polled).shortcut()


def _provide(wiring: Wiring | None) -> Provide:
    def edge() -> Edge:
        if wiring is None:
            raise RuntimeError("This app was built to be described, not to serve")
        return wiring.edge

    return Provide(edge, sync_to_thread=False)
