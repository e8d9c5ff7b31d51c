"""PUT of one part to its pre-signed URL, streamed from disk at its exact length."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Final

import httpx

from reel_client.errors import (
    NetworkError,
    StoreError,
    StoreUnavailable,
    UnexpectedAnswer,
    UrlRejected,
)
from reel_client.source import OpenSource, Part
from reel_contracts.uploads import PartUrl

PART_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
"""For one socket write of `CHUNK_BYTES`, and for the answer after the last."""

_TRANSIENT_STATUS: Final = frozenset({408, 429, 500, 502, 503, 504})
_TRANSIENT_CODES: Final = frozenset({"RequestTimeout", "BadDigest", "IncompleteBody", "SlowDown"})
_REJECTED_STATUS: Final = frozenset({401, 403, 404})
"""Expired, no longer signed for us, or of an upload that is gone: asking for a fresh URL tells."""

OnSent = Callable[[int, int], None]


class PartSender:
    """Sends parts; knows nothing of the API, and no token ever reaches the store through it."""

    def __init__(self, http: httpx.AsyncClient, source: OpenSource, on_sent: OnSent) -> None:
        self._http = http
        self._source = source
        self._on_sent = on_sent

    async def put(self, part: Part, url: PartUrl) -> str:
        """Return the store's ETag of the part, without quotes.

        Raises:
            NetworkError, StoreUnavailable, UrlRejected: another attempt may succeed.
            StoreError, UnexpectedAnswer, SourceChanged: it will not.
        """
        try:
            response = await self._http.put(
                url.upload_url,
                content=self._body(part),
                headers=(url.headers or {}) | {"content-length": str(part.size_bytes)},
                timeout=PART_TIMEOUT,
                follow_redirects=False,
            )
        except httpx.RequestError as failure:
            # The failure's own words may hold the URL, which is a secret until it expires.
            raise NetworkError(f"connection to the store: {type(failure).__name__}") from None
        return _etag(response)

    async def _body(self, part: Part) -> AsyncIterator[bytes]:
        async for piece in self._source.read(part):
            yield piece
            self._on_sent(part.number, len(piece))  # resumed only once the piece was written


def is_transient(failure: BaseException) -> bool:
    """Tell whether sending the same part again may succeed."""
    return isinstance(failure, NetworkError | StoreUnavailable | UrlRejected)


def _etag(response: httpx.Response) -> str:
    if not response.is_success:
        raise _failure(response.status_code, response.text)
    etag = response.headers.get("etag", "").strip('"')
    if not etag:
        raise UnexpectedAnswer("the store took a part but gave no ETag")
    return etag


def _failure(status: int, body: str) -> StoreError:
    found = re.search(r"<Code>(\w{1,64})</Code>", body)
    code = found.group(1) if found else "unknown"
    if status in _TRANSIENT_STATUS or code in _TRANSIENT_CODES:
        return StoreUnavailable(status, code)
    if status in _REJECTED_STATUS:
        return UrlRejected(status, code)
    return StoreError(status, code)
