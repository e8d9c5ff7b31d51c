"""The typed API: answers, conditional reads, pages, and errors of every kind."""

from collections.abc import Mapping
from uuid import UUID

import httpx
import msgspec
import pytest

from reel_client import (
    NetworkError,
    ProblemError,
    ReelClient,
    RetryPolicy,
    UnexpectedAnswer,
    WatchPace,
)
from reel_client.problems import problem_from
from reel_contracts.videos import VideoStatus
from reel_testing.api_double_state import ApiDouble


async def test_a_list_walks_through_all_pages(reel: ReelClient, double: ApiDouble) -> None:
    ids = [double.add_video() for _ in range(7)]

    found = [video.id async for video in reel.list_videos(page_size=3)]

    assert found == ids
    assert len(double.seen) == 3


async def test_a_list_is_filtered_by_status(reel: ReelClient, double: ApiDouble) -> None:
    double.add_video("FAILED")
    ready = double.add_video("READY")

    found = [video.id async for video in reel.list_videos(status=VideoStatus.READY)]

    assert found == [ready]


async def test_an_unchanged_video_is_not_sent_again(reel: ReelClient, double: ApiDouble) -> None:
    video_id = double.add_video()
    first = await reel.read_video(video_id)
    assert first is not None

    assert await reel.read_video(video_id, if_none_match=first.etag) is None
    double.settle(video_id, "UPLOADING")
    second = await reel.read_video(video_id, if_none_match=first.etag)

    assert second is not None
    assert second.value.status is VideoStatus.UPLOADING


async def test_watching_yields_each_state_once_and_ends_with_ready(
    reel: ReelClient, double: ApiDouble
) -> None:
    video_id = double.add_video("UPLOADED")
    waits_s: list[float] = []

    async def live(seconds: float) -> None:
        waits_s.append(seconds)
        if len(waits_s) == 4:
            double.settle(video_id, "TRANSCODING")
        if len(waits_s) == 6:
            double.settle(video_id, "READY")

    pace = WatchPace(first_s=1, factor=2, max_s=4, sleep=live)
    seen = [view.status async for view in reel.watch(video_id, pace=pace)]

    assert seen == ["UPLOADED", "TRANSCODING", "READY"]
    for waited_s, middle_s in zip(waits_s, (1, 2, 4, 4, 1, 2), strict=True):
        assert 0.75 * middle_s <= waited_s <= 1.25 * middle_s


async def test_a_problem_keeps_its_code_and_request_id(reel: ReelClient, double: ApiDouble) -> None:
    gone = double.add_video()
    await reel.delete_video(gone)

    with pytest.raises(ProblemError) as caught:
        await reel.get_video(gone)

    assert (caught.value.status, caught.value.code) == (404, "video-not-found")
    assert caught.value.detail == "There is no such video."
    assert caught.value.request_id == "req-1"


def answer(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, content=body, headers=headers)


def test_field_errors_and_extra_members_are_decoded() -> None:
    body = {
        "type": "/problems/validation-error",
        "title": "t",
        "status": 422,
        "detail": "d",
        "code": "validation-error",
        "requestId": "r",
        "errors": [{"field": "title", "message": "too long", "code": "too-long"}],
        "uploadSessionId": "u",
    }

    problem = problem_from(answer(422, msgspec.json.encode(body)))

    assert [(e.field, e.message, e.code) for e in problem.errors] == [
        ("title", "too long", "too-long")
    ]
    assert problem.extra == {"uploadSessionId": "u"}


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"[1]", b'{"errors": 7}'])
def test_an_answer_that_is_no_problem_document_is_still_told(body: bytes) -> None:
    problem = problem_from(answer(502, body, {"x-request-id": "abc"}))

    assert (problem.code, problem.request_id) == ("http-502", "abc")
    assert "502 Bad Gateway" in problem.detail


def test_a_problem_without_code_is_named_by_its_type() -> None:
    problem = problem_from(answer(409, b'{"type": "/problems/edit-conflict", "title": "T"}'))

    assert (problem.code, problem.detail) == ("edit-conflict", "T")


