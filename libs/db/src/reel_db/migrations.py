"""Bringing a service's schema to its newest revision: Alembic, with revisions in plain SQL."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import asyncpg
import structlog
from alembic import command, op
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

ENVIRONMENT: Final = Path(__file__).with_name("migration_env")
CONNECT_TIMEOUT_S: Final = 10
STATEMENT_TIMEOUT_S: Final = 300

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

log = structlog.stdlib.get_logger(__name__)


async def migrate(database_url: str, *, script_location: Path, schema: str) -> None:
    """Upgrade `schema` to head, in one transaction; does nothing when it is there already.

    Two starters do not collide: the second waits for the first on an advisory lock, then finds
    nothing to do.

    Args:
        database_url: URL of the role that owns the schema.
        script_location: Directory that holds `versions/*.py`.
        schema: Existing schema; the version table `alembic_version` lives in it, too.
    """

    async def connect() -> Driver:
        return await asyncpg.connect(
            database_url,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=STATEMENT_TIMEOUT_S,
            server_settings={"search_path": schema, "application_name": f"{schema}-migrate"},
        )

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, script_location, schema)
    finally:
        await engine.dispose()
    log.info("schema_migrated", schema=schema)


def execute_script(sql: str) -> None:
    """Run a script of several statements inside a revision's transaction.

    `op.execute` takes one statement only, because asyncpg prepares it.
    """

    async def run(driver: Driver) -> None:
        await driver.execute(sql)

    adapted = cast("Any", op.get_bind().connection.dbapi_connection)
    run_async = cast("Callable[[Callable[..., Awaitable[None]]], None]", adapted.run_async)
    run_async(run)


def _upgrade(connection: Connection, script_location: Path, schema: str) -> None:
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended('reel.migrate.' || :schema, 0))")
    connection.execute(lock, {"schema": schema})
    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(script_location / "versions"))
    config.attributes.update(connection=connection, schema=schema)
    command.upgrade(config, "head")
