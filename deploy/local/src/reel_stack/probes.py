"""Whether a part serves yet."""

import asyncio
import ssl
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx

from reel_stack.parts import Probe
from reel_stack.ports import LOOPBACK

TIMEOUT_S: Final = 2.0
EVERY_S: Final = 0.05


async def until(probe: Probe) -> None:
    """Wait until the probe says yes; the caller sets the time limit."""
    while not await probe():  # noqa: ASYNC110  another process's state has no event to wait for
        await asyncio.sleep(EVERY_S)


def answers_http(url: str, *, status: int = HTTPStatus.OK, ca: Path | None = None) -> Probe:
    """Ready when a GET of the url answers with the status, over TLS by a certificate of the CA."""

    async def probe() -> bool:
        try:
            verify = True if ca is None else ssl.create_default_context(cafile=ca)
        except FileNotFoundError:
            return False
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=verify) as http:
            try:
                return (await http.get(url)).status_code == status
            except httpx.TransportError:
                return False

    return probe


def accepts_connections(port: int) -> Probe:
    """Ready when the port accepts a connection."""

    async def probe() -> bool:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                _, writer = await asyncio.open_connection(LOOPBACK, port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        await writer.wait_closed()
        return True

    return probe
