"""Phones that send films by the SDK, and what became of each."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import httpx

from reel_client import ReelClient
from reel_client.retries import RetryPolicy
from reel_contracts.videos import VideoStatus
from reel_stack import sources

FILM_KIND: Final = "3gp"
FILM_S: Final = 1.0
PATIENCE: Final = RetryPolicy(attempts=30, base_s=0.3, max_s=5.0)
"""Of an app that goes on for a minute or two before it bothers its user."""


@dataclass(frozen=True)
class Film:
    """A source file and its SHA-256."""

    path: Path
    digest: str


@dataclass
class Fleet:
    """Phones of different owners; `statuses` are the videos' last known ones, by id."""

    api_url: str
    token: Callable[[UUID], str]
    folder: Path
    statuses: dict[UUID, VideoStatus] = field(default_factory=dict[UUID, VideoStatus])
    digests: dict[UUID, str] = field(default_factory=dict[UUID, str])

    @property
    def uploaded(self) -> int:
        return len(self.statuses)

    @property
    def ready(self) -> int:
        return list(self.statuses.values()).count(VideoStatus.READY)

    async def send_all(self, films: Sequence[Film]) -> None:
        """Send every film from a phone of its own, all at once, and follow each to its end."""
        async with asyncio.TaskGroup() as group:
            for film in films:
                group.create_task(self._send(film), name=film.path.name)

    async def _send(self, film: Film) -> None:
        token, state = self.token(uuid4()), self.folder / film.path.stem
        async with (
            httpx.AsyncClient(trust_env=False) as http,
            ReelClient(self.api_url, token, http, state_dir=state, api_retries=PATIENCE) as reel,
        ):
            video_id = (await reel.upload(film.path)).video_id
            self.statuses[video_id] = VideoStatus.UPLOADING
            self.digests[video_id] = film.digest
            async with aclosing(reel.watch(video_id)) as views:
                async for view in views:
                    self.statuses[video_id] = view.status


def films(folder: Path, sizes_bytes: Sequence[int]) -> list[Film]:
    """Write one film a size: the same picture, with a `free` box of other bytes. Blocks."""
    base = sources.make(FILM_KIND, folder / "base.3gp", FILM_S).read_bytes()
    return [_film(folder / f"film-{n:02}.3gp", base, n, size) for n, size in enumerate(sizes_bytes)]


def _film(path: Path, base: bytes, number: int, size_bytes: int) -> Film:
    length = max(size_bytes - len(base), 12)
    data = base + length.to_bytes(4, "big") + b"free" + number.to_bytes(4, "big")
    data += hashlib.shake_128(data).digest(length - 12)
    path.write_bytes(data)
    return Film(path, hashlib.sha256(data).hexdigest())
