import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, cast
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from litestar import Controller, Litestar, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.testing import AsyncTestClient
from structlog.testing import capture_logs

from reel_contracts.uploads import CompleteUpload
from reel_http.app import service_app
from reel_http.auth import JwtAuth, Owner
from reel_http.openapi import problem_responses
from reel_kernel.errors import DomainError, FieldError, InvalidTransition
from reel_testing.tokens import AUDIENCE, ISSUER, TokenIssuer

OWNER = uuid4()
ISSUING = TokenIssuer()
GOOD_BODY = {"parts": [{"partNumber": 1, "etag": "x"}]}
JSON = {"Content-Type": "application/json"}


class SessionActive(DomainError):
    code = "upload-session-active"
    title = "Another session is alive"


class Unlisted(DomainError):
    code = "unlisted"
    title = "Nobody gave this a status"


AWAY = (
    asyncpg.ConnectionDoesNotExistError("password=hunter2"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    ConnectionRefusedError("127.0.0.1:5432"),
    TimeoutError(),
)


class ThingController(Controller):
    path = "/api/things"

    @post("/{thing_id:uuid}", status_code=200, responses=problem_responses(409))
    async def complete(
        self,
        thing_id: FromPath[UUID],
        data: JSONBody[CompleteUpload],
        owner: NamedDependency[Owner],
    ) -> dict[str, str]:
        """Complete it."""
        return {"id": str(thing_id), "owner": str(owner.id), "parts": str(len(data.parts))}

    @get("/")
    async def page(
        self,
        page_size: Annotated[int, QueryParameter(name="pageSize", ge=1, le=100)] = 20,
    ) -> int:
        return page_size

    @post("/both")
    async def both_post(self) -> None:
        pass

    @get("/both")
    async def both_get(self) -> None:
        pass

    @get("/search")
    async def search(self, text: FromQuery[str]) -> str:
        return text

    @get("/conflict")
    async def conflict(self) -> None:
        raise SessionActive(
            "A session is alive",
            errors=[FieldError(field="videoId", code="busy", message="has a live session")],
            extra={"uploadSessionId": "u1", "status": "not yours to replace"},
        )

    @get("/unlisted")
    async def unlisted(self) -> None:
        raise Unlisted("password=hunter2")

    @get("/away")
    async def away(self, number: FromQuery[int]) -> None:
        raise AWAY[number]

    @get("/crash")
    async def crash(self) -> None:
        raise RuntimeError("password=hunter2")


@post("/api/webhooks/things", status_code=204)
async def webhook(request: Request[Any, Any, Any]) -> None:
    assert await request.body() == b"raw"


async def passes() -> None:
    await asyncio.sleep(0)


async def fails() -> None:
    raise OSError("password=hunter2")


def app(**options: object) -> Litestar:
    return service_app(
        title="Things",
        controllers=[ThingController, webhook],
        problems={SessionActive: 409, InvalidTransition: 409},
        auth=JwtAuth(ISSUING.public_pem, ISSUER, AUDIENCE),
        **cast("dict[str, Any]", options),
    )


@asynccontextmanager
async def calling(application: Litestar) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application)  # pyright: ignore[reportArgumentType] - Litestar's ASGI types are its own
    async with httpx.AsyncClient(transport=transport, base_url="http://things") as client:
        yield client


@pytest.fixture
async def stranger() -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app(health={"database": passes})) as client:
        yield client


@pytest.fixture
async def client(stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    stranger.headers.update(ISSUING.header(OWNER))
    return stranger


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    body = response.json()
    assert response.status_code == status, body
    assert response.headers["content-type"] == "application/problem+json"
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/problems/{code}")
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == response.request.url.path
    assert body["requestId"] == response.headers["x-request-id"]
    return body


async def test_a_good_request_reaches_its_handler_as_its_owner(client: httpx.AsyncClient) -> None:
    thing = uuid4()

    response = await client.post(f"/api/things/{thing}", json=GOOD_BODY)

    assert response.json() == {"id": str(thing), "owner": str(OWNER), "parts": "1"}


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/things/not-a-uuid", "/schema/nothing"])
async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path) if "uuid" not in path else await client.post(path, json={})

    problem(response, 404, "not-found")


async def test_a_wrong_method_names_the_right_ones(client: httpx.AsyncClient) -> None:
    response = await client.put(f"/api/things/{uuid4()}", json=GOOD_BODY)

    problem(response, 405, "method-not-allowed")
    assert "POST" in response.headers["allow"]


async def test_options_names_every_method_of_a_path(client: httpx.AsyncClient) -> None:
    response = await client.options("/api/things/both")

    assert response.status_code == 204
    assert response.headers["allow"] == "GET, OPTIONS, POST"


@pytest.mark.parametrize("body", [b"", b"{", b'{"parts": [', b"\xff\xfe", b"[" * 200_000])
async def test_a_body_that_is_no_json_is_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post(f"/api/things/{uuid4()}", content=body, headers=JSON)

    problem(response, 400, "malformed-json")


