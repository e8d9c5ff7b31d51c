"""`GET /metrics`, and what is counted of every request."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from reel_http.auth import NO_AUTH
from reel_observability.metrics import CONTENT_TYPE, Sample, counter, histogram, scrape

PATH: Final = "/metrics"
UNROUTED: Final = "unrouted"
OTHER: Final = "other"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS: Final = counter(
    "http_requests_total", "Requests by route template.", ("route", "method", "status")
)
SECONDS: Final = histogram(
    "http_request_seconds",
    "Time until the answer began; a stream may go on for long after that.",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    ("route", "method"),
)
_requests = lru_cache(maxsize=1024)(REQUESTS.labels)
_seconds = lru_cache(maxsize=1024)(SECONDS.labels)


def metrics_route(samples: Sequence[Sample] = ()) -> HTTPRouteHandler:
    """Build `GET /metrics`: internal, needs no token, is no part of the API."""

    @get(PATH, opt={NO_AUTH: True}, include_in_schema=False)
    async def metrics() -> Response[bytes]:
        return Response(await scrape(samples), media_type=CONTENT_TYPE)

    return metrics


def count_request(route: str | None, method: str, status: int, elapsed_s: float) -> None:
    """Count a request; `route` is the template, never the path, which holds ids."""
    route, method = route or UNROUTED, method if method in METHODS else OTHER
    _requests(route, method, str(status)).inc()
    _seconds(route, method).observe(elapsed_s)
