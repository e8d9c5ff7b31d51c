"""What a load costs the services: resident memory, and connections to the database."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import psutil

from reel_testing.stack import RunningStack

PARTS: Final = ("video-api", "video-worker", "upload-api", "upload-worker", "transcode-worker")
SAMPLE_S: Final = 0.5
COUNT: Final = """
SELECT application_name, count(*) AS connections
  FROM pg_stat_activity
 WHERE usename = ANY ($1)
 GROUP BY application_name
"""
ROLES: Final = ("video_service", "upload_service", "transcode_service")


def resident(stack: RunningStack) -> Mapping[str, int]:
    """Return the resident set size of each service process, in bytes, without its children."""
    pids = stack.pids
    return {name: psutil.Process(pids[name]).memory_info().rss for name in PARTS}


@asynccontextmanager
async def counting_connections(admin_url: str) -> AsyncGenerator[Mapping[str, int]]:
    """Give the most connections that each pool held at once during the block, by its name."""
    most: dict[str, int] = {}
    connection = await asyncpg.connect(admin_url)
    try:
        async with asyncio.TaskGroup() as group:
            sampler = group.create_task(_sample(connection, most), name="count-connections")
            try:
                yield most
            finally:
                sampler.cancel()
    finally:
        await connection.close()


async def _sample(connection: asyncpg.Connection, most: dict[str, int]) -> None:
    while True:
        for row in await connection.fetch(COUNT, list(ROLES)):
            name = row["application_name"]
            most[name] = max(most.get(name, 0), row["connections"])
        await asyncio.sleep(SAMPLE_S)
