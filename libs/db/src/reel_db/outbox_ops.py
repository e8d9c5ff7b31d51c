"""Looking after an outbox: what is waiting, what is dead, replay, clearing out history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from reel_db.pool import Connection, Pool, transaction
from reel_kernel.effects import Effect

LIST_DEAD: Final = """
SELECT id, destination, key, body, attempts, created_at, dead_at, last_error
  FROM outbox WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, seq DESC LIMIT $1
"""

REPLAY: Final = """
WITH revived AS (
  UPDATE outbox
     SET dead_at = NULL, attempts = 0, next_attempt_at = clock_timestamp(), claimed_until = NULL
   WHERE dead_at IS NOT NULL AND ($1::uuid[] IS NULL OR id = ANY($1::uuid[]))
  RETURNING seq),
wake AS (SELECT pg_notify(current_schema() || '_outbox', '') FROM revived LIMIT 1)
SELECT (SELECT count(*) FROM revived), (SELECT count(*) FROM wake)
"""

# Each part has the condition of a partial index: the cost is the backlog, not the history.
DEPTH: Final = """
SELECT (SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL) AS dead,
       count(*) AS pending,
       coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8
         AS oldest_pending_s
  FROM outbox WHERE delivered_at IS NULL AND dead_at IS NULL
"""

PURGE: Final = """
DELETE FROM outbox WHERE seq IN (
  SELECT seq FROM outbox
   WHERE delivered_at < clock_timestamp() - make_interval(secs => $1) LIMIT $2)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadRow:
    """A message that was given up."""

    id: UUID
    destination: str
    key: UUID
    body: bytes
    attempts: int
    created_at: datetime
    dead_at: datetime
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxDepth:
    """`oldest_pending_s` is the age of the oldest message still to be delivered; 0 when none."""

    pending: int
    dead: int
    oldest_pending_s: float


async def list_dead(connection: Connection, *, limit: int = 100) -> list[DeadRow]:
    """Return the messages given up, latest first."""
    return [
        DeadRow(**{**dict(record), "body": record["body"].encode()})
        for record in await connection.fetch(LIST_DEAD, limit)
    ]


async def replay(connection: Connection, ids: Sequence[UUID] | None = None) -> int:
    """Make dead messages pending again, all of them when `ids` is None; return how many."""
    return await connection.fetchval(REPLAY, None if ids is None else list(ids))


async def replay_dead(pool: Pool, ids: Sequence[UUID] | None = None) -> int:
    """`replay`, in a transaction of its own."""
    async with transaction(pool, Effect.DEAD_REPLAYED) as connection:
        return await replay(connection, ids)


async def depth(connection: Connection) -> OutboxDepth:
    """Count what is pending and what is dead, for metrics and alarms."""
    record = await connection.fetchrow(DEPTH)
    if record is None:
        raise RuntimeError("An aggregate without GROUP BY returns one row")
    return OutboxDepth(**dict(record))


async def purge_delivered(
    connection: Connection, *, older_than_s: float, limit: int = 10_000
) -> int:
    """Delete up to `limit` delivered rows older than `older_than_s`; return how many went."""
    return int((await connection.execute(PURGE, older_than_s, limit)).removeprefix("DELETE "))
