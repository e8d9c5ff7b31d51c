"""A poller against servers that answer well and badly."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import chain, repeat

import pytest

from reel_testing.load.poller import poll
from reel_testing.load.polls import PollPlan, PollReport, Target

TARGET = Target(token="t0k3n", video_id="0b8f6ee0-6f5d-4a5e-8d4f-0f6f5b1c2a3d")  # noqa: S106
NEW = (
    b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 45\r\n\r\n'
    b'{"id":"0b8f6ee0-6f5d-4a5e-8d4f-0f6f5b1c2a3d"}'
)
CHANGED = NEW.replace(b'"1"', b'"2"')
ANOTHERS = NEW.replace(b"0b8f", b"ffff")
UNCHANGED = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
UNTAGGED = b"HTTP/1.1 304 Not Modified\r\n\r\n"
FAILED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
Answer = Callable[[int], bytes]


@asynccontextmanager
async def serving(answer: Answer, heads: list[bytes]) -> AsyncGenerator[int]:
    """Answer the nth request of a connection by `answer(n)`; b"" hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        while head := await _request(reader):
            heads.append(head)
            data = answer(number)
            number += 1
            if not data:
                break
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _request(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


async def polled(answers: Sequence[bytes], *, fresh_every: int = 0) -> tuple[PollReport, list[str]]:
    """Poll with one app; the last of the answers is given for ever."""
    endless = chain(answers, repeat(answers[-1]))
    heads: list[bytes] = []
    async with serving(lambda _: next(endless), heads) as port:
        plan = PollPlan(
            host="127.0.0.1", port=port, targets=[TARGET], duration_s=0.05, fresh_every=fresh_every
        )
        report = await poll(plan)
    return report, [head.decode() for head in heads]


async def test_the_tag_that_was_answered_is_sent_from_then_on() -> None:
    report, heads = await polled([NEW, UNCHANGED])

    assert "If-None-Match" not in heads[0]
    assert {'If-None-Match: "1"\r\n' in head for head in heads[1:]} == {True}
    assert all("Authorization: Bearer t0k3n\r\n" in head for head in heads)
    assert report.statuses["200"] == 1
    assert report.statuses["304"] == len(heads) - 1
    assert report.errors == 0


async def test_every_nth_request_is_as_of_an_app_just_opened() -> None:
    answers = [NEW, UNCHANGED, UNCHANGED] * 1000
    report, heads = await polled(answers, fresh_every=3)

    fresh = [number for number, head in enumerate(heads) if "If-None-Match" not in head]
    assert fresh == list(range(0, len(heads), 3))
    assert report.errors == 0


async def test_a_changed_video_brings_a_new_tag() -> None:
    _, heads = await polled([NEW, CHANGED, UNCHANGED.replace(b'"1"', b'"2"')])

    assert 'If-None-Match: "1"' in heads[1]
    assert 'If-None-Match: "2"' in heads[2]


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ([FAILED], "status-503"),
        ([ANOTHERS], "wrong-body"),
        ([UNCHANGED], "wrong-304"),
        ([NEW, UNCHANGED.replace(b'"1"', b'"9"')], "wrong-304"),
        ([NEW, UNTAGGED], "no-etag"),
        ([NEW, b"HTTP/9 what\r\n\r\n"], "malformed"),
        ([NEW, b""], "connection-lost"),
    ],
)
async def test_a_wrong_answer_is_a_fault(answers: Sequence[bytes], fault: str) -> None:
    report, _ = await polled(answers)

    assert report.faults.get(fault, 0) > 0


async def test_an_answer_in_pieces_is_one_answer() -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _request(reader):
            heads.append(head)
            for at in range(0, len(NEW), 30):
                writer.write(NEW[at : at + 30])
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        plan = PollPlan(
            host="127.0.0.1", port=port, targets=[TARGET] * 3, duration_s=0.05, fresh_every=1
        )
        report = await poll(plan)

    assert report.errors == 0
    assert report.statuses == {"200": len(heads)}
