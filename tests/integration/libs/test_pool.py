import asyncpg
import pytest

from reel_db.health import ping
from reel_db.pool import DATABASE_ERRORS, Pool, connect, transaction
from reel_kernel.effects import Effect
from reel_observability.effects import heard_by


async def test_a_transaction_commits_or_rolls_back_whole(pool: Pool) -> None:
    async def fails_later() -> None:
        async with transaction(pool, Effect.VIDEO_CREATED) as connection:
            await connection.execute("INSERT INTO notes VALUES (1)")
            raise ZeroDivisionError

    async with transaction(pool, Effect.VIDEO_CREATED) as connection:
        await connection.execute("CREATE TABLE notes (id int)")
    with pytest.raises(ZeroDivisionError):
        await fails_later()

    assert await pool.fetchval("SELECT count(*) FROM notes") == 0


async def test_a_transaction_without_an_effect_cannot_write(pool: Pool) -> None:
    async with transaction(pool, Effect.VIDEO_CREATED) as connection:
        await connection.execute("CREATE TABLE notes (id int)")

    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with transaction(pool) as connection:
            await connection.execute("INSERT INTO notes VALUES (1)")


async def test_an_effect_happens_once_it_is_committed_and_only_if_something_was_written(
    pool: Pool,
) -> None:
    async with transaction(pool, Effect.VIDEO_CREATED) as connection:
        await connection.execute("CREATE TABLE notes (id int)")
    heard: list[Effect] = []

    with heard_by(heard.append):
        async with transaction(pool, Effect.VIDEO_EDITED) as connection:
            await connection.execute("INSERT INTO notes VALUES (1)")
            assert heard == []
        async with transaction(pool, Effect.VIDEO_DELETED) as connection:
            await connection.execute("DELETE FROM notes WHERE id = 2")

    assert heard == [Effect.VIDEO_EDITED]


async def test_jsonb_is_a_python_value(pool: Pool) -> None:
    value = {"parts": [1, 2], "ok": True, "none": None}

    assert await pool.fetchval("SELECT $1::jsonb", value) == value


async def test_waiting_for_a_connection_has_an_end(empty_database: str) -> None:
    async with connect(empty_database, max_size=1) as pool, transaction(pool):
        with pytest.raises(TimeoutError):
            async with transaction(pool, timeout_s=0.05):
                raise AssertionError("there is only one connection")


async def test_a_database_that_is_away_fails_the_ping_and_not_the_start() -> None:
    async with connect("postgresql://nobody@127.0.0.1:1/none") as pool:
        with pytest.raises(DATABASE_ERRORS):
            await ping(pool)


async def test_a_database_that_is_there_passes_the_ping(pool: Pool) -> None:
    await ping(pool)