async def test_a_wrong_type_is_named_by_its_path(client: httpx.AsyncClient) -> None:
    body = {"parts": [{"partNumber": "1", "etag": "x"}], "more": 1}

    response = await client.post(f"/api/things/{uuid4()}", json=body)

    errors = problem(response, 422, "validation-error")["errors"]
    assert {error["field"] for error in errors} == {"parts[0].partNumber", "more"}
    assert all(error["message"] and error["code"] for error in errors)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/things?pageSize=many", "pageSize"),
        ("/api/things?pageSize=0", "pageSize"),
        ("/api/things?pageSize=101", "pageSize"),
        ("/api/things/search", "text"),
    ],
)
async def test_a_bad_query_parameter_is_named_as_sent(
    client: httpx.AsyncClient, path: str, field: str
) -> None:
    response = await client.get(path)

    errors = problem(response, 422, "validation-error")["errors"]
    assert [error["field"] for error in errors] == [field]


async def test_another_content_type_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(f"/api/things/{uuid4()}", data={"parts": "1"})

    problem(response, 415, "unsupported-content-type")


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_of_more_than_a_mebibyte_is_refused(
    client: httpx.AsyncClient, *, announced: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"x" * 65536

    body = b"x" * (1024 * 1024 + 1) if announced else chunks()

    response = await client.post(f"/api/things/{uuid4()}", content=body, headers=JSON)

    problem(response, 413, "body-too-large")


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "Bearer nonsense"])
async def test_no_token_or_a_bad_one_is_challenged(
    stranger: httpx.AsyncClient, header: str
) -> None:
    response = await stranger.get("/api/things", headers={"Authorization": header})

    problem(response, 401, "unauthorized")
    assert response.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/schema", "/schema/openapi.json"])
async def test_health_and_documentation_need_no_token(
    stranger: httpx.AsyncClient, path: str
) -> None:
    assert (await stranger.get(path)).status_code == 200


async def test_a_webhook_needs_no_token_and_its_raw_body_is_kept(
    stranger: httpx.AsyncClient,
) -> None:
    assert (await stranger.post("/api/webhooks/things", content=b"raw")).status_code == 204


async def test_a_domain_error_keeps_its_members_and_not_ours(client: httpx.AsyncClient) -> None:
    body = problem(await client.get("/api/things/conflict"), 409, "upload-session-active")

    assert body["title"] == "Another session is alive"
    assert body["detail"] == "A session is alive"
    assert body["uploadSessionId"] == "u1"
    assert body["errors"] == [{"field": "videoId", "code": "busy", "message": "has a live session"}]


@pytest.mark.parametrize("path", ["/api/things/crash", "/api/things/unlisted"])
async def test_a_fault_of_ours_is_logged_and_not_told(client: httpx.AsyncClient, path: str) -> None:
    with capture_logs() as logs:
        response = await client.get(path, headers={"X-Request-Id": "request-17"})

    problem(response, 500, "internal-error")
    assert "hunter2" not in response.text
    [entry] = [entry for entry in logs if entry["event"] == "request_failed"]
    assert "hunter2" in str(entry["exc_info"])
    assert response.json()["requestId"] == "request-17"


@pytest.mark.parametrize("number", range(len(AWAY)))
async def test_a_database_that_is_away_is_no_fault_but_a_reason_to_come_again(
    client: httpx.AsyncClient, number: int
) -> None:
    with capture_logs() as logs:
        response = await client.get("/api/things/away", params={"number": number})

    problem(response, 503, "service-unavailable")
    assert response.headers["retry-after"] == "2"
    assert "hunter2" not in response.text
    [entry] = [entry for entry in logs if entry["event"] == "database_unavailable"]
    assert entry["log_level"] == "warning"


async def test_a_malformed_request_id_is_replaced(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/things", headers={"X-Request-Id": 'a"b\tc'})

    assert UUID(response.headers["x-request-id"])


async def test_every_request_is_logged_once_without_its_query(client: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        await client.get("/api/things/search?text=private")
        await client.get("/nothing")

    entries = [entry for entry in logs if entry["event"] == "http_request"]
    assert [(e["path"], e["route"], e["status"]) for e in entries] == [
        ("/api/things/search", "/api/things/search", 200),
        ("/nothing", None, 404),
    ]
    assert "private" not in str(logs)


async def test_readiness_names_what_is_away_and_not_why() -> None:
    async with calling(app(health={"database": passes, "queues": fails})) as client:
        response = await client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"database": "ok", "queues": "unavailable"},
    }


async def test_the_lifespan_is_entered_and_left() -> None:
    steps: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        steps.append("up")
        yield
        steps.append("down")

    async with AsyncTestClient(app(lifespan=[lifespan])) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert steps == ["up"]
    assert steps == ["up", "down"]


async def test_the_openapi_document_tells_of_problems_and_tokens(
    stranger: httpx.AsyncClient,
) -> None:
    document = (await stranger.get("/schema/openapi.json")).json()

    complete = document["paths"]["/api/things/{thing_id}"]["post"]
    assert document["openapi"].startswith("3.1")
    assert set(complete["responses"]) == {
        "200", "400", "401", "404", "409", "413", "415", "422", "429", "500", "503",
    }  # fmt: skip
    assert list(complete["responses"]["422"]["content"]) == ["application/problem+json"]
    assert complete["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    hook = document["paths"]["/api/webhooks/things"]["post"]
    assert "security" not in hook
    assert "401" not in hook["responses"]
    assert "security" not in document["paths"]["/readyz"]["get"]
    assert not [path for path in document["paths"] if path.startswith("/schema")]
