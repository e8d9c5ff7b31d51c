"""The private bucket, read with signed requests (AWS Signature Version 4)."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import httpx
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from reel_stack.cdn.config import Config

TIMEOUT: Final = httpx.Timeout(connect=3.0, read=20.0, write=10.0, pool=10.0)
LIMITS: Final = httpx.Limits(max_connections=32, max_keepalive_connections=16)


class Origin:
    """Fetches objects with a key that may read and nothing else."""

    def __init__(self, config: Config, http: httpx.AsyncClient) -> None:
        self._base = f"{config.origin_url}/{config.bucket}"
        self._http = http
        credentials = Credentials(config.access_key_id, config.secret_access_key)
        self._auth = S3SigV4Auth(credentials, "s3", config.region)

    @asynccontextmanager
    async def get(self, key: str) -> AsyncGenerator[httpx.Response]:
        """Open an object for streaming. Raises httpx.TransportError."""
        url = f"{self._base}/{key}"
        async with self._http.stream("GET", url, headers=self._signed(url)) as response:
            yield response

    def _signed(self, url: str) -> dict[str, str]:
        request = AWSRequest("GET", url)
        self._auth.add_auth(request)
        return {**request.headers, "accept-encoding": "identity"}


def http_client() -> httpx.AsyncClient:
    """A client for the origin: bounded connections, time limits, no proxies."""
    return httpx.AsyncClient(timeout=TIMEOUT, limits=LIMITS, trust_env=False)
