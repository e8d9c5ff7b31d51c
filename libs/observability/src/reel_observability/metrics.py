"""Metrics in the Prometheus text format.

An instrument is made once, at the top of the module that counts, as a logger is: it decides
nothing, and passing it along would say nothing. A process has one registry.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
PREFIX: Final = "reel_"
LABELS: Final = frozenset(
    {
        *("destination", "event", "job", "kind", "method", "outcome", "queue", "reason"),
        *("route", "status"),
    }
)
"""Each has few values for ever. An id as a label would make a time series for each video."""
SAMPLE_TIMEOUT_S: Final = 3.0

Sample = Callable[[], Awaitable[None]]
"""Sets gauges to what is true now; run before each answer."""

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

log = structlog.stdlib.get_logger(__name__)


def _few(labels: Sequence[str]) -> Sequence[str]:
    unknown = set(labels) - LABELS
    if unknown:
        raise ValueError(f"Labels with few values only, not {sorted(unknown)}")
    return labels


def counter(name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
    """Make something that only grows; `name` ends in `_total`."""
    return Counter(PREFIX + name, meaning, _few(labels), registry=REGISTRY)


def gauge(name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
    """Make something that goes up and down."""
    return Gauge(PREFIX + name, meaning, _few(labels), registry=REGISTRY)


def histogram(
    name: str, meaning: str, buckets: Sequence[float], labels: Sequence[str] = ()
) -> Histogram:
    """Make a distribution; `buckets` are upper bounds, in the unit that `name` ends in."""
    return Histogram(PREFIX + name, meaning, _few(labels), registry=REGISTRY, buckets=buckets)


SAMPLES_FAILED: Final = counter("metrics_samples_failed_total", "Gauges that could not be read.")


async def scrape(samples: Sequence[Sample] = ()) -> bytes:
    """Return every metric of this process; a sample that fails is logged and counted."""
    async with asyncio.TaskGroup() as group:
        for sample in samples:
            group.create_task(_take(sample))
    return generate_latest(REGISTRY)


async def _take(sample: Sample) -> None:
    try:
        async with asyncio.timeout(SAMPLE_TIMEOUT_S):
            await sample()
    except Exception as error:  # noqa: BLE001 - the other metrics are wanted all the more then
        SAMPLES_FAILED.inc()
        log.warning("metrics_sample_failed", error=repr(error))
