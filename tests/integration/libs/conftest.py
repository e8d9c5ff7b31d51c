from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from reel_db.outbox import inbox_ddl_v1, outbox_ddl_v1
from reel_db.pool import Pool, connect
from reel_testing.infra import Infra

SCHEMA = "letters"


@pytest.fixture
async def empty_database(infra: Infra) -> AsyncIterator[str]:
    """URL of a fresh database that has one empty schema, `letters`, and nothing else."""
    name = f"libs_{uuid4().hex}"
    admin = await asyncpg.connect(infra.postgres_admin_url)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.execute(f"ALTER DATABASE {name} SET search_path = {SCHEMA}")
    url = infra.postgres_admin_url.rsplit("/", 1)[0] + f"/{name}"
    database = await asyncpg.connect(url)
    await database.execute(f"CREATE SCHEMA {SCHEMA}")
    await database.close()
    yield url
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def pool(empty_database: str) -> AsyncIterator[Pool]:
    """A pool on a fresh database that has an outbox and an inbox."""
    async with connect(empty_database, application_name="libs-test") as pool:
        async with pool.acquire() as connection:
            await connection.execute(outbox_ddl_v1() + inbox_ddl_v1())
        yield pool
