"""The runbook of secret rotation, typed line by line while uploads are under way."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from standardwebhooks.webhooks import Webhook

from reel_client.client import ReelClient
from reel_contracts.videos import VideoStatus
from reel_messaging.webhooks import sign
from reel_stack import sources
from reel_testing.runbooks import RUNBOOKS, Shell, commands, shell, type_in
from reel_testing.stack import RunningStack, running
from reel_testing.tokens import TokenIssuer, key_set

PAGE = RUNBOOKS / "secret-rotation.md"
READY_S = 60
TO_TRANSCODE_SERVICE = {
    '"upload-service"': '"transcode-service"',
    "VIDEO_UPLOAD_": "VIDEO_TRANSCODE_",
    "UPLOAD_WEBHOOK_SECRET=": "TRANSCODE_WEBHOOK_SECRET=",
    "upload.env": "transcode.env",
    "upload-api upload-worker": "transcode-worker",
}


@pytest.fixture(scope="module")
async def own_stack() -> AsyncGenerator[RunningStack]:
    """A stack whose secrets no other test relies on."""
    async with running() as started:
        yield started


@dataclass
class Traffic:
    """An owner who uploads a film during each step, with whatever token is current."""

    stack: RunningStack
    film: bytes
    folder: Path
    owner: UUID = field(default_factory=uuid4)
    token: str = ""
    videos: list[UUID] = field(default_factory=list[UUID])
    tools: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def client(self) -> ReelClient:
        state, url = self.folder / "state", self.stack.gateway_url
        opened = ReelClient(url, lambda: self.token, state_dir=state)
        return await self.tools.enter_async_context(opened)

    async def during(self, client: ReelClient, step: Awaitable[object]) -> None:
        """Take a step while a film goes up; neither waits for the other."""
        path = self.folder / f"{len(self.videos)}.3gp"
        await asyncio.to_thread(path.write_bytes, self.film)
        async with asyncio.TaskGroup() as group:
            upload = group.create_task(client.upload(path))
            await step
        self.videos.append(upload.result().video_id)

    async def all_ready(self, client: ReelClient) -> None:
        for video_id in self.videos:
            async with asyncio.timeout(READY_S):
                statuses = [view.status async for view in client.watch(video_id)]
            assert statuses[-1] is VideoStatus.READY, (video_id, statuses)


@pytest.fixture
async def traffic(own_stack: RunningStack, tmp_path: Path) -> AsyncGenerator[Traffic]:
    film = await asyncio.to_thread(sources.make, "3gp", tmp_path / "film.3gp", seconds=1)
    found = Traffic(own_stack, await asyncio.to_thread(film.read_bytes), tmp_path)
    found.token = own_stack.token(found.owner)
    async with found.tools:
        yield found


async def heard(stack: RunningStack, secret: str, path: str) -> int:
    """How a message about a video that nobody knows is answered, signed with this secret."""
    body = {"videoId": str(uuid4()), "status": "FAILED", "failReason": "TRANSCODE_ERROR"}
    body |= {"uploadSessionId": str(uuid4())} if path == "uploads" else {}
    raw = json.dumps(body).encode()
    headers = sign(Webhook(secret), str(uuid4()), raw, now=datetime.now(UTC))
    headers |= {"content-type": "application/json"}
    async with httpx.AsyncClient(base_url=stack.services["video-service"]) as http:
        return (await http.post(f"/api/webhooks/{path}", content=raw, headers=headers)).status_code


def translated(line: str, words: dict[str, str]) -> str:
    for ours, theirs in words.items():
        line = line.replace(ours, theirs)
    return line


async def type_until_restart(typing: Shell, lines: list[str]) -> None:
    """Type the lines up to the next restart, and that."""
    while lines:
        line = lines.pop(0)
        await typing.type_in(line)
        if "reel-stack restart" in line:
            return


async def nothing_was_given_up(stack: RunningStack) -> bool:
    dead = [
        await type_in(f"make ops SERVICE={service} ARGS=dead", stack.layout)
        for service in ("upload", "transcode")
    ]
    return [(typed.status, typed.out) for typed in dead] == [(0, ""), (0, "")]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        pytest.param("uploads", {}, id="upload-service"),
        pytest.param(
            "transcoding", TO_TRANSCODE_SERVICE, id="transcode-service", marks=pytest.mark.long
        ),
    ],
)
async def test_a_webhook_secret_is_rotated_while_uploads_go_on(
    traffic: Traffic, path: str, words: dict[str, str]
) -> None:
    stack, client = traffic.stack, await traffic.client()
    lines = [translated(line, words) for line in commands(PAGE, "Webhook secrets")]
    unknown = {"old": 404, "new": 404}  # genuine, but nobody knows the video

    async def answers() -> dict[str, int]:
        return {name: await heard(stack, secret, path) for name, secret in secrets.items()}

    async with shell(stack.layout) as typing:
        await traffic.during(client, type_until_restart(typing, lines))
        secrets = {
            "old": (await typing.type_in("echo $OLD")).strip(),
            "new": (await typing.type_in("echo $NEW")).strip(),
        }
        both_known = await answers()
        await traffic.during(client, type_until_restart(typing, lines))
        still_both = await answers()
        await traffic.during(client, type_until_restart(typing, lines))

    assert lines == []
    assert (both_known, still_both) == (unknown, unknown)
    assert await answers() == {"old": 401, "new": 404}
    await traffic.all_ready(client)
    assert await nothing_was_given_up(stack)


def issuer_of(stack: RunningStack, kid: str) -> TokenIssuer:
    key = load_pem_private_key(stack.keys.jwt_private_key.encode(), password=None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return TokenIssuer(key=key, kid=kid)


async def test_a_token_key_is_rotated_while_uploads_go_on(traffic: Traffic) -> None:
    stack, client = traffic.stack, await traffic.client()
    old, new = issuer_of(stack, "2025"), TokenIssuer(kid="2026")
    variables = {"BOTH": key_set(old, new), "NEW": key_set(new)}
    lines = commands(PAGE, "Token keys")

    async with shell(stack.layout, **variables) as typing:
        await traffic.during(client, type_until_restart(typing, lines))
        named, unnamed = old.mint(traffic.owner), stack.token(traffic.owner)
        accepted = [await asked(stack, token) for token in (named, unnamed)]
        traffic.token = new.mint(traffic.owner)
        await traffic.during(client, type_until_restart(typing, lines))

    assert lines == []
    assert accepted == [200, 200]
    refused = [await asked(stack, token) for token in (named, unnamed, traffic.token)]
    assert refused == [401, 401, 200]
    await traffic.all_ready(client)


async def asked(stack: RunningStack, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=stack.gateway_url, headers=headers) as http:
        return (await http.get("/api/videos")).status_code
