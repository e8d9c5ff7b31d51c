"""Connections to a service's own schema."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from reel_kernel.effects import Effect
from reel_observability import effects

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

COMMAND_TIMEOUT_S: Final = 30
ACQUIRE_TIMEOUT_S: Final = 10
IDLE_IN_TRANSACTION_MS: Final = 60_000
HAS_WRITTEN: Final = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"

DATABASE_ERRORS: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a statement sent just as the server hangs up
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    OSError,
    TimeoutError,
)
"""What a database that is down, restarting or overloaded raises: worth another try."""


@asynccontextmanager
async def connect(
    url: str,
    *,
    max_size: int = 10,
    timeout_s: float = 10,
    application_name: str = "reel",
) -> AsyncGenerator[Pool]:
    """Open a pool, and close it on leaving.

    Connections are made on first use, so a service starts while its database is away and says so
    in `/readyz`. A statement may take 30 s; the server ends a transaction left idle for 60 s, so a
    hung process holds no lock for ever. `jsonb` columns are Python values (by msgspec).

    Args:
        url: `postgresql://role:password@host:port/database`; the role's search_path is its schema.
        max_size: Most connections open at once.
        timeout_s: Limit for establishing one connection.
        application_name: Shown in `pg_stat_activity`.
    """
    async with asyncpg.create_pool(
        url,
        min_size=0,
        max_size=max_size,
        timeout=timeout_s,
        command_timeout=COMMAND_TIMEOUT_S,
        init=_set_codecs,
        server_settings={
            "application_name": application_name,
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
        },
    ) as pool:
        yield pool


@asynccontextmanager
async def transaction(
    pool: Pool, effect: Effect | None = None, *, timeout_s: float = ACQUIRE_TIMEOUT_S
) -> AsyncGenerator[Connection]:
    """Run a block in one transaction: commits on leaving, rolls back on any exception.

    `effect` names what the commit makes durable. Without one the block only reads, and the server
    refuses it a write (and a lock, which is one).

    Raises:
        TimeoutError: no connection became free within `timeout_s`.
    """
    is_effective = False
    async with pool.acquire(timeout=timeout_s) as connection:
        async with connection.transaction(readonly=effect is None):
            yield connection
            if effect is not None and effects.are_heard():
                is_effective = await connection.fetchval(HAS_WRITTEN)
        if effect is not None and is_effective:
            effects.happened(effect)


async def write_once(
    pool: Pool, effect: Effect, statement: str, *values: object, timeout_s: float
) -> None:
    """Run one statement that is a transaction by itself: one question and one answer.

    On a connection that has fallen silent a transaction waits three times, for BEGIN, statement and
    ROLLBACK; this waits once.

    Raises:
        DATABASE_ERRORS: it may or may not have happened. TimeoutError: no connection, or no
            answer, within `timeout_s`.
    """
    async with pool.acquire(timeout=timeout_s) as connection:
        status = await connection.execute(statement, *values, timeout=timeout_s)
    if not status.endswith(" 0"):
        effects.happened(effect)


async def _set_codecs(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode, decoder=msgspec.json.decode
    )


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()
