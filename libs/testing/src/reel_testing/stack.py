"""A stack of one's own: `reel-stack up` as a child process on a state directory of its own."""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from reel_messaging.sqs import sqs_client
from reel_stack import keys, stackfile, tokens
from reel_stack.environment import base_environment
from reel_stack.keys import ADMIN, Secrets
from reel_stack.layout import SERVERS_VENV, Layout
from reel_stack.parts import Part
from reel_stack.probes import until
from reel_stack.process import Process
from reel_stack.queue import queue_url
from reel_stack.services import LAUNCHER_VARIABLE
from reel_stack.stackfile import Stack
from reel_stack.topology import QUEUES, TRANSCODE, UPLOAD
from reel_testing.infra import sqs_settings

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

START_S: Final = 120.0
STOP_S: Final = 90.0
POLL_S: Final = 0.05
TRAVERSABLE: Final = 0o711
Value = TypeVar("Value")
WAITING: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


@dataclass(frozen=True)
class RunningStack:
    """A running stack: where its parts are, and what a test needs to talk to them."""

    layout: Layout
    process: Process
    description: Stack
    keys: Secrets = field(repr=False)

    @property
    def gateway_url(self) -> str:
        return _running(self.description.gateway_url)

    @property
    def cdn_url(self) -> str:
        return _running(self.description.cdn_url)

    @property
    def s3_url(self) -> str:
        return self.description.s3_url

    @property
    def sqs_url(self) -> str:
        return self.description.sqs_url

    @property
    def services(self) -> Mapping[str, str]:
        """Internal base URLs by service name."""
        return self.description.services

    @property
    def pids(self) -> Mapping[str, int]:
        """Process ids by part name, as of now: a restarted service has a new one."""
        return _running(stackfile.read(self.layout.stackfile)).pids

    @property
    def secrets(self) -> Mapping[str, str]:
        """What the services sign their webhooks with."""
        signing = self.keys.webhook_secrets
        return {
            "uploadWebhookSecret": signing[UPLOAD.name],
            "transcodeWebhookSecret": signing[TRANSCODE.name],
        }

    @property
    def queues(self) -> Mapping[str, str]:
        """Queue URLs by name."""
        return {name: queue_url(self.sqs_url, name) for name in QUEUES}

    def token(self, owner: UUID | str, *, ttl_s: int = tokens.DEFAULT_TTL_S) -> str:
        """An access token that the services accept."""
        return tokens.mint(self.keys.jwt_private_key, UUID(str(owner)), ttl_s=ttl_s)

    @asynccontextmanager
    async def sqs(self) -> "AsyncGenerator[SQSClient]":
        """A client with the administrator's key."""
        async with sqs_client(sqs_settings(self.sqs_url, self.keys.sqs_keys[ADMIN])) as client:
            yield client

    async def drained(self, queue: str, *, within_s: float) -> None:
        """Wait until a queue holds no message, visible or taken. Raises TimeoutError."""
        async with asyncio.timeout(within_s), self.sqs() as client:
            await until(partial(_is_empty, client, self.queues[queue]))


async def _is_empty(client: "SQSClient", url: str) -> bool:
    answer = await client.get_queue_attributes(QueueUrl=url, AttributeNames=list(WAITING))
    return all(int(answer["Attributes"][name]) == 0 for name in WAITING)


def _running(value: Value | None) -> Value:
    if value is None:
        raise LookupError("this part of the stack does not run")
    return value


def layout_for(var: Path) -> Layout:
    """A state directory with the installed servers."""
    return Layout(var, Path(os.getenv("REEL_SERVERS_VENV") or SERVERS_VENV))


def _traversable_directory() -> Path:
    path = Path(tempfile.mkdtemp(prefix="reel-stack-"))
    path.chmod(TRAVERSABLE)
    return path


@asynccontextmanager
async def state_directory() -> AsyncGenerator[Path]:
    """A directory that PostgreSQL's user can pass, removed at the end."""
    path = _traversable_directory()
    try:
        yield path
    finally:
        await asyncio.to_thread(shutil.rmtree, path)


def up_part(layout: Layout, *arguments: str, launcher: str | None = None) -> Part:
    """`reel-stack up` as a part below a reaper, so that it ends when the tests are killed."""
    env = {LAUNCHER_VARIABLE: launcher} if launcher else {}
    paths = (f"--var={layout.var}", f"--servers={layout.servers}")
    command = (sys.executable, "-m", "reel_stack", "up", *paths, *arguments)
    return Part(name="stack", argv=command, env=env, stop_s=STOP_S)


async def start(layout: Layout, *arguments: str, launcher: str | None = None) -> RunningStack:
    """Run a stack and wait until it is up; a `launcher` is the module that starts its services.

    Raises PartFailed with the end of its output.
    """
    layout.prepare()
    base = base_environment(layout.temporary)
    part = up_part(layout, *arguments, launcher=launcher)
    process = await Process.start(part, layout, base=base, hold=None)
    try:
        description = await _described(process, layout)
    except BaseException:
        await process.stop()
        raise
    return RunningStack(layout, process, description, keys.load(layout.secrets))


async def _described(process: Process, layout: Layout) -> Stack:
    deadline = time.monotonic() + START_S
    while (description := stackfile.read(layout.stackfile)) is None:
        if process.ended or time.monotonic() > deadline:
            raise process.failure("did not come up")
        await asyncio.sleep(POLL_S)
    return description


@asynccontextmanager
async def running(*arguments: str, launcher: str | None = None) -> AsyncGenerator[RunningStack]:
    """A stack on a fresh state directory, gone with everything it made at the end."""
    async with state_directory() as directory:
        stack = await start(layout_for(directory / "var"), *arguments, launcher=launcher)
        try:
            yield stack
        finally:
            await stack.process.stop()
