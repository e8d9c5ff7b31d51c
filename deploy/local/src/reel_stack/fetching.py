"""A whole stream through the CDN, and through it alone, into a folder."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import httpx

from reel_stack import playlists
from reel_stack.playlists import MediaPlaylist, PlaybackFailed, Variant

FETCH_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
PARALLEL: Final = 6
"""As many connections as a browser opens to one host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One file as it came: `cache` is the edge's `x-cache` header."""

    uri: str
    path: Path
    size_bytes: int
    cache: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedRendition:
    """`film` is the initialisation section and every segment, joined: a file that plays."""

    variant: Variant
    playlist: MediaPlaylist
    files: tuple[Fetched, ...]
    film: Path


class StreamFetcher:
    """Fetches what lies below the master playlist's own folder, and refuses to leave it."""

    def __init__(self, http: httpx.AsyncClient, master_url: str, folder: Path) -> None:
        self._http = http
        self._master_url = master_url
        self._base = master_url.rpartition("/")[0] + "/"
        self._folder = folder
        self._gate = asyncio.Semaphore(PARALLEL)

    async def fetch_all(self) -> tuple[Fetched, tuple[FetchedRendition, ...]]:
        """Return the master and every rendition it names. Raises PlaybackFailed."""
        head = await self._fetch(self._master_url)
        variants = playlists.master(await asyncio.to_thread(head.path.read_text))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._rendition(variant)) for variant in variants]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return head, tuple(task.result() for task in tasks)

    async def _rendition(self, variant: Variant) -> FetchedRendition:
        url = urljoin(self._master_url, variant.uri)
        head = await self._fetch(url)
        playlist = playlists.media(await asyncio.to_thread(head.path.read_text))
        uris = [*([playlist.init] if playlist.init else []), *playlist.segments]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._fetch(urljoin(url, uri))) for uri in uris]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        files = [task.result() for task in tasks]
        film = head.path.with_name("film.mp4" if playlist.init else "film.ts")
        _concatenate(files, film)
        return FetchedRendition(variant=variant, playlist=playlist, files=(head, *files), film=film)

    async def _fetch(self, url: str) -> Fetched:
        if not url.startswith(self._base) or ".." in url:
            raise PlaybackFailed(f"the stream leads away from its folder on the CDN: {url}")
        uri = url.removeprefix(self._base)
        async with self._gate:
            response = await self._get(url)
        path = self._folder / uri
        _write(path, response.content)
        return Fetched(
            uri=uri,
            path=path,
            size_bytes=len(response.content),
            cache=response.headers.get("x-cache", ""),
        )

    async def _get(self, url: str) -> httpx.Response:
        try:
            response = await self._http.get(url, timeout=FETCH_TIMEOUT)
        except httpx.RequestError as failure:
            raise PlaybackFailed(f"no answer to {url}: {type(failure).__name__}") from failure
        if response.status_code != HTTPStatus.OK or not response.content:
            size = len(response.content)
            raise PlaybackFailed(f"{url} answered {response.status_code} with {size} bytes")
        return response


# Not in threads: a thread that a cancelled task left behind would write into a removed folder.
def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _concatenate(files: Sequence[Fetched], film: Path) -> None:
    with film.open("wb") as joined:
        for file in files:
            joined.write(file.path.read_bytes())
