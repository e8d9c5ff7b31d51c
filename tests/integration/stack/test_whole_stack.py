"""The stack as the other tests find it."""

import asyncio
import os
import signal
from uuid import uuid4

import httpx

from reel_stack.probes import answers_http, until
from reel_testing.stack import RunningStack

RESTART_S = 90


async def test_every_part_runs_and_every_service_is_ready(stack: RunningStack) -> None:
    async with httpx.AsyncClient(timeout=10) as http:
        ready = {
            name: (await http.get(f"{url}/readyz")).status_code
            for name, url in stack.services.items()
        }

    assert ready == {"video-service": 200, "upload-service": 200, "transcode-service": 200}
    assert set(stack.pids) == {
        "postgres",
        "objectstore",
        "queue",
        "gateway",
        "cdn",
        "video-api",
        "video-worker",
        "upload-api",
        "upload-worker",
        "transcode-worker",
        "runner",
    }


async def test_the_services_accept_the_stacks_tokens_and_no_others(stack: RunningStack) -> None:
    async with httpx.AsyncClient(base_url=stack.gateway_url, timeout=10) as http:
        with_token = await http.get(
            "/api/videos", headers={"Authorization": f"Bearer {stack.token(uuid4())}"}
        )
        without = await http.get("/api/videos")

    assert with_token.json() == {"items": [], "nextCursor": None}
    assert (without.status_code, without.json()["code"]) == (401, "unauthorized")


async def test_a_killed_service_comes_back_at_the_same_address(stack: RunningStack) -> None:
    killed = stack.pids["video-api"]

    os.kill(killed, signal.SIGKILL)

    async def has_a_new_process() -> bool:
        return stack.pids["video-api"] != killed

    async with asyncio.timeout(RESTART_S):
        await until(has_a_new_process)
        await until(answers_http(f"{stack.services['video-service']}/readyz"))
