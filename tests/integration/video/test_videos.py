"""`/api/videos` as its owner sees it (spec 2.1)."""

import asyncio
from uuid import UUID

import pytest

from reel_contracts.events import TranscodeRequested
from reel_testing.video_service import CDN, VideoService

STATES = ["DRAFT", "UPLOADING", "UPLOADED", "TRANSCODING", "READY", "FAILED"]


async def test_creating_answers_the_draft_and_where_it_is(
    service: VideoService, owner: UUID
) -> None:
    body = {
        "title": "  Property Tour - 12 Smith St ",
        "description": "Short tour",
        "sourceMime": "video/mp4",
        "sourceSizeBytes": 734_003_200,
    }

    response = await service.call(owner, "POST", json=body)

    video = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/api/videos/{video['id']}"
    assert video == {
        "id": video["id"],
        "ownerId": str(owner),
        "title": "Property Tour - 12 Smith St",
        "description": "Short tour",
        "source": {"mime": "video/mp4", "sizeBytes": 734_003_200},
        "status": "DRAFT",
        "createdAt": video["createdAt"],
        "updatedAt": video["createdAt"],
    }


@pytest.mark.parametrize("status", STATES)
async def test_only_a_ready_video_has_a_stream(
    service: VideoService, owner: UUID, status: str
) -> None:
    video_id = await service.given(owner, status)

    view = await service.get(owner, video_id)

    is_ready = status == "READY"
    stream = f"{CDN}/videos/{video_id}/hls/master.m3u8" if is_ready else None
    assert view == {
        "id": video_id,
        "ownerId": str(owner),
        "title": "Tour",
        "description": None,
        "status": status,
        "failReason": "TRANSCODE_ERROR" if status == "FAILED" else None,
        "playback": {"ready": is_ready, "streamUrl": stream},
        "posterUrl": f"{CDN}/videos/{video_id}/hls/poster.jpg" if is_ready else None,
        "storyboardUrl": f"{CDN}/videos/{video_id}/hls/storyboard.vtt" if is_ready else None,
        "durationSeconds": 62.5 if is_ready else None,
        "width": 1920 if is_ready else None,
        "height": 1080 if is_ready else None,
        "createdAt": view["createdAt"],
        "updatedAt": view["updatedAt"],
        "progress": None,
    }


async def test_polling_with_the_held_tag_costs_no_body_until_something_changes(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "UPLOADED")
    tag = (await service.call(owner, "GET", f"/{video_id}")).headers["etag"]

    unchanged = await service.call(owner, "GET", f"/{video_id}", headers={"If-None-Match": tag})
    await service.enqueue(video_id)
    changed = await service.call(owner, "GET", f"/{video_id}", headers={"If-None-Match": tag})

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == tag
    assert (changed.status_code, changed.json()["status"]) == (200, "TRANSCODING")
    assert changed.headers["etag"] != tag


async def test_an_edit_answers_the_new_text_and_tag(service: VideoService, owner: UUID) -> None:
    video = await service.create(owner, description="Old")

    response = await service.call(owner, "PATCH", f"/{video['id']}", json={"title": " New "})

    answer = response.json()
    assert response.status_code == 200
    assert answer == {
        "id": video["id"],
        "title": "New",
        "description": "Old",
        "status": "DRAFT",
        "updatedAt": answer["updatedAt"],
    }
    shown = await service.call(owner, "GET", f"/{video['id']}")
    assert (shown.json()["title"], shown.headers["etag"]) == ("New", response.headers["etag"])


async def test_of_two_edits_of_one_version_the_second_is_refused(
    service: VideoService, owner: UUID
) -> None:
    video_id = (await service.create(owner))["id"]
    tag = (await service.call(owner, "GET", f"/{video_id}")).headers["etag"]

    answers = await asyncio.gather(
        *(
            service.call(
                owner, "PATCH", f"/{video_id}", json={"title": t}, headers={"If-Match": tag}
            )
            for t in ("Mine", "Yours")
        )
    )

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200, 412]
    refused = next(answer for answer in answers if answer.status_code == 412)
    assert refused.json()["code"] == "precondition-failed"
    assert refused.headers["content-type"] == "application/problem+json"


