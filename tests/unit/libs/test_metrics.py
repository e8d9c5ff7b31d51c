"""What Prometheus is told, and what it is not."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import get
from litestar.params import Parameter
from prometheus_client.parser import text_string_to_metric_families

from reel_http.app import service_app
from reel_http.auth import JwtAuth
from reel_observability import metrics
from reel_testing.tokens import TokenIssuer

SIZE = metrics.gauge("test_size", "A gauge that is sampled.")


@get("/films/{film_id:uuid}", sync_to_thread=False)
def film(film_id: Annotated[UUID, Parameter()]) -> str:
    return str(film_id)


@get("/broken", sync_to_thread=False)
def broken() -> None:
    raise RuntimeError("a fault of ours")


async def sampled() -> None:
    SIZE.set(7)


async def away() -> None:
    raise OSError("no database")


@pytest.fixture
async def api() -> AsyncIterator[httpx.AsyncClient]:
    auth = JwtAuth(TokenIssuer().public_pem, "reel", "reel-api")
    app = service_app(title="t", controllers=[film, broken], auth=auth, samples=[sampled, away])
    transport = httpx.ASGITransport(cast("Any", app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


async def value(api: httpx.AsyncClient, name: str, **labels: str) -> float:
    """Read one number out of what Prometheus would read; 0 while there is none."""
    text = (await api.get("/metrics")).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


async def test_the_answer_is_in_the_text_format_and_needs_no_token(api: httpx.AsyncClient) -> None:
    answer = await api.get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert {"process_cpu_seconds", "reel_http_requests"} <= {
        family.name for family in text_string_to_metric_families(answer.text)
    }


async def test_a_request_counts_by_its_route_not_by_its_path(api: httpx.AsyncClient) -> None:
    labels = {"route": "/films/{film_id}", "method": "GET", "status": "401"}
    before, film_id = await value(api, "reel_http_requests_total", **labels), uuid4()

    await api.get(f"/films/{film_id}")

    assert await value(api, "reel_http_requests_total", **labels) == before + 1
    assert str(film_id) not in (await api.get("/metrics")).text


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/nowhere/42", {"route": "unrouted", "method": "GET", "status": "404"}),
        ("BREW", "/nowhere", {"route": "unrouted", "method": "other"}),
    ],
)
async def test_what_a_stranger_makes_up_becomes_no_label(
    api: httpx.AsyncClient, method: str, path: str, labels: dict[str, str]
) -> None:
    before = await value(api, "reel_http_requests_total", **labels)

    await api.request(method, path)

    assert await value(api, "reel_http_requests_total", **labels) == before + 1


async def test_how_long_answers_take_is_measured(api: httpx.AsyncClient) -> None:
    before = await value(api, "reel_http_request_seconds_count", route="/healthz")

    await api.get("/healthz")

    assert await value(api, "reel_http_request_seconds_count", route="/healthz") == before + 1


async def test_gauges_are_read_at_the_time_and_one_that_fails_hides_no_other(
    api: httpx.AsyncClient,
) -> None:
    before = await value(api, "reel_metrics_samples_failed_total")

    assert await value(api, "reel_test_size") == 7
    assert await value(api, "reel_metrics_samples_failed_total") == before + 2


async def test_metrics_are_no_part_of_the_api(api: httpx.AsyncClient) -> None:
    document = (await api.get("/schema/openapi.json")).json()

    assert "/metrics" not in document["paths"]


def test_a_label_with_many_values_is_refused() -> None:
    with pytest.raises(ValueError, match="video_id"):
        metrics.counter("test_views_total", "Views.", ["video_id"])
