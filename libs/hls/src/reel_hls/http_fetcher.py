"""Files over HTTP, by range."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import httpx

from reel_hls.fetching import CannotFetch, NotThere, Piece

CONNECTIONS: Final = 8
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+)")
_GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.FORBIDDEN})


class HttpFetcher:
    """Asks for ranges, and copes with servers that send the whole file all the same."""

    def __init__(self, http: httpx.AsyncClient, *, max_bytes: int) -> None:
        self._http = http
        self._max_bytes = max_bytes

    async def read(self, uri: str, start: int, length: int) -> Piece:
        headers = {"Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
        try:
            async with self._http.stream("GET", uri, headers=headers) as answer:
                return await self._piece(answer, start, length)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CannotFetch(f"{uri}: {type(error).__name__}: {error}") from error

    async def _piece(self, answer: httpx.Response, start: int, length: int) -> Piece:
        if answer.status_code in _GONE:
            raise NotThere(f"the origin answers {answer.status_code}")
        if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return Piece(b"", int(answer.headers.get("content-range", "*/0").rpartition("/")[2]))
        if answer.status_code == HTTPStatus.PARTIAL_CONTENT:
            found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
            if found is None or int(found[1]) != start:
                raise CannotFetch(f"{answer.url}: another range than was asked for")
            return Piece(await self._body(answer, length), int(found[2]))
        if answer.status_code != HTTPStatus.OK:
            raise CannotFetch(f"{answer.url}: status {answer.status_code}")
        body = await self._body(answer, self._max_bytes)
        return Piece(body[start : start + length], len(body))

    async def _body(self, answer: httpx.Response, most: int) -> bytes:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > most:
                raise CannotFetch(f"{answer.url}: more than {most} bytes")
        return bytes(body)


@asynccontextmanager
async def http_fetcher(*, timeout_s: float, max_bytes: int) -> AsyncGenerator[HttpFetcher]:
    """Open a fetcher; `timeout_s` bounds each wait for the network, `max_bytes` each file."""
    limits = httpx.Limits(max_connections=CONNECTIONS)
    retrying = httpx.AsyncHTTPTransport(retries=2, limits=limits)
    async with httpx.AsyncClient(
        timeout=timeout_s, transport=retrying, follow_redirects=True, max_redirects=5
    ) as http:
        yield HttpFetcher(http, max_bytes=max_bytes)
