"""Running an app: uvicorn, told when to stop by the process, not by its own signal handlers."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Generator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import structlog
import uvicorn
import uvloop
from litestar.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE

GRACE_S: Final = 10
KEEP_ALIVE_S: Final = 75
"""Longer than a load balancer's 60 s idle time, so that the balancer closes first."""
ACCEPTED_A_ROUND: Final = 16
"""New connections taken in one round of the event loop."""

log = structlog.stdlib.get_logger(__name__)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield  # signals belong to the process: see run_until_signalled

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        ports = {s.getsockname()[1] for server in self.servers for s in server.sockets}
        log.info("http_listening", host=self.config.host, ports=sorted(ports))


async def serve(
    app: ASGIApp, *, host: str, port: int, stop: asyncio.Event, grace_s: int = GRACE_S
) -> None:
    """Serve until `stop` is set; then refuse new connections and give open ones `grace_s`.

    Raises:
        SystemExit: the port is taken, or the app's start-up failed (already logged).
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=grace_s,
    )
    server = _Server(config)
    with _listeners(host, port) as sockets:
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(_exit_on(stop, server), name="http-stop")
            await server.serve(sockets=sockets)
            watch.cancel()


@contextmanager
def _listeners(host: str, port: int) -> Generator[list[socket.socket]]:
    """Bind the address, and hold the socket several times.

    libuv accepts one connection of a listener in a round of the loop. A round of a busy server
    takes as long as all the requests that are there, so of many new clients the last would wait
    for as many rounds, while the first are answered again and again.
    """
    with ExitStack() as open_:
        first = open_.enter_context(_bound(host, port))
        others = [open_.enter_context(first.dup()) for _ in range(ACCEPTED_A_ROUND - 1)]
        yield [first, *others]


def _bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        log.error("http_address_not_usable", host=host, port=port, error=str(error))  # noqa: TRY400
        raise SystemExit(STARTUP_FAILURE) from error
    return listener


def run(app: ASGIApp, *, host: str, port: int, grace_s: int = GRACE_S) -> None:
    """Serve in this process until SIGTERM or SIGINT, then return."""
    run_until_signalled(lambda stop: serve(app, host=host, port=port, stop=stop, grace_s=grace_s))


def run_until_signalled(main: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run `main` on uvloop; SIGTERM and SIGINT set the event it is given. The second is ignored."""

    async def with_signals() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await main(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(with_signals())


async def _exit_on(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True
