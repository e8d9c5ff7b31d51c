"""The HTTP side of this service: health and metrics, and nothing else."""

from collections.abc import Mapping, Sequence

from litestar import Litestar

from reel_http.app import service_app
from reel_http.health import Check
from reel_observability.metrics import Sample


def create_app(health: Mapping[str, Check], samples: Sequence[Sample] = ()) -> Litestar:
    """Build the app that serves `/healthz`, `/readyz` and `/metrics`."""
    return service_app(
        title="Reel transcode-service",
        description="Internal: health, metrics. Work comes by SQS, results leave by webhook.",
        health=health,
        samples=samples,
    )
