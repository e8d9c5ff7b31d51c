import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar, Response, post
from litestar.params import JSONBody

from reel_contracts.uploads import CreateUpload
from reel_http.app import service_app
from reel_http.auth import JwtAuth
from reel_http.idempotency import IDEMPOTENT, resource_id
from reel_http.request import ServiceRequest
from reel_kernel.errors import DomainError
from reel_testing.keys import FakeKeyLedger
from reel_testing.tokens import AUDIENCE, ISSUER, TokenIssuer

ISSUING = TokenIssuer()
OWNER = uuid4()
BODY = {"sourceMime": "video/mp4", "sourceSizeBytes": 5}
KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"'


class Refused(DomainError):
    code = "refused"
    title = "No"


class Busy(DomainError):
    code = "busy"
    title = "Not now"
    retry_after_s = 7


class Shop:
    """Counts the times that its handler ran, and does what `outcome` says."""

    def __init__(self) -> None:
        self.made: list[UUID | None] = []
        self.outcome: Exception | None = None
        self.wait: asyncio.Event | None = None
        self.entered = asyncio.Event()
        self.keys = FakeKeyLedger()

    def app(self) -> Litestar:
        @post("/api/things", opt={IDEMPOTENT: True})
        async def make(request: ServiceRequest, data: JSONBody[CreateUpload]) -> Response[str]:
            self.made.append(resource_id(request))
            self.entered.set()
            if self.wait:
                await self.wait.wait()
            if self.outcome:
                raise self.outcome
            return Response(
                f"{data.source_size_bytes}-{len(self.made)}", headers={"Location": "/x"}
            )

        @post("/api/others", opt={IDEMPOTENT: True})
        async def other(request: ServiceRequest, data: JSONBody[CreateUpload]) -> str:
            return f"{request.user.id}: {data.source_mime}"

        return service_app(
            title="Shop",
            controllers=[make, other],
            problems={Refused: 404, Busy: 409},
            auth=JwtAuth(ISSUING.public_pem, ISSUER, AUDIENCE),
            keys=self.keys,
        )


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def client(shop: Shop) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(cast("Any", shop.app()))  # Litestar's ASGI types are its own
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


def headers(key: str | None = KEY, owner: UUID = OWNER) -> dict[str, str]:
    return ISSUING.header(owner) | ({"Idempotency-Key": key} if key is not None else {})


async def test_a_repeat_is_answered_as_the_first_and_done_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    first = await client.post("/api/things", json=BODY, headers=headers())
    again = await client.post("/api/things", json=BODY, headers=headers())

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == "/x"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(shop.made) == 1


async def test_without_a_key_every_request_is_a_new_one(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await client.post("/api/things", json=BODY, headers=headers(None))
    await client.post("/api/things", json=BODY, headers=headers(None))

    assert shop.made == [None, None]


async def test_quoted_and_bare_are_the_same_key(client: httpx.AsyncClient, shop: Shop) -> None:
    await client.post("/api/things", json=BODY, headers=headers(KEY))
    await client.post("/api/things", json=BODY, headers=headers(KEY.strip('"')))

    assert len(shop.made) == 1


@pytest.mark.parametrize("other", [BODY | {"sourceSizeBytes": 6}, BODY | {"sourceMime": "x"}])
async def test_a_key_for_another_body_is_refused(
    client: httpx.AsyncClient, shop: Shop, other: dict[str, object]
) -> None:
    await client.post("/api/things", json=BODY, headers=headers())

    refused = await client.post("/api/things", json=other, headers=headers())

    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-reused")
    assert len(shop.made) == 1


async def test_a_key_for_another_path_is_refused(client: httpx.AsyncClient) -> None:
    await client.post("/api/things", json=BODY, headers=headers())

    refused = await client.post("/api/others", json=BODY, headers=headers())

    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-reused")


async def test_every_owner_has_keys_of_their_own(client: httpx.AsyncClient, shop: Shop) -> None:
    await client.post("/api/things", json=BODY, headers=headers())

    other = await client.post("/api/things", json=BODY, headers=headers(owner=uuid4()))

    assert "idempotency-replayed" not in other.headers
    assert len(shop.made) == 2


@pytest.mark.parametrize("key", ["", " ", '""', '"open', "k" * 256, '"' + "k" * 256 + '"', "a b"])
async def test_a_malformed_key_is_a_bad_request(
    client: httpx.AsyncClient, shop: Shop, key: str
) -> None:
    refused = await client.post("/api/things", json=BODY, headers=headers(key))

    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency-key-malformed")
    assert not shop.made


async def test_the_longest_key_is_taken(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/things", json=BODY, headers=headers("k" * 255))

    assert answer.status_code == 201


async def test_two_keys_are_a_bad_request(client: httpx.AsyncClient) -> None:
    two = [*headers("a").items(), ("Idempotency-Key", "b")]

    refused = await client.post("/api/things", json=BODY, headers=two)

    assert refused.status_code == 400


async def test_a_repeat_while_the_first_is_worked_on_is_told_to_wait(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    shop.wait = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(client.post("/api/things", json=BODY, headers=headers()))
        await shop.entered.wait()

        repeat = await client.post("/api/things", json=BODY, headers=headers())
        shop.wait.set()

    assert (repeat.status_code, repeat.json()["code"]) == (409, "idempotency-key-in-flight")
    assert repeat.headers["retry-after"] == "1"
    assert first.result().status_code == 201
    assert len(shop.made) == 1


async def test_a_lasting_refusal_is_kept(client: httpx.AsyncClient, shop: Shop) -> None:
    shop.outcome = Refused()
    first = await client.post("/api/things", json=BODY, headers=headers())
    shop.outcome = None

    again = await client.post("/api/things", json=BODY, headers=headers())

    assert (again.status_code, again.json()) == (404, first.json())
    assert again.headers["content-type"] == "application/problem+json"
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("outcome", [Busy(), RuntimeError("broken")])
async def test_a_fault_and_a_passing_refusal_can_be_tried_again_for_the_same_resource(
    client: httpx.AsyncClient, shop: Shop, outcome: Exception
) -> None:
    shop.outcome = outcome
    failed = await client.post("/api/things", json=BODY, headers=headers())
    shop.outcome = None

    again = await client.post("/api/things", json=BODY, headers=headers())

    assert failed.status_code in {409, 500}
    assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)
    assert len(shop.made) == 2
    assert shop.made[0] == shop.made[1]
    assert shop.made[0] is not None


async def test_a_body_that_is_not_valid_is_answered_the_same_again(
    client: httpx.AsyncClient,
) -> None:
    first = await client.post("/api/things", json={"size": 1}, headers=headers())
    again = await client.post("/api/things", json={"size": 1}, headers=headers())

    assert (first.status_code, first.json()["code"]) == (422, "validation-error")
    assert again.json() == first.json()


async def test_a_body_that_is_too_long_is_refused_before_it_is_read(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    refused = await client.post("/api/things", content=b"x" * 1_048_577, headers=headers())

    assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large")
    assert not shop.keys.kept


async def test_a_stranger_without_a_token_leaves_no_key(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    refused = await client.post("/api/things", json=BODY, headers={"Idempotency-Key": KEY})

    assert refused.status_code == 401
    assert not shop.keys.kept


def test_openapi_tells_of_the_key_and_its_conflicts(shop: Shop) -> None:
    operation = shop.app().openapi_schema.to_schema()["paths"]["/api/things"]["post"]

    [header] = [p for p in operation["parameters"] if p["name"] == "Idempotency-Key"]
    assert (header["in"], header["required"]) == ("header", False)
    assert {"400", "409", "422", "429"} <= operation["responses"].keys()
