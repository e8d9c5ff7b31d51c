"""The public API (spec 2.1, 2.2) and the object store in one local server that can misbehave.

For tests of clients: a real socket, real connection cuts, no database. It keeps a list of every
request, so that a test can tell what was sent again and what was not.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from aiohttp import web

from reel_testing.api_double_answers import Created, once, problem, s3_error, state_of
from reel_testing.api_double_state import CHECKSUM, TOKEN, ApiDouble, Seen, Session, now, spend

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def api_double(part_size_bytes: int = 64 * 1024) -> AsyncGenerator[ApiDouble]:
    """Serve a fresh double on a free local port."""
    double = ApiDouble(part_size_bytes)
    runner = web.AppRunner(application(double), shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        double.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield double
    finally:
        double.script.release.set()
        await runner.cleanup()


def application(double: ApiDouble) -> web.Application:
    routes = Routes(double)
    app = web.Application(client_max_size=2**31, middlewares=[routes.guard])
    app.add_routes(
        [
            web.post("/api/videos", routes.create_video),
            web.get("/api/videos", routes.list_videos),
            web.get("/api/videos/{video}", routes.get_video),
            web.delete("/api/videos/{video}", routes.delete_video),
            web.post("/api/videos/{video}/uploads", routes.create_upload),
            web.get("/api/uploads/{session}", routes.get_upload),
            web.post("/api/uploads/{session}/parts", routes.part_urls),
            web.post("/api/uploads/{session}/complete", routes.complete),
            web.post("/api/uploads/{session}/{verb}", routes.command),
            web.put("/store/{session}/{part}", routes.put_part),
        ]
    )
    return app


class Routes:
    def __init__(self, double: ApiDouble) -> None:
        self._double = double

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note the request; want the token on the API, and none on the store."""
        has_token = request.headers.get("authorization") == f"Bearer {TOKEN}"
        if request.path.startswith("/store/"):
            return problem(400, "token-leaked") if has_token else await handler(request)
        key = request.headers.get("idempotency-key")
        self._double.seen.append(Seen(request.method, request.path, key=key))
        return await handler(request) if has_token else problem(401, "unauthorized")

    async def create_video(self, request: web.Request) -> web.Response:
        return await once(self._double, request, self._create_video)

    async def create_upload(self, request: web.Request) -> web.Response:
        return await once(self._double, request, self._create_upload)

    async def _create_video(self, request: web.Request) -> Created:
        body = await request.json()
        video_id = self._double.add_video()
        view = self._double.videos[video_id] | {"title": body["title"]}
        source = {"mime": body["sourceMime"], "sizeBytes": body["sourceSizeBytes"]}
        self._double.videos[video_id] = view
        return 201, view | {"source": source}

    async def list_videos(self, request: web.Request) -> web.Response:
        limit, start = int(request.query["limit"]), int(request.query.get("cursor", "0"))
        wanted = request.query.get("status")
        videos = [v for v in self._double.videos.values() if wanted in {None, v["status"]}]
        end = start + limit
        cursor = str(end) if end < len(videos) else None
        return web.json_response({"items": videos[start:end], "nextCursor": cursor})

    async def get_video(self, request: web.Request) -> web.Response:
        view = self._double.videos.get(UUID(request.match_info["video"]))
        if view is None:
            return problem(404, "video-not-found", detail="There is no such video.")
        etag = f'"{view["status"]}"'
        if request.headers.get("if-none-match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.json_response(view, headers={"ETag": etag})

    async def delete_video(self, request: web.Request) -> web.Response:
        found = self._double.videos.pop(UUID(request.match_info["video"]), None)
        return web.Response(status=204) if found else problem(404, "video-not-found")

    async def _create_upload(self, request: web.Request) -> Created:
        body, video_id = await request.json(), UUID(request.match_info["video"])
        if video_id not in self._double.videos:
            return 404, {"code": "video-not-found"}
        for session in self._double.sessions.values():
            live = session.status in {"INITIATED", "IN_PROGRESS", "PAUSED"}
            if session.video_id == video_id and live:
                return 409, {
                    "code": "upload-session-active",
                    "uploadSessionId": str(session.id),
                }
        session = Session(video_id, body["sourceSizeBytes"], body.get("checksumAlgorithm"))
        self._double.sessions[session.id] = session
        view = self._view(session)
        keep = ("uploadSessionId", "partSizeBytes", "status", "checksumAlgorithm")
        return 201, {name: view[name] for name in keep}

    async def get_upload(self, request: web.Request) -> web.Response:
        session = self._session(request)
        return (
            web.json_response(self._view(session)) if session else problem(404, "upload-not-found")
        )

    async def part_urls(self, request: web.Request) -> web.Response:
        session = self._session(request)
        if session is None:
            return problem(404, "upload-not-found")
        if session.status not in {"INITIATED", "IN_PROGRESS"}:
            return problem(409, "invalid-transition", {"currentStatus": session.status})
        session.status = "IN_PROGRESS"
        expires = (now() + self._double.script.url_life).isoformat()
        body = await request.json()
        if session.algorithm:
            session.signed |= zip(body["partNumbers"], body["checksums"], strict=True)
        parts = [
            {
                "partNumber": number,
                "uploadUrl": f"{self._double.url}/store/{session.id}/{number}?X-Amz-Signature=s",
                "expiresAt": expires,
                "headers": {CHECKSUM: session.signed[number]} if session.algorithm else {},
            }
            for number in body["partNumbers"]
        ]
        return web.json_response({"parts": parts})

    async def complete(self, request: web.Request) -> web.Response:
        session, script = self._session(request), self._double.script
        if session is None:
            return problem(404, "upload-not-found")
        if script.failing_completes:
            script.failing_completes -= 1
            session.status = "FAILED"
            return problem(409, "invalid-transition", {"currentStatus": "FAILED"})
        if script.is_no_film:
            session.status = "FAILED"
            return problem(422, "unsupported-format")
        for number in script.unlisted:
            del session.parts[number]
        script.unlisted = set()
        body = await request.json()
        claimed = {p["partNumber"]: p["etag"].strip('"') for p in body["parts"]}
        missing = sorted(claimed.keys() - session.parts.keys())
        differing = [n for n in session.parts if claimed.get(n) != session.etag(n)]
        if missing or differing:
            return problem(409, "parts-mismatch", {"missing": missing, "differing": differing})
        session.status, session.whole = "COMPLETED", body.get("checksum")
        return state_of(session)

    async def command(self, request: web.Request) -> web.Response:
        session = self._session(request)
        if session is None:
            return problem(404, "upload-not-found")
        verb = request.match_info["verb"]
        session.status = {"pause": "PAUSED", "resume": "IN_PROGRESS", "cancel": "CANCELED"}[verb]
        return state_of(session)

    async def put_part(self, request: web.Request) -> web.StreamResponse:
        session, number = self._session(request), int(request.match_info["part"])
        script = self._double.script
        if number in script.held:
            await script.release.wait()
        if spend(script.cuts, number):
            return await self._cut(request, number)
        body = await request.read()
        answer = self._store(session, number, body, request)
        self._double.seen.append(Seen("PUT", request.path, number, len(body), answer.status))
        async with self._double.progress:
            self._double.progress.notify_all()
        return answer

    def _store(
        self, session: Session | None, number: int, body: bytes, request: web.Request
    ) -> web.Response:
        if fault := self._fault(number):
            return fault
        if session is None:
            return s3_error(404, "NoSuchUpload")
        if {request.content_length, len(body)} != {self._expected(session, number)}:
            return s3_error(400, "InvalidArgument")
        if session.algorithm and not session.takes(number, body, request.headers.get(CHECKSUM)):
            return s3_error(400, "BadDigest")
        session.parts[number] = body
        return web.Response(headers={"ETag": f'"{session.etag(number)}"'})

    def _fault(self, number: int) -> web.Response | None:
        if spend(self._double.script.expired, number):
            return s3_error(403, "AccessDenied")
        if spend(self._double.script.broken, number):
            return s3_error(503, "SlowDown")
        if number in self._double.script.denied:
            return s3_error(400, "InvalidArgument")
        return None

    async def _cut(self, request: web.Request, number: int) -> web.StreamResponse:
        """Read half of the part, then drop the connection without an answer."""
        half, received = (request.content_length or 0) // 2, 0
        async for piece in request.content.iter_any():
            received += len(piece)
            if received >= half:
                break
        self._double.seen.append(Seen("PUT", request.path, number, received))
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    def _expected(self, session: Session, number: int) -> int:
        size = self._double.part_size_bytes
        return min(size, session.size_bytes - (number - 1) * size)

    def _session(self, request: web.Request) -> Session | None:
        return self._double.sessions.get(UUID(request.match_info["session"]))

    def _view(self, session: Session) -> dict[str, object]:
        parts = [
            {"partNumber": n, "etag": session.etag(n), "sizeBytes": len(session.parts[n])}
            for n in sorted(session.parts)
        ]
        return {
            "uploadSessionId": str(session.id),
            "videoId": str(session.video_id),
            "status": session.status,
            "bytesUploaded": sum(map(len, session.parts.values())),
            "partSizeBytes": self._double.part_size_bytes,
            "sourceSizeBytes": session.size_bytes,
            "uploadedParts": parts,
            "checksumAlgorithm": session.algorithm,
        }
