"""Transactional outbox: a message is a row until its destination has it.

A use case adds rows in the transaction of its state change. `reel_messaging.relay` claims them
(a short lease, no lock held over the network), delivers, and marks them. Delivery is at least once,
and in the order of `seq` within one (destination, key); receivers drop repeats by id
(`reel_db.inbox`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from reel_contracts.base import Message
from reel_db.outbox_schema import channel, inbox_ddl_v1, outbox_ddl_v1
from reel_db.pool import Connection
from reel_kernel.ids import new_id

INSERT: Final = """
INSERT INTO outbox (id, destination, key, body) VALUES ($1, $2, $3, $4)
"""

# SKIP LOCKED lets several relays claim side by side. The lease is written and committed at once.
CLAIM: Final = """
WITH due AS (
  SELECT o.seq
    FROM outbox o
   WHERE o.delivered_at IS NULL AND o.dead_at IS NULL
     AND o.next_attempt_at <= now()
     AND (o.claimed_until IS NULL OR o.claimed_until <= now())
     AND o.destination = ANY($1::text[])
     AND NOT EXISTS (  -- it waits for every earlier pending row of its destination and key,
           SELECT FROM outbox e  -- and for a later one that left before this was replayed
            WHERE e.destination = o.destination AND e.key = o.key AND e.seq <> o.seq
              AND (e.seq < o.seq OR e.claimed_until > now())
              AND e.delivered_at IS NULL AND e.dead_at IS NULL)
   ORDER BY o.next_attempt_at, o.seq
   LIMIT $2
     FOR UPDATE SKIP LOCKED)
UPDATE outbox
   SET attempts = attempts + 1, claimed_until = now() + make_interval(secs => $3)
  FROM due
 WHERE outbox.seq = due.seq
RETURNING outbox.id, outbox.seq, destination, key, body, attempts, created_at
"""

NEXT_DUE: Final = """
SELECT extract(epoch FROM
         min(greatest(o.next_attempt_at, way.claimed_until)) - clock_timestamp())::float8
  FROM outbox o
 CROSS JOIN LATERAL (
         SELECT max(claimed_until) AS claimed_until FROM outbox c
          WHERE c.destination = o.destination AND c.key = o.key
            AND c.delivered_at IS NULL AND c.dead_at IS NULL) way
 WHERE o.delivered_at IS NULL AND o.dead_at IS NULL
   AND o.destination = ANY($1::text[])
   AND NOT EXISTS (  -- it waits for every earlier pending row of its destination and key
           SELECT FROM outbox e
            WHERE e.destination = o.destination AND e.key = o.key AND e.seq < o.seq
              AND e.delivered_at IS NULL AND e.dead_at IS NULL)
"""

MARK_DELIVERED: Final = """
UPDATE outbox SET delivered_at = clock_timestamp(), claimed_until = NULL, last_error = NULL
 WHERE id = $1 AND delivered_at IS NULL AND dead_at IS NULL
"""

# `attempts` is the fencing token: a relay whose lease ran out must not touch its successor's.
MARK_FAILED: Final = """
UPDATE outbox
   SET next_attempt_at = clock_timestamp() + make_interval(secs => $4),
       claimed_until = NULL, last_error = $3
 WHERE id = $1 AND attempts = $2 AND delivered_at IS NULL AND dead_at IS NULL
"""

MARK_DEAD: Final = """
UPDATE outbox SET dead_at = clock_timestamp(), claimed_until = NULL, last_error = $3
 WHERE id = $1 AND attempts = $2 AND delivered_at IS NULL AND dead_at IS NULL
"""

RELEASE: Final = """
WITH released AS (
  UPDATE outbox SET attempts = attempts - 1, claimed_until = NULL
   WHERE id = $1 AND attempts = $2 AND delivered_at IS NULL AND dead_at IS NULL
  RETURNING seq)
SELECT pg_notify(current_schema() || '_outbox', '') FROM released
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One claimed message; `attempts` counts this one. `body` is JSON in UTF-8."""

    id: UUID
    seq: int
    destination: str
    key: UUID
    body: bytes
    attempts: int
    created_at: datetime


class PgOutbox:
    """Adds messages in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self, destination: str, key: UUID, *messages: Message, message_id: UUID | None = None
    ) -> None:
        """Promise to deliver each message to `destination`, in order among those of the same `key`.

        Order holds between transactions that already exclude each other, as those that lock the row
        that `key` names do. `message_id` (the receiver's de-duplication key) is made up unless
        given; it may be given for a single message only, and must be new to this outbox.

        Raises:
            ValueError: `message_id` was given for several messages.
        """
        if message_id is not None and len(messages) != 1:
            raise ValueError("One id names one message")
        rows = [
            (message_id or new_id(), destination, key, msgspec.json.encode(message).decode())
            for message in messages
        ]
        await self._connection.executemany(INSERT, rows)


async def claim(
    connection: Connection, destinations: Sequence[str], *, limit: int, lease_s: float
) -> list[OutboxRow]:
    """Lease up to `limit` due rows, at most one for each (destination, key), in order of `seq`.

    Each row is then this caller's for `lease_s`; after that another claim may take it.
    """
    records = await connection.fetch(CLAIM, list(destinations), limit, lease_s)
    return sorted((_row(record) for record in records), key=lambda row: row.seq)


async def next_due_s(connection: Connection, destinations: Sequence[str]) -> float | None:
    """Return in how many seconds (maybe negative) a row can be claimed; None: none is pending."""
    return await connection.fetchval(NEXT_DUE, list(destinations))


async def mark_delivered(connection: Connection, row: OutboxRow) -> bool:
    """Record that the destination has it; False when the row was already delivered or dead."""
    return await connection.execute(MARK_DELIVERED, row.id) == "UPDATE 1"


async def mark_failed(
    connection: Connection, row: OutboxRow, *, error: str, retry_in_s: float
) -> bool:
    """End the lease and try again later; False when the lease had passed to somebody else."""
    status = await connection.execute(MARK_FAILED, row.id, row.attempts, error, retry_in_s)
    return status == "UPDATE 1"


async def mark_dead(connection: Connection, row: OutboxRow, *, error: str) -> bool:
    """Give up: kept with its error for `replay`. Later rows of the key are no longer held back."""
    return await connection.execute(MARK_DEAD, row.id, row.attempts, error) == "UPDATE 1"


async def release(connection: Connection, row: OutboxRow) -> None:
    """Hand the lease back undelivered, as if the row had not been claimed; wakes other relays."""
    await connection.execute(RELEASE, row.id, row.attempts)


def _row(record: asyncpg.Record) -> OutboxRow:
    return OutboxRow(
        id=record["id"],
        seq=record["seq"],
        destination=record["destination"],
        key=record["key"],
        body=record["body"].encode(),
        attempts=record["attempts"],
        created_at=record["created_at"],
    )


__all__ = [
    "OutboxRow",
    "PgOutbox",
    "channel",
    "claim",
    "inbox_ddl_v1",
    "mark_dead",
    "mark_delivered",
    "mark_failed",
    "next_due_s",
    "outbox_ddl_v1",
    "release",
]
