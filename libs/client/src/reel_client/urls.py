"""Part URLs: asked for in batches ahead of need, and again when they grow old or are refused."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

from reel_contracts.uploads import PartUrl
from reel_kernel.clock import Clock

MARGIN: Final = timedelta(seconds=60)
"""A URL with less life than this is not used: the PUT must have begun before it ends."""


class FetchUrls(Protocol):
    """Asks the API; waits while the session is paused."""

    async def __call__(self, part_numbers: Sequence[int]) -> list[PartUrl]: ...


class PartUrlBook:
    """Hands out URLs to parallel senders, with one request for many of them.

    `needed` is every part still to be sent, in the order in which they will be.
    """

    def __init__(self, needed: Sequence[int], fetch: FetchUrls, *, ahead: int, now: Clock) -> None:
        self._needed = list(needed)
        self._fetch = fetch
        self._ahead = ahead
        self._now = now
        self._known: dict[int, PartUrl] = {}
        self._lock = asyncio.Lock()

    async def get(self, number: int) -> PartUrl:
        """Return a URL for the part; it stays known until `drop`."""
        async with self._lock:
            if not self._is_fresh(number):
                await self._fetch_from(number)
            return self._known[number]

    def drop(self, number: int) -> None:
        """Forget the part's URL: it was refused, or is used up."""
        self._known.pop(number, None)

    def sent(self, number: int) -> None:
        self.drop(number)
        self._needed.remove(number)

    def _is_fresh(self, number: int) -> bool:
        known = self._known.get(number)
        return known is not None and self._now() + MARGIN < known.expires_at

    async def _fetch_from(self, number: int) -> None:
        # A just fetched URL is used even if our clock calls it old: the clock may be wrong.
        start = self._needed.index(number)
        later = [n for n in self._needed[start + 1 :] if not self._is_fresh(n)]
        for url in await self._fetch([number, *later[: self._ahead]]):
            self._known[url.part_number] = url