def scripted(handler: httpx.MockTransport, attempts: int = 3) -> tuple[ReelClient, list[float]]:
    slept_s: list[float] = []

    async def sleep(seconds: float) -> None:
        slept_s.append(seconds)

    policy = RetryPolicy(attempts=attempts, base_s=1, max_s=8, sleep=sleep)
    http = httpx.AsyncClient(transport=handler)
    return ReelClient("http://api.test", "t", http, api_retries=policy), slept_s


async def test_a_read_is_repeated_a_bounded_number_of_times() -> None:
    calls: list[httpx.Request] = []

    def unavailable(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(503, headers={"retry-after": "7"})

    reel, slept_s = scripted(httpx.MockTransport(unavailable))

    with pytest.raises(ProblemError, match="http-503"):
        await reel.list_page()

    assert len(calls) == 3
    assert slept_s == [7, 7]


async def test_creating_a_video_is_repeated_with_one_key() -> None:
    calls: list[httpx.Request] = []

    def broken(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        raise httpx.ReadError("reset", request=request)

    reel, _ = scripted(httpx.MockTransport(broken))

    with pytest.raises(NetworkError, match=r"connection to http://api\.test broke"):
        await reel.create_video(title="t", source_mime="video/mp4", source_size_bytes=1)

    keys = {call.headers["idempotency-key"] for call in calls}
    assert (len(calls), len(keys)) == (3, 1)


async def test_a_key_that_is_being_worked_on_is_asked_about_again() -> None:
    answers = iter(
        [
            httpx.Response(
                409, json={"code": "idempotency-key-in-flight"}, headers={"retry-after": "1"}
            ),
            httpx.Response(201, json={"uploadSessionId": str(UUID(int=1)), "partSizeBytes": 5}),
        ]
    )
    reel, slept_s = scripted(httpx.MockTransport(lambda _request: next(answers)))

    with pytest.raises(UnexpectedAnswer):  # the second answer was reached, and is cut short
        await reel.create_upload(UUID(int=2), source_mime="video/mp4", source_size_bytes=1)

    assert len(slept_s) == 1


async def test_two_creations_have_two_keys() -> None:
    keys: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        return httpx.Response(403, json={"code": "forbidden"})

    reel, _ = scripted(httpx.MockTransport(refuse))
    for _ in range(2):
        with pytest.raises(ProblemError):
            await reel.create_video(title="t", source_mime="video/mp4", source_size_bytes=1)

    assert len(set(keys)) == 2


async def test_creating_a_video_waits_for_a_server_that_is_not_up_yet() -> None:
    calls: list[httpx.Request] = []

    def down(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        raise httpx.ConnectError("refused", request=request)

    reel, _ = scripted(httpx.MockTransport(down))

    with pytest.raises(NetworkError, match="cannot connect"):
        await reel.create_video(title="t", source_mime="video/mp4", source_size_bytes=1)

    assert len(calls) == 3


async def test_a_success_of_another_shape_is_an_error_of_its_own() -> None:
    reel, _ = scripted(httpx.MockTransport(lambda _: httpx.Response(200, json={"items": 1})))

    with pytest.raises(UnexpectedAnswer, match="GET /api/videos answered 200"):
        await reel.list_page()


async def test_an_edit_carries_the_version_it_was_made_on() -> None:
    calls: list[httpx.Request] = []

    def conflict(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(412, json={"code": "edit-conflict", "detail": "Changed."})

    reel, _ = scripted(httpx.MockTransport(conflict))

    with pytest.raises(ProblemError, match="edit-conflict"):
        await reel.update_video(some_id(), title="New", if_match='"7"')

    [call] = calls
    assert call.headers["if-match"] == '"7"'
    assert msgspec.json.decode(call.content) == {"title": "New"}


def some_id() -> UUID:
    return UUID("00000000-0000-4000-8000-000000000001")
