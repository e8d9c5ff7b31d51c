"""An agent's app, as far as upload-service and the store see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx

from reel_testing.tokens import TokenIssuer

Part = Mapping[str, object]
"""`partNumber` and `etag`."""


@dataclass(frozen=True)
class Agent:
    """One caller: `api` is the service, `store` the object store, `id` the `sub` of the token."""

    api: httpx.AsyncClient
    store: httpx.AsyncClient
    tokens: TokenIssuer
    id: UUID

    def colleague(self) -> "Agent":
        """Return another caller of the same service."""
        return Agent(self.api, self.store, self.tokens, uuid4())

    async def create(
        self, video_id: UUID, size_bytes: int, mime: str = "video/mp4"
    ) -> httpx.Response:
        body = {"sourceMime": mime, "sourceSizeBytes": size_bytes}
        return await self._post(f"/api/videos/{video_id}/uploads", body)

    async def open(self, video_id: UUID, size_bytes: int, mime: str = "video/mp4") -> UUID:
        """Create a session that must be accepted; return its id."""
        response = await self.create(video_id, size_bytes, mime)
        assert response.status_code == httpx.codes.CREATED, response.text
        return UUID(response.json()["uploadSessionId"])

    async def show(self, session_id: UUID) -> httpx.Response:
        return await self.api.get(f"/api/uploads/{session_id}", headers=self._headers())

    async def status(self, session_id: UUID) -> str:
        return (await self.show(session_id)).json()["status"]

    async def do(self, session_id: UUID, verb: str, body: object = None) -> httpx.Response:
        """POST `/api/uploads/{id}/{verb}`."""
        return await self._post(f"/api/uploads/{session_id}/{verb}", body)

    async def part_url(self, session_id: UUID, number: int) -> str:
        response = await self.do(session_id, "parts", {"partNumber": number})
        assert response.status_code == httpx.codes.OK, response.text
        return response.json()["uploadUrl"]

    async def put(self, url: str, body: bytes) -> httpx.Response:
        """PUT to the store as a browser or phone does: no header but the length."""
        return await self.store.put(url, content=body)

    async def send(self, session_id: UUID, source: bytes, part_size_bytes: int) -> list[Part]:
        """PUT every part; return the list to complete with."""
        cuts = range(0, len(source), part_size_bytes)
        return [
            await self.send_part(session_id, number, source[start : start + part_size_bytes])
            for number, start in enumerate(cuts, start=1)
        ]

    async def send_part(self, session_id: UUID, number: int, body: bytes) -> Part:
        response = await self.put(await self.part_url(session_id, number), body)
        assert response.status_code == httpx.codes.OK, response.text
        return {"partNumber": number, "etag": response.headers["etag"]}

    async def complete(self, session_id: UUID, parts: Sequence[Part]) -> httpx.Response:
        return await self.do(session_id, "complete", {"parts": parts})

    async def _post(self, path: str, body: object) -> httpx.Response:
        return await self.api.post(path, json=body, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return self.tokens.header(self.id)
