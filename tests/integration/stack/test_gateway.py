"""What the public gateway lets through, and how it says no."""

import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import httpx
import pytest

from reel_stack import gateway
from reel_stack.ports import LOOPBACK, Ports
from reel_testing.echo import echo_server
from reel_testing.raw_http import RawAnswer, send_raw
from reel_testing.stack import layout_for, state_directory
from reel_testing.supervised import supervised

MIB = 1024 * 1024


class Gateway:
    """The real gateway before two servers that say who they are."""

    def __init__(self, port: int, services: AsyncExitStack) -> None:
        self.port = port
        self.services = services

    async def get(self, target: str, **headers: str) -> RawAnswer:
        return await self.send("GET", target, headers)

    async def send(
        self, method: str, target: str, headers: dict[str, str], body: bytes = b""
    ) -> RawAnswer:
        return await send_raw(self.port, method, target, headers, body)


@pytest.fixture
async def public() -> AsyncGenerator[Gateway]:
    async with state_directory() as directory, AsyncExitStack() as services:
        urls = {
            name: await services.enter_async_context(echo_server(name))
            for name in ("video-service", "upload-service")
        }
        layout, port = layout_for(directory / "var"), Ports().choose()
        layout.prepare()
        async with supervised(layout) as supervisor:
            await supervisor.start(gateway.part(layout, port, urls, tls=False))
            yield Gateway(port, services)


ROUTES = [
    ("/api/videos", "video-service"),
    ("/api/videos?limit=5&cursor=a%2Fb", "video-service"),
    ("/api/videos/0190-af", "video-service"),
    ("/api/videos/0190-af/retry", "video-service"),
    ("/api/videos/0190-af/events", "video-service"),
    ("/api/videos/0190-af/uploads", "upload-service"),
    ("/api/uploads/0190-af", "upload-service"),
    ("/api/uploads/0190-af/parts", "upload-service"),
]


async def test_public_paths_reach_their_service(public: Gateway) -> None:
    for target, service in ROUTES:
        answer = await public.get(target)

        assert answer.status == 200, target
        assert json.loads(answer.body) == {"service": service, "target": target, "bytes": 0}


NOT_PUBLIC = [
    "/",
    "/healthz",
    "/readyz",
    "/schema",
    "/metrics",
    "/api",
    "/api/webhooks/uploads",
    "/api/webhooks/transcoding",
    "//api/webhooks/uploads",
    "/api//webhooks/uploads",
    "/./api/webhooks/uploads",
    "/api/videos/../webhooks/uploads",
    "/api/videos/%2e%2e/webhooks/uploads",
    "/api/videos/..%2fwebhooks%2fuploads",
    "/api/videos/x/%2e%2e/%2e%2e/webhooks/uploads",
    "/api%2Fwebhooks%2Fuploads",
    "/api/%77ebhooks/uploads",
    "/api/videos/..;/webhooks/uploads",
    "/api/videos\\..\\webhooks/uploads",
    "/API/VIDEOS",
    "/api/videosx",
    "http://127.0.0.1/api/webhooks/uploads",
]


async def test_every_other_path_is_not_found(public: Gateway) -> None:
    for target in NOT_PUBLIC:
        answer = await public.send("POST", target, {})

        assert answer.status == 404, target
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.body)["code"] == "not-found"


async def test_a_body_of_one_mebibyte_passes_and_a_longer_one_does_not(public: Gateway) -> None:
    longest = await public.send("POST", "/api/videos", {}, bytes(MIB))
    too_long = await public.send("POST", "/api/videos", {}, bytes(MIB + 1))

    assert json.loads(longest.body)["bytes"] == MIB
    assert too_long.status == 413
    assert json.loads(too_long.body)["code"] == "body-too-large"


async def test_a_service_that_is_down_is_a_503_to_be_tried_again(public: Gateway) -> None:
    await public.services.aclose()

    answer = await public.get("/api/videos")

    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.body)
    assert problem["code"] == "service-unavailable"
    assert problem["requestId"] == answer.headers["x-request-id"]


async def test_a_request_id_is_passed_on_unless_it_is_no_plain_token(public: Gateway) -> None:
    given = await public.get("/api/videos", **{"X-Request-Id": "agent-7"})
    unfit = await public.get("/nowhere", **{"X-Request-Id": 'a","b":"'})

    assert given.headers["x-echoed-request-id"] == "agent-7"
    assert json.loads(unfit.body)["requestId"] != 'a","b":"'


async def test_a_browser_may_call_the_api_from_anywhere(public: Gateway) -> None:
    preflight = await public.send(
        "OPTIONS",
        "/api/videos",
        {"Origin": "http://localhost:8081", "Access-Control-Request-Method": "PATCH"},
    )
    plain = await public.get("/api/videos", Origin="http://localhost:8081")

    assert preflight.status == 204
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert plain.headers["access-control-allow-origin"] == "*"


async def test_with_tls_the_gateway_shows_a_certificate_of_its_own_authority() -> None:
    async with state_directory() as directory:
        layout, port = layout_for(directory / "var"), Ports().choose()
        layout.prepare()
        nowhere = f"http://{LOOPBACK}:9"
        urls = {"video-service": nowhere, "upload-service": nowhere}
        async with supervised(layout) as supervisor:
            await supervisor.start(gateway.part(layout, port, urls, tls=True))
            trusted = ssl.create_default_context(cafile=gateway.authority(layout))
            async with httpx.AsyncClient(verify=trusted, timeout=10) as http:
                answer = await http.get(f"{gateway.url(port, tls=True)}/nowhere")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"