async def test_an_edit_with_any_version_is_taken(service: VideoService, owner: UUID) -> None:
    video_id = (await service.create(owner))["id"]

    response = await service.call(
        owner, "PATCH", f"/{video_id}", json={"description": None}, headers={"If-Match": "*"}
    )

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": None}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "nul\x00"}, "title"),
        ({"description": "x" * 5001}, "description"),
        ({"description": "nul\x00"}, "description"),
        ({"titel": "typo"}, "titel"),
        ({"status": "READY"}, "status"),
    ],
)
async def test_an_edit_that_breaks_a_rule_names_the_field(
    service: VideoService, owner: UUID, body: dict[str, object], field: str
) -> None:
    video = await service.create(owner)

    response = await service.call(owner, "PATCH", f"/{video['id']}", json=body)

    assert (response.status_code, response.json()["code"]) == (422, "validation-error")
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": " "}, ["title"]),
        ({"title": 5, "sourceMime": None}, ["title", "sourceMime"]),
        ({"sourceMime": "video/webm", "sourceSizeBytes": 0}, ["sourceMime", "sourceSizeBytes"]),
        ({"sourceSizeBytes": 1_610_612_737}, ["sourceSizeBytes"]),
        ({"sourceSizeBytes": 10**30}, ["sourceSizeBytes"]),
        ({"sourceSizeBytes": "1000"}, ["sourceSizeBytes"]),
        ({"sourceSizeBytes": 1.5}, ["sourceSizeBytes"]),
        ({"ownerId": "me"}, ["ownerId"]),
    ],
)
async def test_a_request_that_breaks_a_rule_names_every_field(
    service: VideoService, owner: UUID, changes: dict[str, object], fields: list[str]
) -> None:
    body = {"title": "Tour", "sourceMime": "video/mp4", "sourceSizeBytes": 1000, **changes}

    response = await service.call(owner, "POST", json=body)

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == fields
    assert (await service.call(owner, "GET")).json()["items"] == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]x", b'{"title": "\\ud800"}', b"\xff"])
async def test_what_is_no_json_is_malformed(
    service: VideoService, owner: UUID, content: bytes
) -> None:
    headers = {"content-type": "application/json"}

    response = await service.call(owner, "POST", content=content, headers=headers)

    assert (response.status_code, response.json()["code"]) == (400, "malformed-json")


async def test_a_text_in_any_script_is_kept(service: VideoService, owner: UUID) -> None:
    video = await service.create(owner, title="Führung 房子 🏡", description="Zeile 1\n\tZeile 2")

    view = await service.get(owner, video["id"])

    assert (view["title"], view["description"]) == ("Führung 房子 🏡", "Zeile 1\n\tZeile 2")


@pytest.mark.parametrize("status", STATES)
async def test_a_deleted_video_is_gone_from_everywhere(
    service: VideoService, owner: UUID, status: str
) -> None:
    video_id = await service.given(owner, status)

    response = await service.call(owner, "DELETE", f"/{video_id}")

    assert (response.status_code, response.content) == (204, b"")
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/retry")):
        again = await service.call(owner, method, f"/{video_id}{path}")
        assert (again.status_code, again.json()["code"]) == (404, "video-not-found")
    assert (await service.call(owner, "GET")).json()["items"] == []
    row = await service.row(video_id)
    assert (row["status"], row["deleted_at"] is None) == (status, False)


async def test_deleting_tells_both_services_once(service: VideoService, owner: UUID) -> None:
    video_id = (await service.create(owner))["id"]

    answers = await asyncio.gather(
        *(service.call(owner, "DELETE", f"/{video_id}") for _ in range(5))
    )

    assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404, 404]
    sent = await service.messages(video_id)
    assert [destination for destination, _ in sent] == ["upload-events", "transcode-events"]


async def test_a_failed_video_is_retried_as_another_job(service: VideoService, owner: UUID) -> None:
    video_id = await service.given(owner, "FAILED")

    response = await service.call(owner, "POST", f"/{video_id}/retry")

    assert (response.status_code, response.json()["status"]) == (202, "TRANSCODING")
    assert response.json()["failReason"] is None
    jobs = [message for _, message in await service.messages(video_id)]
    assert len({job.job_id for job in jobs if isinstance(job, TranscodeRequested)}) == 2


async def test_several_retries_at_once_make_one_job(service: VideoService, owner: UUID) -> None:
    video_id = await service.given(owner, "FAILED")

    answers = await asyncio.gather(
        *(service.call(owner, "POST", f"/{video_id}/retry") for _ in range(5))
    )

    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409, 409]
    assert len(await service.messages(video_id)) == 2


@pytest.mark.parametrize("status", [status for status in STATES if status != "FAILED"])
async def test_only_a_failed_video_is_retried(
    service: VideoService, owner: UUID, status: str
) -> None:
    video_id = await service.given(owner, status)

    response = await service.call(owner, "POST", f"/{video_id}/retry")

    assert (response.status_code, response.json()["code"]) == (409, "invalid-transition")
    assert response.json()["currentStatus"] == status


async def test_a_retry_needs_its_source(service: VideoService, owner: UUID) -> None:
    video_id = await service.given(owner, "FAILED")
    service.sources.missing.add(f"videos/{video_id}/source.mp4")

    response = await service.call(owner, "POST", f"/{video_id}/retry")

    assert (response.status_code, response.json()["code"]) == (409, "source-missing")
    assert (await service.get(owner, video_id))["status"] == "FAILED"


async def test_a_store_that_does_not_answer_is_no_missing_source(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "FAILED")
    service.sources.unknown.add(f"videos/{video_id}/source.mp4")

    response = await service.call(owner, "POST", f"/{video_id}/retry")

    assert (response.status_code, response.json()["code"]) == (503, "store-unavailable")
    assert (await service.get(owner, video_id))["status"] == "FAILED"
