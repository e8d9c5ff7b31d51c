"""Acceptance scenario 2: what Reel does not take is refused early, and says why."""

import httpx
import pytest

from reel_testing.phone import Phone

LIMIT = 1_610_612_736
TOO_LARGE = LIMIT + 1
NOBODYS = "5f0c3c88-6b0e-4f39-8f6f-1b7a1f3d9c02"


@pytest.mark.parametrize(
    ("mime", "size_bytes", "field", "code"),
    [
        ("video/webm", 1000, "sourceMime", "unsupported-format"),
        ("video/mp4", TOO_LARGE, "sourceSizeBytes", "too-large"),
    ],
)
async def test_create_refuses_a_wrong_type_or_size(
    app: Phone, mime: str, size_bytes: int, field: str, code: str
) -> None:
    body = {"title": "Tour", "sourceMime": mime, "sourceSizeBytes": size_bytes}

    response = await app.http.post("/api/videos", json=body)

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    [error] = response.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert (await app.call("GET", "/api/videos", expect=200))["items"] == []


@pytest.mark.parametrize(
    ("mime", "size_bytes", "field"),
    [("video/webm", 1000, "sourceMime"), ("video/mp4", TOO_LARGE, "sourceSizeBytes")],
)
async def test_a_session_refuses_a_wrong_type_or_size(
    app: Phone, mime: str, size_bytes: int, field: str
) -> None:
    video = await app.create(mime="video/mp4", size_bytes=1000)

    body = {"sourceMime": mime, "sourceSizeBytes": size_bytes}
    problem = await app.call("POST", f"/api/videos/{video['id']}/uploads", expect=422, json=body)

    assert [error["field"] for error in problem["errors"]] == [field]
    assert (await app.get(video["id"]))["status"] == "DRAFT"


async def test_the_last_allowed_byte_is_allowed(app: Phone) -> None:
    video = await app.create(mime="video/mp4", size_bytes=LIMIT)

    session = await app.open_session(video["id"], mime="video/mp4", size_bytes=LIMIT)

    assert session["status"] == "INITIATED"
    await app.call("POST", f"/api/uploads/{session['uploadSessionId']}/cancel", expect=200)


async def test_a_renamed_text_file_ends_failed(app: Phone) -> None:
    data = b"This is a shopping list, not a film.\n" * 100
    video_id, upload = await app.uploaded(data, mime="video/mp4")

    problem = await app.complete(**upload, expect=422)

    assert problem["code"] == "unsupported-format"
    view = await app.wait_final(video_id, within_s=10)
    assert (view["status"], view["failReason"]) == ("FAILED", "UNSUPPORTED_FORMAT")
    assert view["playback"] == {"ready": False, "streamUrl": None}


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("GET", "/api/nothing", None, 404, "not-found"),
        ("GET", f"/api/videos/{NOBODYS}", None, 404, "video-not-found"),
        ("GET", "/api/videos/not-an-id", None, 404, "not-found"),
        ("POST", "/api/videos", b'{"title": ', 400, "malformed-json"),
        ("POST", "/api/videos", b'{"title": 5}', 422, "validation-error"),
        ("PUT", "/api/videos", b"{}", 405, "method-not-allowed"),
        ("GET", "/api/videos?limit=101", None, 422, "validation-error"),
        ("GET", "/api/videos?cursor=nonsense", None, 422, None),
    ],
)
async def test_every_error_is_a_problem_document(
    app: Phone, method: str, path: str, content: bytes | None, status: int, code: str | None
) -> None:
    headers = {"Content-Type": "application/json"} if content else {}

    response = await app.http.request(method, path, content=content, headers=headers)

    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{problem['code']}"
    assert code is None or problem["code"] == code


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic dXNlcjpwYXNz"])
async def test_nobody_enters_without_a_token(app: Phone, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    async with httpx.AsyncClient(base_url=app.http.base_url, headers=headers) as stranger:
        response = await stranger.get("/api/videos")

    assert response.status_code == 401
    assert response.json()["code"] == "unauthorized"
