"""What the short way answers, and what it leaves to the app."""

from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import get, post
from litestar.params import FromPath
from litestar.testing import AsyncTestClient

from reel_http.app import ServiceApp, service_app
from reel_http.auth import JwtAuth, Owner
from reel_http.fair_use import RequestRate
from reel_http.shortcut import ShortAnswer, Shortcut
from reel_testing.tokens import AUDIENCE, ISSUER, TokenIssuer

THING = UUID("0b8f6ee0-6f5d-4a5e-8d4f-0f6f5b1c2a3d")
PATH = f"/api/things/{THING}"
ISSUING = TokenIssuer()
Asked = tuple[UUID, UUID, str | None]


@get("/api/things/{thing_id:uuid}")
async def thing(thing_id: FromPath[UUID]) -> dict[str, str]:
    return {"by": "app", "id": str(thing_id)}


@post("/api/things/{thing_id:uuid}")
async def change(thing_id: FromPath[UUID]) -> dict[str, str]:
    return {"by": "app", "id": str(thing_id)}


@dataclass
class Short:
    """Answers in its own words, or as it is told."""

    answer: ShortAnswer | None = field(
        default_factory=lambda: ShortAnswer(200, [(b"x-by", b"short")], b'{"by":"short"}')
    )
    error: Exception | None = None
    asked: list[Asked] = field(default_factory=list[Asked])

    async def __call__(
        self, owner: Owner, thing_id: UUID, if_none_match: str | None
    ) -> ShortAnswer | None:
        self.asked.append((owner.id, thing_id, if_none_match))
        if self.error:
            raise self.error
        return self.answer


@pytest.fixture
def short() -> Short:
    return Short()


@pytest.fixture
def owner() -> UUID:
    return uuid4()


@pytest.fixture
def header(owner: UUID) -> dict[str, str]:
    return ISSUING.header(owner)


def app_with(short: Short, *, rate: RequestRate | None = None) -> ServiceApp:
    return service_app(
        title="T",
        controllers=[thing, change],
        auth=JwtAuth(ISSUING.public_pem, ISSUER, AUDIENCE),
        rate=rate,
        shortcut=Shortcut(prefix="/api/things/", route="/api/things/{thing_id}", answer=short),
    )


async def test_a_token_goes_the_long_way_once(
    short: Short, owner: UUID, header: dict[str, str]
) -> None:
    async with AsyncTestClient(app_with(short)) as client:
        first = await client.get(PATH, headers=header)
        second = await client.get(PATH, headers={**header, "If-None-Match": '"1"'})

    assert (first.json()["by"], second.json()["by"]) == ("app", "short")
    assert short.asked == [(owner, THING, '"1"')]
    assert second.headers["x-by"] == "short"
    assert second.headers["x-request-id"] != first.headers["x-request-id"]


@pytest.mark.parametrize("token", ["", "Basic abc", "Bearer", "Bearer a.b.c"])
async def test_without_a_good_token_the_app_refuses(
    short: Short, header: dict[str, str], token: str
) -> None:
    async with AsyncTestClient(app_with(short)) as client:
        await client.get(PATH, headers=header)
        refused = await client.get(PATH, headers={"Authorization": token} if token else {})

    assert refused.status_code == 401
    assert short.asked == []


@pytest.mark.parametrize(
    "path",
    [PATH.upper().replace("/API/THINGS", "/api/things"), f"{PATH}/", PATH.replace("-", "")],
    ids=["capitals", "slash", "no hyphens"],
)
async def test_another_spelling_is_for_the_app(
    short: Short, header: dict[str, str], path: str
) -> None:
    async with AsyncTestClient(app_with(short)) as client:
        await client.get(PATH, headers=header)
        answer = await client.get(path, headers=header)

    assert answer.json()["by"] == "app"
    assert short.asked == []


async def test_other_methods_and_paths_are_for_the_app(
    short: Short, header: dict[str, str]
) -> None:
    async with AsyncTestClient(app_with(short)) as client:
        await client.get(PATH, headers=header)
        changed = await client.post(PATH, headers=header)
        unknown = await client.get(f"{PATH}/events", headers=header)
        health = await client.get("/healthz", headers=header)

    assert [answer.status_code for answer in (changed, unknown, health)] == [201, 404, 200]
    assert short.asked == []


async def test_a_header_given_twice_is_for_the_app(short: Short, header: dict[str, str]) -> None:
    twice = [*header.items(), ("If-None-Match", '"1"'), ("If-None-Match", '"2"')]
    transport = httpx.ASGITransport(app=cast("Any", app_with(short)))
    async with httpx.AsyncClient(transport=transport, base_url="http://t.test") as client:
        await client.get(PATH, headers=header)
        answer = await client.get(PATH, headers=twice)

    assert answer.json()["by"] == "app"
    assert short.asked == []


@pytest.mark.parametrize("error", [None, ConnectionError("gone")])
async def test_what_the_short_way_cannot_do_the_app_does(
    short: Short, header: dict[str, str], error: Exception | None
) -> None:
    short.answer, short.error = None, error
    async with AsyncTestClient(app_with(short)) as client:
        await client.get(PATH, headers=header)
        answer = await client.get(PATH, headers=header)

    assert answer.json()["by"] == "app"
    assert len(short.asked) == 1


@pytest.mark.parametrize("goes_on", [True, False], ids=["to the app", "no further"])
async def test_a_request_counts_once_whichever_way_it_goes(
    short: Short, header: dict[str, str], *, goes_on: bool
) -> None:
    if goes_on:
        short.answer = None
    rate = RequestRate(per_s=0.01, burst=4)
    async with AsyncTestClient(app_with(short, rate=rate)) as client:
        statuses = [(await client.get(PATH, headers=header)).status_code for _ in range(5)]

    assert statuses == [200, 200, 200, 200, 429]
    assert len(short.asked) == 3
