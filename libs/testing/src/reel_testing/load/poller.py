"""Polls as hard as it is told to: `python -m reel_testing.load.poller < plan.json > report.json`.

A load generator beside the servers it loads, on the same few cores, must cost little. Measured on
one core against a server that does nothing, per request: locust (FastHttpUser) 98 µs, aiohttp 75,
autocannon 15 (and it needs Node); httptools on uvloop, which is uvicorn's own parser, 9.
"""

import asyncio
import sys
import time
from typing import Final, cast

import httptools
import msgspec
import uvloop

from reel_testing.load.polls import PollPlan, PollReport, Tally, Target

GRACE_S: Final = 30
NEW: Final = 200
UNCHANGED: Final = 304


class Poller(asyncio.Protocol):
    """One app on one connection: asks, remembers the ETag, asks again at once."""

    def __init__(self, plan: PollPlan, target: Target, tally: Tally) -> None:
        self._fresh_every = plan.fresh_every
        self._id = target.video_id.encode()
        self._head = _head(plan, target)
        self._tally = tally
        self._until = float("inf")
        self._sent = 0
        self._etag: bytes | None = None
        self._is_open = False
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def start(self, until: float) -> None:
        """Ask until `until`, an instant of `time.perf_counter`."""
        self._until = until
        self._ask()

    def give_up(self) -> None:
        """Count the answer that did not come."""
        self._end("no-answer")

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._end("malformed")
            return
        if not self._is_open and not self.ended.done():
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        self._end("connection-lost")

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"etag":
            self._answer_etag = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        took_s = time.perf_counter() - self._began
        status = self._parser.get_status_code()
        self._tally.answered(took_s, status, self._fault(status))
        self._etag = self._answer_etag
        self._is_open = False

    def _ask(self) -> None:
        is_fresh = self._etag is None or (self._fresh_every and self._sent % self._fresh_every == 0)
        self._condition = b"" if is_fresh else b"If-None-Match: %b\r\n" % (self._etag or b"")
        self._sent += 1
        self._answer_etag: bytes | None = None
        self._body = b""
        self._is_open = True
        self._parser = httptools.HttpResponseParser(self)
        self._began = time.perf_counter()
        self._transport.write(self._head + self._condition + b"\r\n")

    def _next(self) -> None:
        if time.perf_counter() < self._until:
            self._ask()
        else:
            self._end(None)

    def _fault(self, status: int) -> str | None:
        """Tell what is wrong with an answer: an ETag is missing, a 304 was not asked for."""
        if status not in {NEW, UNCHANGED}:
            return f"status-{status}"
        if self._answer_etag is None:
            return "no-etag"
        if status == NEW:
            return None if self._id in self._body else "wrong-body"
        is_known = self._condition and self._answer_etag == self._etag
        return None if is_known else "wrong-304"

    def _end(self, fault: str | None) -> None:
        if self.ended.done():
            return
        if fault:
            self._tally.faults[fault] += 1
        self.ended.set_result(None)
        self._transport.close()


def _head(plan: PollPlan, target: Target) -> bytes:
    return (
        f"GET /api/videos/{target.video_id} HTTP/1.1\r\n"
        f"Host: {plan.host}:{plan.port}\r\n"
        f"Authorization: Bearer {target.token}\r\n"
    ).encode()


async def poll(plan: PollPlan) -> PollReport:
    """Connect every app, then let them ask side by side for as long as the plan says.

    Raises:
        OSError: a connection was refused.
    """
    tally, loop = Tally(), asyncio.get_running_loop()
    pollers: list[Poller] = []
    for target in plan.targets:
        _, poller = await loop.create_connection(
            lambda target=target: Poller(plan, target, tally), plan.host, plan.port
        )
        pollers.append(poller)
    began, began_cpu_s = time.perf_counter(), time.process_time()
    for poller in pollers:
        poller.start(began + plan.duration_s)
    _, late = await asyncio.wait(
        [poller.ended for poller in pollers], timeout=plan.duration_s + GRACE_S
    )
    for poller in pollers:
        if poller.ended in late:
            poller.give_up()
    seconds = time.perf_counter() - began
    return tally.report(seconds, time.process_time() - began_cpu_s)


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=PollPlan)
    report = uvloop.run(poll(plan))
    sys.stdout.buffer.write(msgspec.json.encode(report))


if __name__ == "__main__":
    main()
