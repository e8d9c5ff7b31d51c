"""A phone that speaks the public API byte by byte: what a test may see is what an app may see."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

Json = dict[str, Any]

POLL_S: Final = 0.05
FINAL: Final = frozenset({"READY", "FAILED"})
MIME_BY_SUFFIX: Final = {
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".3gp": "video/3gpp",
    ".avi": "video/x-msvideo",
    ".wmv": "video/x-ms-wmv",
}


class Phone:
    """One owner's app: raw JSON in and out, no SDK in between.

    Every view of a video it ever read is kept in `seen`, so that a test can say what was never
    shown.
    """

    def __init__(self, http: httpx.AsyncClient, owner: UUID) -> None:
        self.http = http
        self.owner = owner
        self.seen: list[Json] = []

    async def call(self, method: str, path: str, *, expect: int, json: object = None) -> Json:
        """Send one request, insist on its status, and return the decoded body ({} if none)."""
        response = await self.http.request(method, path, json=json)
        assert response.status_code == expect, (
            f"{method} {path}: {response.status_code} {response.text}"
        )
        return response.json() if response.content else {}

    async def create(self, *, mime: str, size_bytes: int, title: str = "Tour") -> Json:
        body = {"title": title, "sourceMime": mime, "sourceSizeBytes": size_bytes}
        return await self.call("POST", "/api/videos", expect=201, json=body)

    async def open_session(self, video_id: str, *, mime: str, size_bytes: int) -> Json:
        body = {"sourceMime": mime, "sourceSizeBytes": size_bytes}
        return await self.call("POST", f"/api/videos/{video_id}/uploads", expect=201, json=body)

    async def part_urls(self, session_id: str, numbers: Sequence[int]) -> list[Json]:
        body = {"partNumbers": list(numbers)}
        answer = await self.call("POST", f"/api/uploads/{session_id}/parts", expect=200, json=body)
        return answer["parts"]

    async def put_parts(
        self, session: Json, data: bytes, *, only: Iterable[int] = ()
    ) -> list[Json]:
        """PUT the parts of `data` (or `only` those) and return the body of `complete`."""
        size = session["partSizeBytes"]
        chunks = {n + 1: data[n * size : (n + 1) * size] for n in range(-(-len(data) // size))}
        wanted = sorted(only) or sorted(chunks)
        urls = await self.part_urls(session["uploadSessionId"], wanted)
        done: list[Json] = []
        async with httpx.AsyncClient(timeout=60) as bare:
            for url in urls:
                number = url["partNumber"]
                response = await bare.put(url["uploadUrl"], content=chunks[number])
                assert response.status_code == 200, response.text
                done.append({"partNumber": number, "etag": response.headers["etag"]})
        return done

    async def complete(self, session_id: str, parts: list[Json], *, expect: int = 200) -> Json:
        path = f"/api/uploads/{session_id}/complete"
        return await self.call("POST", path, expect=expect, json={"parts": parts})

    async def uploaded(self, data: bytes, *, mime: str, title: str = "Tour") -> tuple[str, Json]:
        """Create, open a session, PUT every part; return (video id, `complete` arguments)."""
        video = await self.create(mime=mime, size_bytes=len(data), title=title)
        session = await self.open_session(video["id"], mime=mime, size_bytes=len(data))
        parts = await self.put_parts(session, data)
        return video["id"], {"session_id": session["uploadSessionId"], "parts": parts}

    async def send(self, source: Path, *, title: str = "Tour") -> str:
        """Upload a whole file and return its video id once `complete` was answered."""
        data = await asyncio.to_thread(source.read_bytes)
        video_id, upload = await self.uploaded(
            data, mime=MIME_BY_SUFFIX[source.suffix.lower()], title=title
        )
        await self.complete(**upload)
        return video_id

    async def get(self, video_id: str) -> Json:
        view = await self.call("GET", f"/api/videos/{video_id}", expect=200)
        self.seen.append(view)
        return view

    async def wait(self, video_id: str, *, until: Callable[[Json], bool], within_s: float) -> Json:
        """Poll until the view satisfies `until`.

        Raises:
            TimeoutError: it did not within `within_s`; the message holds the last view.
        """
        deadline = time.monotonic() + within_s
        while True:
            view = await self.get(video_id)
            if until(view):
                return view
            if time.monotonic() > deadline:
                raise TimeoutError(f"after {within_s} s: {view}")
            await asyncio.sleep(POLL_S)

    async def wait_final(self, video_id: str, *, within_s: float = 120) -> Json:
        return await self.wait(video_id, until=lambda v: v["status"] in FINAL, within_s=within_s)


@asynccontextmanager
async def phone(
    gateway_url: str, token: Callable[[UUID], str], *, headers: Mapping[str, str] | None = None
) -> AsyncGenerator[Phone]:
    """Open the app of a new owner against the public gateway."""
    owner = uuid4()
    authorization = {"Authorization": f"Bearer {token(owner)}", **(headers or {})}
    async with httpx.AsyncClient(base_url=gateway_url, headers=authorization, timeout=30) as http:
        yield Phone(http, owner)
