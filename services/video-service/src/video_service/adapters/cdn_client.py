"""Which CDN the settings name."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from reel_messaging.webhooks import WebhookSender, http_client
from video_service.adapters.cdn import CloudFrontCache, EdgeCache, NoCache
from video_service.ports import CdnCache

INVALIDATIONS_PATH: Final = "/_edge/invalidations"
REGION: Final = "us-east-1"
"""CloudFront is global; its control plane answers here."""

_CONFIG: Final = AioConfig(
    connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CdnSettings:
    """A distribution, or an edge with what it checks orders by, or neither."""

    distribution_id: str | None = None
    edge_url: str | None = None
    edge_secret: str | None = field(default=None, repr=False)


@asynccontextmanager
async def cdn_cache(settings: CdnSettings) -> AsyncGenerator[CdnCache]:
    """Open what it takes to invalidate; CloudFront's keys are AWS's default chain.

    Raises:
        ValueError: an edge without its secret.
    """
    if settings.distribution_id is not None:
        session = get_session()
        async with session.create_client(
            "cloudfront", region_name=REGION, config=_CONFIG
        ) as client:
            yield CloudFrontCache(client, settings.distribution_id)
    elif settings.edge_url is not None:
        if settings.edge_secret is None:
            raise ValueError("An edge takes signed orders alone: its secret is missing")
        async with http_client() as http:
            url = settings.edge_url.rstrip("/") + INVALIDATIONS_PATH
            yield EdgeCache(WebhookSender(http, url, settings.edge_secret))
    else:
        yield NoCache()
