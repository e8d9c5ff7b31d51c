"""The HTTP side of this service: health, and nothing else."""

from collections.abc import Mapping

from litestar import Litestar

from reel_http.app import service_app
from reel_http.health import Check


def create_app(health: Mapping[str, Check]) -> Litestar:
    """Build the app that serves `/healthz` and `/readyz`."""
    return service_app(
        title="Reel transcode-service",
        description="Internal: health only. Work comes by SQS, results leave by webhook.",
        health=health,
    )
