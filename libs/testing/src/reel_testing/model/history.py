"""The states that an owner's own stream of events told of, in their order."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from reel_testing.model.observations import check_playback
from reel_testing.model.outcomes import Json, Violation
from reel_testing.model.tables import VIDEO_EDGES, reachable

FOLLOWING: Final = reachable(VIDEO_EDGES)
DELETED: Final = "deleted"
OPENED_S: Final = 30.0


@dataclass(slots=True)
class History:
    """`states` by video; several changes may be told as one, so a state may be left out."""

    states: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, http: httpx.AsyncClient) -> None:
        """Read `GET /api/videos/events` until cancelled, or until it ends."""
        async with http.stream("GET", "/api/videos/events", timeout=None) as response:
            event = ""
            async for line in response.aiter_lines():
                name, _, value = line.partition(":")
                if name == "event":
                    event = value.strip()
                    self.is_open.set()
                elif name == "data" and event in {"status", "progress", DELETED}:
                    self._note(event, json.loads(value))

    async def opened(self) -> None:
        """Wait for the first event: from then on nothing is missed. Raises TimeoutError."""
        async with asyncio.timeout(OPENED_S):
            await self.is_open.wait()

    def _note(self, event: str, body: Json) -> None:
        told = self.states.setdefault(body["id"], [])
        if event == DELETED:
            told.append(DELETED)
            return
        check_playback(body)
        self._check_path(told, body["status"], body["id"])
        told.append(body["status"])

    def _check_path(self, told: list[str], status: str, video_id: str) -> None:
        if told and (told[-1] == DELETED or status not in FOLLOWING[told[-1]]):
            raise Violation(f"{video_id} went {' → '.join([*told, status])}")

    def last(self, video_id: str) -> str | None:
        return self.states.get(video_id, [None])[-1]

    def lacks(self, ends: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
        """Return the videos whose last told state is not the one they are in."""
        return {
            video_id: (end, self.last(video_id))
            for video_id, end in ends.items()
            if self.last(video_id) != end
        }
