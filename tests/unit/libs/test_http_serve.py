import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE

import httpx
import pytest
import uvloop

from reel_http.app import service_app
from reel_http.serve import serve

PROGRAM = """
import sys
from reel_http.app import service_app
from reel_http.serve import run
from reel_observability.logs import configure
configure("things", "info")
run(service_app(title="Things"), host="127.0.0.1", port=int(sys.argv[1]))
print("returned")
"""


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


async def until_it_answers(url: str) -> httpx.Response:
    async with asyncio.timeout(20), httpx.AsyncClient() as client:
        while True:
            try:
                return await client.get(url)
            except httpx.ConnectError:
                await asyncio.sleep(0.02)


async def test_a_stop_event_ends_serving(free_port: int) -> None:
    stop = asyncio.Event()

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(
            serve(service_app(title="Things"), host="127.0.0.1", port=free_port, stop=stop)
        )
        response = await until_it_answers(f"http://127.0.0.1:{free_port}/healthz")
        stop.set()

    assert response.json() == {"status": "ok"}
    assert "server" not in response.headers


async def test_a_port_that_is_taken_ends_the_process() -> None:
    app = service_app(title="Things")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        serving = serve(app, host="127.0.0.1", port=taken.getsockname()[1], stop=asyncio.Event())
        with pytest.raises(SystemExit):
            await serving


async def test_of_many_new_clients_none_waits_for_a_round_of_its_own(free_port: int) -> None:
    rounds = await asyncio.to_thread(_rounds_until_all_are_answered, free_port, clients=64)

    assert rounds < 32


def _rounds_until_all_are_answered(port: int, *, clients: int) -> int:
    """Count rounds of the event loop that the services run on, from connections to answers."""

    async def measure() -> int:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            app = service_app(title="Things")
            group.create_task(serve(app, host="127.0.0.1", port=port, stop=stop))
            await until_it_answers(f"http://127.0.0.1:{port}/healthz")
            sockets = [_asking(port) for _ in range(clients)]
            rounds = await _rounds_until_answered(sockets)
            stop.set()
        return rounds

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure())


def _asking(port: int) -> socket.socket:
    """Connect and ask: the kernel does both before the server knows."""
    asking = socket.create_connection(("127.0.0.1", port))
    asking.sendall(b"GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
    asking.settimeout(0)
    return asking


async def _rounds_until_answered(waiting: list[socket.socket]) -> int:
    rounds = 0
    async with asyncio.timeout(20):
        while waiting:
            await asyncio.sleep(0)
            rounds += 1
            waiting = [one for one in waiting if not _is_answered(one)]
    return rounds


def _is_answered(asking: socket.socket) -> bool:
    try:
        answer = asking.recv(4096)
    except BlockingIOError:
        return False
    asking.close()
    return answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signalled_process_returns_and_exits_with_0(
    free_port: int, number: signal.Signals
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(free_port), stdout=PIPE, env={**os.environ}
    )
    try:
        await until_it_answers(f"http://127.0.0.1:{free_port}/healthz")

        process.send_signal(number)
        async with asyncio.timeout(20):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode == 0
    assert output.decode().splitlines()[-1] == "returned"
