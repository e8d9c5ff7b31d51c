"""CDNs that can be told to forget a video."""

from collections.abc import Mapping
from typing import Any, Final, Protocol
from uuid import UUID

import httpx
import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from reel_messaging.webhooks import WebhookSender
from video_service.domain.assets import asset_prefix
from video_service.domain.errors import CdnUnavailable


class CloudFrontClient(Protocol):
    """The one call of aiobotocore's client that is needed."""

    async def create_invalidation(self, **request: object) -> Mapping[str, Any]: ...


CLOUDFRONT_ERRORS: Final = (BotoCoreError, ClientError, OSError, TimeoutError)


def everything_of(video_id: UUID) -> str:
    """Return the path pattern of all that the CDN may have of a video."""
    return f"/{asset_prefix(video_id)}*"


class CloudFrontCache:
    """Needs `cloudfront:CreateInvalidation`. One wildcard counts as one path, whatever it hits."""

    def __init__(self, client: CloudFrontClient, distribution_id: str) -> None:
        self._client = client
        self._distribution_id = distribution_id

    async def forget(self, video_id: UUID, *, reference: str) -> str:
        try:
            answer = await self._client.create_invalidation(
                DistributionId=self._distribution_id,
                InvalidationBatch={
                    "Paths": {"Quantity": 1, "Items": [everything_of(video_id)]},
                    "CallerReference": reference,
                },
            )
        except CLOUDFRONT_ERRORS as error:
            raise CdnUnavailable(repr(error)) from error
        return answer["Invalidation"]["Id"]


class EdgeCache:
    """An edge that takes signed orders, as the one of `deploy/local` does."""

    def __init__(self, sender: WebhookSender) -> None:
        self._sender = sender

    async def forget(self, video_id: UUID, *, reference: str) -> str:
        body = msgspec.json.encode({"paths": [everything_of(video_id)]})
        try:
            answer = await self._sender.send(reference, body)
        except httpx.HTTPError as error:
            raise CdnUnavailable(repr(error)) from error
        if not answer.is_success:
            raise CdnUnavailable(f"the edge answered {answer.status_code}")
        return reference


class NoCache:
    """No CDN is configured, so nothing is kept anywhere."""

    async def forget(self, video_id: UUID, *, reference: str) -> str:  # noqa: ARG002 - the port's
        return reference
