"""A stack whose services, and phones, reach everything through proxies that a script rules."""

import os
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import psutil

from reel_stack.databases import connection, in_database
from reel_stack.keys import ADMIN
from reel_stack.ports import Ports
from reel_stack.postgres import admin_url
from reel_stack.probes import accepts_connections
from reel_stack.topology import DATABASE, VIDEO
from reel_testing.fault_proxy import FaultProxy, fault_proxy
from reel_testing.faults import Line
from reel_testing.stack import RunningStack, running
from reel_testing.waiting import until

RESTART_S: Final = 60
NEAR: Final = Line(latency_s=0.001, jitter_s=0.003)
RADIO: Final = Line(latency_s=0.005, jitter_s=0.02)
LINES: Final[Mapping[str, Line]] = {
    "store": NEAR,
    "parts": RADIO,
    "queue": NEAR,
    "database": NEAR,
    "gateway": RADIO,
    "webhooks": NEAR,
}
"""The proxies by name: of the services' way to S3, of the phones' way to it, and so on."""
DEATHS: Final = {
    "postgres": signal.SIGQUIT,  # its immediate shutdown: no goodbye, recovery at the next start
    "queue": signal.SIGKILL,  # it forgets every message
    "gateway": signal.SIGKILL,
}


@dataclass(frozen=True)
class FaultStack:
    """A running stack and the proxies before its servers."""

    stack: RunningStack
    proxies: Mapping[str, FaultProxy]

    @property
    def api_url(self) -> str:
        """Where phones find the API."""
        return self.proxies["gateway"].url

    async def restart(self, part: str) -> None:
        """Kill a server as `DEATHS` says, and wait until it serves again. Raises TimeoutError."""
        before = self.stack.pids[part]
        os.kill(before, DEATHS[part])
        await until(partial(self._is_back, part, before), within_s=RESTART_S)

    async def _is_back(self, part: str, before: int) -> bool:
        pid = self.stack.pids[part]
        return pid != before and psutil.pid_exists(pid) and await self._serves(part)

    async def _serves(self, part: str) -> bool:
        if part == "postgres":
            return await self._takes_queries()
        urls = {"queue": self.stack.sqs_url, "gateway": self.stack.gateway_url}
        return await accepts_connections(urlsplit(urls[part]).port or 0)()

    async def _takes_queries(self) -> bool:
        try:
            async with self.database():
                return True
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
            return False

    @asynccontextmanager
    async def database(self) -> AsyncGenerator["asyncpg.Connection[asyncpg.Record]"]:
        """A connection of the administrator's to Reel's database, past the proxy."""
        port = urlsplit(self.stack.description.postgres_url).port or 0
        url = admin_url(port, password=self.stack.keys.postgres_passwords[ADMIN])
        async with connection(in_database(url, DATABASE)) as opened:
            yield opened


@asynccontextmanager
async def fault_stack(settings: Mapping[str, object]) -> AsyncGenerator[FaultStack]:
    """Run a stack behind proxies that do nothing yet but delay; its servers may be killed."""
    ports = Ports()
    own = {name: ports.choose() for name in ("s3", "sqs", "postgres", "gateway")}
    upstreams = {"store": own["s3"], "parts": own["s3"], "queue": own["sqs"]}
    upstreams |= {"database": own["postgres"], "gateway": own["gateway"], "webhooks": 0}
    async with AsyncExitStack() as opened:
        proxies = {
            name: await opened.enter_async_context(
                fault_proxy(port, line=LINES[name], is_http=name != "database")
            )
            for name, port in upstreams.items()
        }
        arguments = _arguments(own, proxies, settings)
        stack = await opened.enter_async_context(running(*arguments))
        proxies["webhooks"].upstream = urlsplit(stack.services[VIDEO.name]).port or 0
        yield FaultStack(stack, proxies)


def _arguments(
    own: Mapping[str, int], proxies: Mapping[str, FaultProxy], settings: Mapping[str, object]
) -> list[str]:
    through = {"s3": "store", "sqs": "queue", "postgres": "database"}
    hooks = proxies["webhooks"].url
    given = {
        "UPLOAD_S3_PUBLIC_ENDPOINT_URL": proxies["parts"].url,
        "UPLOAD_VIDEO_SERVICE_URL": hooks,
        "TRANSCODE_VIDEO_SERVICE_URL": hooks,
        **settings,
    }
    arguments = [f"--{name}-port={port}" for name, port in own.items()]
    for server, proxy in through.items():
        arguments += ["--through", server, str(proxies[proxy].port)]
    for name, value in given.items():
        arguments += ["--set", name, str(value)]
    return [*arguments, "--restart-servers"]
