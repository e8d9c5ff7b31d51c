"""What an operator and a developer ask of the app itself."""

from itertools import product
from typing import Any

import pytest

from reel_testing.video_service import VideoService
from video_service.api.app import create_app

PUBLIC = {
    ("post", "/api/videos"): {"201", "400", "401", "413", "415", "422", "500"},
    ("get", "/api/videos"): {"200", "304", "400", "401", "422", "500"},
    ("get", "/api/videos/{video_id}"): {"200", "304", "401", "404", "500"},
    ("get", "/api/videos/{video_id}/events"): {"200", "204", "401", "404", "500"},
    ("get", "/api/videos/events"): {"200", "401", "500"},
    ("patch", "/api/videos/{video_id}"): {"200", "400", "401", "404", "412", "422", "500"},
    ("delete", "/api/videos/{video_id}"): {"204", "401", "404", "500"},
    ("post", "/api/videos/{video_id}/retry"): {"202", "401", "404", "409", "500", "503"},
}
WEBHOOKS = {
    ("post", "/api/webhooks/uploads"): {"204", "400", "401", "404", "409", "422", "500"},
    ("post", "/api/webhooks/transcoding"): {"204", "400", "401", "404", "409", "422", "500"},
    ("post", "/api/webhooks/uploads/purged"): {"204", "400", "401", "422", "500"},
    ("post", "/api/webhooks/transcoding/purged"): {"204", "400", "401", "422", "500"},
    ("post", "/api/webhooks/progress"): {"204", "400", "401", "422", "500"},
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app().openapi_schema.to_schema()


@pytest.mark.parametrize("operation", [*PUBLIC, *WEBHOOKS])
def test_every_answer_an_operation_gives_is_documented(
    document: dict[str, Any], operation: tuple[str, str]
) -> None:
    method, path = operation

    answers = document["paths"][path][method]["responses"]

    assert (PUBLIC | WEBHOOKS)[operation] <= set(answers)
    for status, answer in answers.items():
        if status >= "400":
            assert list(answer["content"]) == ["application/problem+json"]


def test_nothing_else_is_public(document: dict[str, Any]) -> None:
    methods = ("get", "post", "patch", "put", "delete")
    operations = {
        (method, path)
        for path, method in product(document["paths"], methods)
        if path.startswith("/api/") and method in document["paths"][path]
    }

    assert operations == set(PUBLIC) | set(WEBHOOKS)


def test_a_token_is_wanted_by_the_public_operations_alone(document: dict[str, Any]) -> None:
    wanted = {
        (method, path): document["paths"][path][method].get("security")
        for method, path in [*PUBLIC, *WEBHOOKS]
    }

    assert all(wanted[operation] for operation in PUBLIC)
    assert not any(wanted[operation] for operation in WEBHOOKS)


async def test_the_interactive_docs_need_no_token(service: VideoService) -> None:
    for path in ("/schema", "/schema/openapi.json"):
        assert (await service.http.get(path)).status_code == 200


async def test_a_ready_service_says_what_it_checked(service: VideoService) -> None:
    alive, ready = await service.http.get("/healthz"), await service.http.get("/readyz")

    assert (alive.status_code, ready.status_code) == (200, 200)
    assert ready.json() == {"status": "ready", "checks": {"database": "ok"}}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "not-found"),
        ("GET", "/nothing", 404, "not-found"),
        ("PUT", "/api/videos", 405, "method-not-allowed"),
        ("GET", "/api/webhooks/uploads", 405, "method-not-allowed"),
        ("GET", "/api/videos/not-an-id", 404, "not-found"),
    ],
)
async def test_what_is_not_there_is_a_problem_too(
    service: VideoService, owner: object, method: str, path: str, status: int, code: str
) -> None:
    headers = service.tokens.header(str(owner))

    response = await service.http.request(method, path, headers=headers)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_request_id_is_kept_and_told(service: VideoService, owner: object) -> None:
    headers = {**service.tokens.header(str(owner)), "X-Request-Id": "from-the-phone-1"}

    response = await service.http.get("/api/videos?limit=0", headers=headers)

    assert response.headers["x-request-id"] == "from-the-phone-1"
    assert response.json()["requestId"] == "from-the-phone-1"
