"""Bringing the schema to its newest revision."""

import asyncio

from reel_testing.plugin import NewDatabase
from reel_testing.video_service import video_service
from video_service.migrate import MIGRATIONS, upgrade

NEWEST = max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


async def test_migrating_again_changes_nothing_however_many_start(
    new_database: NewDatabase,
) -> None:
    url = await new_database("video")

    await asyncio.gather(*(upgrade(url) for _ in range(3)))

    async with video_service(url) as service:
        version = await service.pool.fetchval("SELECT version_num FROM alembic_version")
    assert NEWEST.startswith(f"{version}_")
