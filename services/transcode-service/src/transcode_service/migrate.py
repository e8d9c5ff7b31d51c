"""Bring schema `transcode` to its newest revision: `python -m transcode_service.migrate`."""

import asyncio
import os
from pathlib import Path

from reel_db.migrations import migrate
from reel_observability import logs
from transcode_service.bootstrap import SCHEMA, SERVICE
from transcode_service.settings import Settings

MIGRATIONS = Path(__file__).with_name("migrations")


async def upgrade(database_url: str) -> None:
    """Migrate to head; does nothing when it is there already."""
    await migrate(database_url, script_location=MIGRATIONS, schema=SCHEMA)


def run() -> None:
    settings = Settings.from_env(os.environ)
    logs.configure(SERVICE, settings.log_level)
    asyncio.run(upgrade(settings.database_url))


if __name__ == "__main__":
    run()
