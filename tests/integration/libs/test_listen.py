"""LISTEN outlives its connection, also one that dies without a word."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from reel_db.pool import Pool, connect
from reel_messaging.listen import hear
from reel_testing.fault_proxy import FaultProxy, fault_proxy
from reel_testing.waiting import until

CHANNEL = "letters"


@asynccontextmanager
async def proxied(url: str) -> AsyncGenerator[tuple[FaultProxy, Pool]]:
    parts = urlsplit(url)
    async with fault_proxy(parts.port or 0, is_http=False) as proxy:
        behind = url.replace(f":{parts.port}/", f":{proxy.port}/")
        async with connect(behind, max_size=2) as pool:
            yield proxy, pool


@asynccontextmanager
async def hearing(pool: Pool) -> AsyncGenerator[list[str | None]]:
    heard: list[str | None] = []
    async with asyncio.TaskGroup() as group:
        task = group.create_task(hear(pool, CHANNEL, heard.append, ping_s=0.1, answer_s=0.3))
        await until(lambda: heard == [None])
        yield heard
        task.cancel()


async def test_a_silent_connection_is_replaced_and_what_was_missed_is_told(
    pool: Pool, empty_database: str
) -> None:
    async with proxied(empty_database) as (proxy, own), hearing(own) as heard:
        assert proxy.partition() == 1
        await pool.execute(f"NOTIFY {CHANNEL}, 'missed'")

        await until(lambda: heard == [None, None])
        await pool.execute(f"NOTIFY {CHANNEL}, 'heard'")
        await until(lambda: heard == [None, None, "heard"])


async def test_questions_do_not_disturb_a_connection_that_listens(
    pool: Pool, empty_database: str
) -> None:
    async with proxied(empty_database) as (proxy, own), hearing(own) as heard:
        before = proxy.passed
        await until(lambda: proxy.passed >= before + 4)
        await pool.execute(f"NOTIFY {CHANNEL}, 'heard'")

        await until(lambda: heard == [None, "heard"])
    assert proxy.accepted == 1
