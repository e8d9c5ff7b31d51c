"""Nobody learns of another agent's video."""

from uuid import UUID, uuid4

import pytest

from reel_testing.video_service import VideoService

NOBODYS = UUID("0194a5f6-0000-4000-8000-00000000abcd")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"title": "Mine now"}),
        ("DELETE", "", None),
        ("POST", "/retry", None),
    ],
)
async def test_anothers_video_is_not_found_just_like_one_that_never_was(
    service: VideoService, owner: UUID, method: str, path: str, body: object
) -> None:
    video_id = await service.given(owner, "FAILED")
    before = await service.row(video_id)

    anothers = await service.call(uuid4(), method, f"/{video_id}{path}", json=body)
    unknown = await service.call(uuid4(), method, f"/{uuid4()}{path}", json=body)

    volatile = {"instance", "requestId"}
    told = [{k: v for k, v in r.json().items() if k not in volatile} for r in (anothers, unknown)]
    assert anothers.status_code == unknown.status_code == 404
    assert told[0] == told[1]
    assert told[0]["code"] == "video-not-found"
    assert await service.row(video_id) == before


async def test_a_list_shows_the_callers_videos_alone(service: VideoService, owner: UUID) -> None:
    mine = await service.create(owner)
    await service.create(uuid4())

    listed = (await service.call(owner, "GET")).json()["items"]

    assert [item["id"] for item in listed] == [mine["id"]]


async def test_a_session_of_another_agent_is_not_admitted(
    service: VideoService, owner: UUID
) -> None:
    video_id = (await service.create(owner))["id"]

    response = await service.upload_says(
        uploadSessionId=str(uuid4()), videoId=video_id, status="INITIATED", ownerId=str(uuid4())
    )

    assert (response.status_code, response.json()["code"]) == (404, "video-not-found")
    assert (await service.get(owner, video_id))["status"] == "DRAFT"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/videos"),
        ("POST", "/api/videos"),
        ("GET", f"/api/videos/{NOBODYS}"),
        ("PATCH", f"/api/videos/{NOBODYS}"),
        ("DELETE", f"/api/videos/{NOBODYS}"),
        ("POST", f"/api/videos/{NOBODYS}/retry"),
    ],
)
async def test_without_a_token_nothing_is_answered(
    service: VideoService, method: str, path: str
) -> None:
    response = await service.http.request(method, path)

    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")


async def test_a_token_of_another_issuer_is_refused(service: VideoService, owner: UUID) -> None:
    token = service.tokens.mint(owner, iss="somebody")

    response = await service.http.get("/api/videos", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 401
