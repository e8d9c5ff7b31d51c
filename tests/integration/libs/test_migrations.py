import asyncio
from pathlib import Path

import asyncpg
import pytest

from reel_db.migrations import migrate

FIRST = '''
"""First."""
from reel_db.migrations import execute_script
from reel_db.outbox import inbox_ddl_v1, outbox_ddl_v1

revision = "0001"
down_revision = None

def upgrade() -> None:
    execute_script(outbox_ddl_v1() + inbox_ddl_v1())
    execute_script("CREATE TABLE notes (id int); INSERT INTO notes VALUES (1);")
'''
SECOND = '''
"""Second."""
from alembic import op

revision = "0002"
down_revision = "0001"

def upgrade() -> None:
    op.execute("INSERT INTO notes VALUES (2)")
'''
BROKEN = SECOND.replace("0002", "0003").replace("0001", "0002") + '    op.execute("SELECT 1 / 0")\n'


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    versions = tmp_path / "versions"
    versions.mkdir()
    (versions / "0001_first.py").write_text(FIRST)
    (versions / "0002_second.py").write_text(SECOND)
    return tmp_path


async def rows(url: str, query: str) -> list[object]:
    connection = await asyncpg.connect(url)
    try:
        return [record[0] for record in await connection.fetch(query)]
    finally:
        await connection.close()


async def test_migrating_twice_is_migrating_once(empty_database: str, scripts: Path) -> None:
    await migrate(empty_database, script_location=scripts, schema="letters")
    await migrate(empty_database, script_location=scripts, schema="letters")

    assert await rows(empty_database, "SELECT id FROM letters.notes ORDER BY id") == [1, 2]
    assert await rows(empty_database, "SELECT version_num FROM letters.alembic_version") == ["0002"]
    assert await rows(empty_database, "SELECT count(*) FROM letters.outbox") == [0]
    assert (
        await rows(empty_database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        == []
    )


async def test_concurrent_starters_do_not_collide(empty_database: str, scripts: Path) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(migrate(empty_database, script_location=scripts, schema="letters"))

    assert await rows(empty_database, "SELECT id FROM letters.notes ORDER BY id") == [1, 2]


async def test_a_failing_revision_changes_nothing(empty_database: str, scripts: Path) -> None:
    (scripts / "versions" / "0003_broken.py").write_text(BROKEN)

    with pytest.raises(Exception, match="division by zero"):
        await migrate(empty_database, script_location=scripts, schema="letters")

    assert (
        await rows(empty_database, "SELECT tablename FROM pg_tables WHERE schemaname = 'letters'")
        == []
    )
