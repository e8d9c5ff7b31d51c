"""Apps that upload film after film, each on its whole way, and look what becomes of it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

MIME: Final = "video/quicktime"
POLL_S: Final = 1.0
WATCH_S: Final = 5.0
"""So long an app looks after a film before it sends the next: a queue of transcodes is no fault."""
REQUEST_S: Final = 60
ORDER: Final = ("DRAFT", "UPLOADING", "UPLOADED", "TRANSCODING", "READY")
NOT_MODIFIED: Final = 304
Json = dict[str, Any]


class WrongAnswer(Exception):
    """An answer of another status, or one that cannot be true; names what it was."""


@dataclass
class UploadTally:
    """`films_s` from the creation to the answer of `complete`; `ended` counts states last seen."""

    films_s: list[float] = field(default_factory=list[float])
    requests_s: list[float] = field(default_factory=list[float])
    faults: Counter[str] = field(default_factory=Counter[str])
    ended: Counter[str] = field(default_factory=Counter[str])

    @property
    def errors(self) -> int:
        return self.faults.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploader:
    """One app; `api` carries its token, `store` nothing."""

    api: aiohttp.ClientSession
    store: aiohttp.ClientSession
    token: str
    film: bytes
    tally: UploadTally

    async def run(self, until: float) -> None:
        """Upload until `until`, an instant of `time.perf_counter`; a film begun is finished."""
        while time.perf_counter() < until:
            try:
                await self._send_one()
            except (WrongAnswer, aiohttp.ClientError, TimeoutError) as error:
                self.tally.faults[f"{type(error).__name__}: {error}"] += 1

    async def _send_one(self) -> None:
        began = time.perf_counter()
        declared = {"sourceMime": MIME, "sourceSizeBytes": len(self.film)}
        video = await self._call("POST", "/api/videos", 201, {"title": "Load", **declared})
        path = f"/api/videos/{video['id']}"
        session = await self._call("POST", f"{path}/uploads", 201, declared)
        await self._send_parts(session)
        self.tally.films_s.append(time.perf_counter() - began)
        self.tally.ended[await self._watch(path)] += 1

    async def _send_parts(self, session: Json) -> None:
        size, at = session["partSizeBytes"], f"/api/uploads/{session['uploadSessionId']}"
        numbers = range(1, -(-len(self.film) // size) + 1)
        urls = await self._call("POST", f"{at}/parts", 200, {"partNumbers": list(numbers)})
        parts = [await self._put(url, size) for url in urls["parts"]]
        await self._call("POST", f"{at}/complete", 200, {"parts": parts})

    async def _put(self, url: Json, size: int) -> Json:
        number = url["partNumber"]
        chunk = self.film[(number - 1) * size : number * size]
        async with self.store.put(url["uploadUrl"], data=chunk) as response:
            await response.read()
            if response.status != 200:
                raise WrongAnswer(f"PUT of a part: {response.status}")
            return {"partNumber": number, "etag": response.headers["ETag"]}

    async def _watch(self, path: str) -> str:
        """Poll as an app does; return the state seen last."""
        ends_at = time.perf_counter() + WATCH_S
        seen, tag = ORDER[0], None
        while seen != ORDER[-1] and time.perf_counter() < ends_at:
            view, tag = await self._poll(path, tag)
            if view:
                seen = next_state(seen, view)
            await asyncio.sleep(POLL_S)
        return seen

    async def _poll(self, path: str, tag: str | None) -> tuple[Json | None, str]:
        given = {} if tag is None else {"If-None-Match": tag}
        async with self._request("GET", path, given) as response:
            if response.status == NOT_MODIFIED:
                return None, response.headers["ETag"]
            if response.status != 200:
                raise WrongAnswer(f"GET of a video: {response.status}")
            return await response.json(), response.headers["ETag"]

    async def _call(self, method: str, path: str, expect: int, json: object) -> Json:
        async with self._request(method, path, {}, json) as response:
            if response.status != expect:
                raise WrongAnswer(f"{method}: {response.status} {await response.text()}")
            return await response.json()

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, headers: Mapping[str, str], json: object = None
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        signed = {"Authorization": f"Bearer {self.token}", **headers}
        began = time.perf_counter()
        async with self.api.request(method, path, headers=signed, json=json) as response:
            await response.read()
            self.tally.requests_s.append(time.perf_counter() - began)
            yield response


def next_state(seen: str, view: Json) -> str:
    """Return the view's state. Raises WrongAnswer for one that cannot follow or cannot be true."""
    status, stream = view["status"], view["playback"]["streamUrl"]
    if status not in ORDER:
        raise WrongAnswer(f"{status} {view['failReason']}")
    if ORDER.index(status) < ORDER.index(seen):
        raise WrongAnswer(f"{status} after {seen}")
    if (stream is not None) != (status == ORDER[-1]):
        raise WrongAnswer(f"{status} with stream {stream}")
    return status


async def upload(
    gateway_url: str, tokens: Sequence[str], film: bytes, *, seconds: float
) -> UploadTally:
    """Let an app for each token upload for so long, side by side."""
    tally = UploadTally()
    until = time.perf_counter() + seconds
    limits = aiohttp.ClientTimeout(total=REQUEST_S)
    async with (
        aiohttp.ClientSession(gateway_url, timeout=limits, connector=_unlimited()) as api,
        aiohttp.ClientSession(timeout=limits, connector=_unlimited()) as store,
        asyncio.TaskGroup() as group,
    ):
        for token in tokens:
            app = Uploader(api=api, store=store, token=token, film=film, tally=tally)
            group.create_task(app.run(until), name="uploader")
    return tally


def _unlimited() -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(limit=0)
