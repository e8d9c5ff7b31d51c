"""Who may see what: owners, the gateway, the CDN and the bucket."""

from uuid import uuid4

import httpx
import pytest

from reel_testing.phone import Phone
from reel_testing.stack import RunningStack

SIZE = 6 * 1024 * 1024
MIME = "video/mp4"


@pytest.fixture
async def session(app: Phone) -> dict[str, str]:
    video = await app.create(mime=MIME, size_bytes=SIZE)
    opened = await app.open_session(video["id"], mime=MIME, size_bytes=SIZE)
    return {"video": video["id"], "session": opened["uploadSessionId"]}


ENDPOINTS = [
    ("GET", "/api/videos/{video}", None),
    ("GET", "/api/videos/{video}/events", None),
    ("PATCH", "/api/videos/{video}", {"title": "Mine now"}),
    ("DELETE", "/api/videos/{video}", None),
    ("POST", "/api/videos/{video}/retry", None),
    ("POST", "/api/videos/{video}/uploads", {"sourceMime": MIME, "sourceSizeBytes": SIZE}),
    ("GET", "/api/uploads/{session}", None),
    ("POST", "/api/uploads/{session}/parts", {"partNumber": 1}),
    ("POST", "/api/uploads/{session}/complete", {"parts": [{"partNumber": 1, "etag": "e"}]}),
    ("POST", "/api/uploads/{session}/pause", None),
    ("POST", "/api/uploads/{session}/resume", None),
    ("POST", "/api/uploads/{session}/cancel", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
async def test_another_owner_sees_nothing(
    other: Phone, app: Phone, session: dict[str, str], method: str, path: str, body: object
) -> None:
    problem = await other.call(method, path.format_map(session), expect=404, json=body)

    assert problem["code"] in {"video-not-found", "upload-not-found"}
    assert "uploadSessionId" not in problem
    assert (await app.get(session["video"]))["status"] == "UPLOADING"
    view = await app.call("GET", f"/api/uploads/{session['session']}", expect=200)
    assert view["status"] == "INITIATED"


@pytest.mark.parametrize(
    "path",
    [
        "/api/webhooks/uploads",
        "/api/webhooks/transcoding",
        "//api/webhooks/uploads",
        "/api/videos/../webhooks/uploads",
        "/api/videos/%2e%2e/webhooks/uploads",
        "/api%2Fwebhooks%2Fuploads",
        "/healthz",
        "/readyz",
        "/schema/openapi.json",
        "/metrics",
    ],
)
async def test_the_gateway_routes_nothing_internal(app: Phone, path: str) -> None:
    url = httpx.URL(str(app.http.base_url).rstrip("/")).copy_with(raw_path=path.encode())

    posted = await app.http.post(url, json={})
    got = await app.http.get(url)

    assert (posted.status_code, got.status_code) == (404, 404), (posted.text, got.text)


async def test_a_part_url_takes_exactly_its_length(app: Phone, session: dict[str, str]) -> None:
    part_bytes = 5 * 1024 * 1024
    [url] = await app.part_urls(session["session"], [1])

    async with httpx.AsyncClient(timeout=30) as bare:
        too_long = await bare.put(url["uploadUrl"], content=bytes(part_bytes + 1))
        too_short = await bare.put(url["uploadUrl"], content=bytes(part_bytes - 1))
        right = await bare.put(url["uploadUrl"], content=bytes(part_bytes))

    assert (too_long.status_code, too_short.status_code, right.status_code) == (403, 403, 200)
    view = await app.call("GET", f"/api/uploads/{session['session']}", expect=200)
    assert view["bytesUploaded"] == part_bytes
    assert [part["partNumber"] for part in view["uploadedParts"]] == [1]


async def test_the_source_is_out_of_reach(stack: RunningStack, app: Phone) -> None:
    data = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(SIZE)
    video_id, upload = await app.uploaded(data, mime=MIME)
    await app.complete(**upload)
    key = f"videos/{video_id}/source.mp4"

    async with httpx.AsyncClient() as stranger:
        direct = await stranger.get(f"{stack.s3_url}/reel-media/{key}")
        listing = await stranger.get(f"{stack.s3_url}/reel-media")
        by_cdn = await stranger.get(f"{stack.cdn_url}/{key}")
        by_dots = await stranger.get(f"{stack.cdn_url}/videos/{video_id}/hls/%2e%2e/source.mp4")
        missing = await stranger.get(f"{stack.cdn_url}/videos/{uuid4()}/hls/master.m3u8")

    # S3 says 403; Swift finds no bucket at all in an unsigned request, and says 400 or 412.
    assert {direct.status_code, listing.status_code} <= {400, 401, 403, 412}
    assert key not in listing.text
    assert by_cdn.status_code == 403
    assert by_dots.status_code == 403
    assert missing.status_code in {403, 404}
