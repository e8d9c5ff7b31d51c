"""A stack whose services can be killed, as its operator sees it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
import psutil

from reel_client.client import ReelClient
from reel_client.retries import RetryPolicy
from reel_stack.databases import connection
from reel_stack.keys import ADMIN
from reel_stack.postgres import admin_url
from reel_stack.topology import BUCKET, DATABASE
from reel_storage.client import s3_client
from reel_testing.crash.films import DRAWING, HALF, LONG
from reel_testing.crash.orders import LAUNCHER, Order, Point
from reel_testing.infra import s3_settings
from reel_testing.stack import RunningStack
from reel_testing.waiting import until

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

PATIENCE: Final = RetryPolicy(attempts=300, base_s=0.05, max_s=0.3)
"""An app that goes on asking while a service is started again."""
SERVICES: Final = ("video", "upload", "transcode")
WATCH_S: Final = 0.02
SOON_S: Final = 60.0
RUNNING: Final = """
SELECT count(*) FROM transcode.job_attempts WHERE video_id = $1 AND state = 'RUNNING'
"""
KILLED: Final = -signal.SIGKILL

# What a dead process holds is free when its lease ends: let that be now.
END_LEASES: Final = {
    "outbox": "UPDATE {}.outbox SET claimed_until = now() WHERE claimed_until > now()",
    "keys": "UPDATE {}.idempotency_keys SET claimed_until = now() WHERE status IS NULL",
    "settling": "UPDATE {}.upload_sessions SET settle_claimed_until = now()"
    " WHERE settle_claimed_until > now()",
}
HELD: Final = {
    "video": ("outbox", "keys"),
    "upload": ("outbox", "keys", "settling"),
    "transcode": ("outbox",),
}


@dataclass
class World:
    """`db` and `s3` are an administrator's; `client` is an app; `film` is short.

    Other films of the tests lie beside it. `environments` are those of the workers, by service.
    """

    stack: RunningStack
    db: "asyncpg.Connection[asyncpg.Record]"
    s3: "S3Client"
    http: httpx.AsyncClient
    client: ReelClient
    film: Path
    environments: Mapping[str, Mapping[str, str]]
    orders: list[Order] = field(default_factory=list[Order])

    def order(self, point: Point) -> Order:
        """Have the next process that comes past `point` die there."""
        order = Order(point, self.stack)
        self.orders.append(order)
        return order

    async def ops(self, service: str, *arguments: str) -> str:
        """Run an operator's command, again if it is killed; return what it printed."""
        process = await self._start_ops(service, arguments)
        out, err = await process.communicate()
        if process.returncode == KILLED:
            return await self.ops(service, *arguments)
        assert process.returncode == 0, err.decode()
        return out.decode()

    async def _start_ops(
        self, service: str, arguments: tuple[str, ...]
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", LAUNCHER, f"{service}_service.ops", *arguments),
            stdout=PIPE,
            stderr=PIPE,
            env=self.environments[service],
            cwd=self.stack.layout.var,
        )

    def somebody_else(self) -> "World":
        """The same, seen by the app of another owner."""
        return replace(self, client=app_of(uuid4(), self.stack, self.http))

    def with_a_long_film(self) -> "World":
        """The same with a film whose encoding takes seconds."""
        return replace(self, film=self.film.with_name(LONG))

    def with_half_a_film(self) -> "World":
        """The same with a film whose end is missing."""
        return replace(self, film=self.film.with_name(HALF))

    def with_a_drawing(self) -> "World":
        """The same with a film whose smaller rendition costs more."""
        return replace(self, film=self.film.with_name(DRAWING))

    async def abort_uploads(self, video_id: UUID) -> None:
        """Have the store forget what is open of a video."""
        prefix = f"videos/{video_id}/"
        answer = await self.s3.list_multipart_uploads(Bucket=BUCKET, Prefix=prefix)
        for upload in answer.get("Uploads", []):
            key, upload_id = upload.get("Key", ""), upload.get("UploadId", "")
            await self.s3.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload_id)

    async def ffmpeg(self) -> psutil.Process:
        """Wait for the worker's FFmpeg to encode, and return it."""
        found: list[psutil.Process] = []

        def encodes() -> bool:
            found[:] = _encoders(self.stack.pids["transcode-worker"])
            return bool(found)

        await until(encodes, within_s=SOON_S)
        return found[0]

    async def ended(self, video_id: UUID) -> None:
        """Wait until no attempt on a video runs."""

        async def none_runs() -> bool:
            return await self.db.fetchval(RUNNING, video_id) == 0

        await until(none_runs, within_s=SOON_S)

    async def metrics(self, service: str) -> str:
        """Return what a service counts; nothing while it does not answer."""
        try:
            return (await self.http.get(f"{self.stack.services[service]}/metrics")).text
        except httpx.TransportError:
            return ""

    async def until_served(self) -> None:
        """Wait until every service answers that it is ready, for whoever comes next."""

        async def are_ready() -> bool:
            return all([await _is_ready(self.http, url) for url in self.stack.services.values()])

        await until(are_ready, within_s=SOON_S)

    def signal(self, part: str, number: signal.Signals) -> None:
        """Send a signal to a part of the stack."""
        os.kill(self.stack.pids[part], number)

    @asynccontextmanager
    async def reviving(self) -> AsyncGenerator[None]:
        """End the leases of whatever dies during the block, as if their time were over."""
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._end_leases_of_the_dead())
            yield
            watch.cancel()

    async def _end_leases_of_the_dead(self) -> None:
        mourned: set[Point] = set()
        async with connection(database_url(self.stack)) as db:
            while True:
                for order in list(self.orders):
                    if order.point not in mourned and order.victim is not None:
                        mourned.add(order.point)
                        await order.obeyed()
                        await end_leases(db, order.point.service)
                await asyncio.sleep(WATCH_S)


async def _is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).is_success
    except httpx.TransportError:
        return False


def _encoders(worker: int) -> list[psutil.Process]:
    try:
        below = psutil.Process(worker).children(recursive=True)
        return [one for one in below if "hls" in one.cmdline()]
    except psutil.NoSuchProcess:
        return []


async def end_leases(db: "asyncpg.Connection[asyncpg.Record]", service: str) -> None:
    for name in HELD[service]:
        await db.execute(END_LEASES[name].format(service))


def app_of(owner: UUID, stack: RunningStack, http: httpx.AsyncClient) -> ReelClient:
    """An app that keeps asking; it only makes single calls, so it keeps no state."""
    return ReelClient(stack.gateway_url, stack.token(owner), http, api_retries=PATIENCE)


def environment_of(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def database_url(stack: RunningStack) -> str:
    port = urlsplit(stack.description.postgres_url).port
    assert port is not None
    return admin_url(port, password=stack.keys.postgres_passwords[ADMIN], database=DATABASE)


@asynccontextmanager
async def world_of(stack: RunningStack, film: Path) -> AsyncGenerator[World]:
    """The stack, seen by its operator and by the app of a new owner."""
    async with AsyncExitStack() as open_:
        http = await open_.enter_async_context(httpx.AsyncClient(timeout=30))
        yield World(
            stack=stack,
            db=await open_.enter_async_context(connection(database_url(stack))),
            s3=await open_.enter_async_context(
                s3_client(s3_settings(stack.s3_url, stack.keys.s3_keys[ADMIN]))
            ),
            http=http,
            client=app_of(uuid4(), stack, http),
            film=film,
            environments={name: environment_of(stack.pids[f"{name}-worker"]) for name in SERVICES},
        )
