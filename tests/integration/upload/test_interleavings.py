"""Every pair of requests on one session at the same time ends in a state of the table."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import combinations_with_replacement
from typing import Final
from uuid import UUID, uuid4

import httpx
import pytest

from reel_testing.upload.agent import Agent, Part
from reel_testing.upload.builders import an_mp4
from reel_testing.upload.service import UploadSystem

SOURCE: Final = an_mp4(2000)
ROUNDS: Final = 3
Request = Callable[[Agent, UUID, list[Part]], Awaitable[httpx.Response]]


def verb(name: str, body: object = None) -> Request:
    async def send(agent: Agent, session_id: UUID, _parts: list[Part]) -> httpx.Response:
        return await agent.do(session_id, name, body)

    return send


async def complete(agent: Agent, session_id: UUID, parts: list[Part]) -> httpx.Response:
    return await agent.complete(session_id, parts)


async def show(agent: Agent, session_id: UUID, _parts: list[Part]) -> httpx.Response:
    return await agent.show(session_id)


REQUESTS: Final[dict[str, Request]] = {
    "parts": verb("parts", {"partNumbers": [1]}),
    "pause": verb("pause"),
    "resume": verb("resume"),
    "complete": complete,
    "cancel": verb("cancel"),
    "show": show,
}
ENDS: Final = {
    "parts": {"IN_PROGRESS"},
    "pause": {"PAUSED"},
    "resume": {"IN_PROGRESS"},
    "complete": {"COMPLETED"},
    "cancel": {"CANCELED"},
    "show": {"IN_PROGRESS"},
}
FINAL: Final = {"COMPLETED", "CANCELED"}


def ends(first: str, second: str) -> set[str]:
    """Return how a running session may stand after the two, in whatever order."""
    both = ENDS[first] | ENDS[second]
    if both & FINAL == {"COMPLETED"} and "PAUSED" in both:
        return {"COMPLETED", "PAUSED"}  # paused before complete began: it is refused
    return both & FINAL or (both - {"IN_PROGRESS"} or both) | (
        {"IN_PROGRESS"} if "resume" in {first, second} else set()
    )


@pytest.mark.parametrize(("first", "second"), [*combinations_with_replacement(REQUESTS, 2)])
async def test_two_at_once_are_as_one_after_the_other(
    system: UploadSystem, first: str, second: str
) -> None:
    agent = system.agent
    for _ in range(ROUNDS):
        session_id = await agent.open(uuid4(), len(SOURCE))
        parts = await agent.send(session_id, SOURCE, len(SOURCE))

        async with asyncio.TaskGroup() as group:
            calls = [
                group.create_task(_send(agent, REQUESTS[name], session_id, parts))
                for name in (first, second)
            ]

        codes = {call.result().status_code for call in calls}
        assert codes <= {200, 409}, [call.result().text for call in calls]
        row = await system.row(session_id)
        assert row["status"] in ends(first, second), row["status"]
        assert await news_of(system, session_id) == [row["status"]] * (row["status"] in FINAL)
        assert (row["status"] != "COMPLETED") or (row["bytes_uploaded"] == len(SOURCE))


async def _send(
    agent: Agent, request: Request, session_id: UUID, parts: list[Part]
) -> httpx.Response:
    return await request(agent, session_id, parts)


async def news_of(system: UploadSystem, session_id: UUID) -> list[str]:
    rows = await system.infra.pool.fetch(
        "SELECT body->>'status' AS status FROM outbox WHERE body->>'uploadSessionId' = $1",
        str(session_id),
    )
    return [row["status"] for row in rows]


async def test_a_paused_a_finished_and_a_foreign_session_get_no_urls(
    system: UploadSystem,
) -> None:
    agent = system.agent
    paused, ended = [await agent.open(uuid4(), len(SOURCE)) for _ in range(2)]
    await agent.part_url(paused, 1)
    await agent.do(paused, "pause")
    await agent.complete(ended, await agent.send(ended, SOURCE, len(SOURCE)))

    answers = [
        await agent.do(paused, "parts", {"partNumber": 1}),
        await agent.do(ended, "parts", {"partNumber": 1}),
        await agent.colleague().do(paused, "parts", {"partNumber": 1}),
    ]

    assert [answer.status_code for answer in answers] == [409, 409, 404]


async def test_a_batch_of_urls_is_bounded(agent: Agent) -> None:
    session_id = await agent.open(uuid4(), 1_610_612_736)

    hundred = await agent.do(session_id, "parts", {"partNumbers": list(range(1, 101))})
    more = await agent.do(session_id, "parts", {"partNumbers": list(range(1, 102))})
    none = await agent.do(session_id, "parts", {"partNumbers": []})

    assert len(hundred.json()["parts"]) == 100
    assert (more.status_code, none.status_code) == (422, 422)


async def test_a_completion_names_at_most_as_many_parts_as_s3_takes(agent: Agent) -> None:
    session_id = await agent.open(uuid4(), len(SOURCE))
    parts = [{"partNumber": n, "etag": "e"} for n in range(1, 10_002)]

    refused = await agent.do(session_id, "complete", {"parts": parts})

    assert (refused.status_code, refused.json()["code"]) == (422, "validation-error")
