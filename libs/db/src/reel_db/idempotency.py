"""Idempotency keys in a service's own schema."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from reel_db.pool import DATABASE_ERRORS, Pool, transaction, write_once
from reel_kernel.effects import Effect
from reel_kernel.idempotency import Answer, Attempt, Claim, InFlight, OtherRequest
from reel_kernel.ids import IdSource, new_id

LIFE_S: Final = 24 * 60 * 60
"""How long a key is remembered."""
LEASE_S: Final = 120
"""How long an attempt holds its key: longer than any request runs, so what it left is a crash's."""
OUTAGE_S: Final = 20.0
"""A restart of the database is over by then, and the client of the request still waits."""
OUTAGE_PAUSE_S: Final = 0.2
OUTAGE_ANSWER_S: Final = 3.0
"""A connection that is silent for longer is given up, while there is time to try another."""
PURGE_INTERVAL_S: Final = 300
PURGE_BATCH: Final = 10_000

FORGET_EXPIRED: Final = """
DELETE FROM idempotency_keys
 WHERE owner_id = $1 AND key = $2 AND claimed_until < clock_timestamp()
   AND created_at < clock_timestamp() - make_interval(secs => $3)
"""

# A key that nobody holds and that has no answer yet is taken over: same request, same resource.
CLAIM: Final = """
INSERT INTO idempotency_keys AS k
  (owner_id, key, fingerprint, resource_id, claim_id, claimed_until, created_at)
VALUES ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6), clock_timestamp())
ON CONFLICT (owner_id, key) DO UPDATE
   SET claim_id = EXCLUDED.claim_id, claimed_until = EXCLUDED.claimed_until
 WHERE k.status IS NULL AND k.claimed_until <= clock_timestamp()
   AND k.fingerprint = EXCLUDED.fingerprint
RETURNING resource_id
"""

SELECT: Final = """
SELECT fingerprint, status, headers, body FROM idempotency_keys WHERE owner_id = $1 AND key = $2
"""

SETTLE: Final = """
UPDATE idempotency_keys SET status = $4, headers = $5, body = $6, claimed_until = clock_timestamp()
 WHERE owner_id = $1 AND key = $2 AND claim_id = $3
"""

RELEASE: Final = """
UPDATE idempotency_keys SET claimed_until = clock_timestamp()
 WHERE owner_id = $1 AND key = $2 AND claim_id = $3 AND status IS NULL
"""

PURGE: Final = """
DELETE FROM idempotency_keys WHERE (owner_id, key) IN (
  SELECT owner_id, key FROM idempotency_keys
   WHERE created_at < clock_timestamp() - make_interval(secs => $1)
     AND claimed_until < clock_timestamp()
   LIMIT $2)
"""

log = structlog.stdlib.get_logger(__name__)


def idempotency_ddl_v1() -> str:
    """Return the DDL of table `idempotency_keys`, in the first schema of the search_path.

    `status`, `headers` and `body` are the answer; null as long as there is none.
    """
    return """
CREATE TABLE idempotency_keys (
  owner_id      uuid        NOT NULL,
  key           text        NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
  fingerprint   bytea       NOT NULL,
  resource_id   uuid        NOT NULL,
  claim_id      uuid        NOT NULL,
  claimed_until timestamptz NOT NULL,
  created_at    timestamptz NOT NULL,
  status        smallint    CHECK (status BETWEEN 200 AND 499),
  headers       jsonb,
  body          bytea,
  PRIMARY KEY (owner_id, key),
  CHECK ((status IS NULL) = (headers IS NULL) AND (status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
"""


class PgKeyLedger:
    """`reel_kernel.idempotency.KeyLedger`; every call is a short transaction of its own.

    What became of an attempt is stored through an outage of up to `outage_s`: forgotten, it would
    keep the key from every repeat for as long as its lease.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        lease_s: float = LEASE_S,
        outage_s: float = OUTAGE_S,
        life_s: float = LIFE_S,
        ids: IdSource = new_id,
    ) -> None:
        self._pool = pool
        self._lease_s = lease_s
        self._outage_s = outage_s
        self._life_s = life_s
        self._ids = ids

    async def claim(self, owner_id: UUID, key: str, fingerprint: bytes) -> Claim:
        """Of concurrent calls with one key a single one gets an Attempt."""
        wanted = Attempt(owner_id=owner_id, key=key, claim_id=self._ids(), resource_id=self._ids())
        try:
            return await self._claim(wanted, fingerprint)
        except DATABASE_ERRORS:
            await self.release(wanted)  # it may be committed all the same
            raise

    async def _claim(self, wanted: Attempt, fingerprint: bytes) -> Claim:
        key = (wanted.owner_id, wanted.key)
        ids = (wanted.resource_id, wanted.claim_id)
        async with transaction(self._pool, Effect.KEY_CLAIMED) as connection:
            await connection.execute(FORGET_EXPIRED, *key, self._life_s)
            kept = await connection.fetchval(CLAIM, *key, fingerprint, *ids, self._lease_s)
            if kept is not None:
                return replace(wanted, resource_id=kept)
            row = await connection.fetchrow(SELECT, *key)
        return _standing(row, fingerprint)

    async def settle(self, attempt: Attempt, answer: Answer) -> None:
        await self._store(
            Effect.KEY_SETTLED,
            SETTLE,
            attempt.owner_id,
            attempt.key,
            attempt.claim_id,
            answer.status,
            answer.headers,
            answer.body,
        )

    async def release(self, attempt: Attempt) -> None:
        values = (attempt.owner_id, attempt.key, attempt.claim_id)
        await self._store(Effect.KEY_RELEASED, RELEASE, *values)

    async def _store(self, effect: Effect, statement: str, *values: object) -> None:
        deadline = time.monotonic() + self._outage_s
        while True:
            try:
                await write_once(self._pool, effect, statement, *values, timeout_s=OUTAGE_ANSWER_S)
            except DATABASE_ERRORS as error:
                if time.monotonic() > deadline:
                    raise
                log.warning("idempotency_outcome_waits", error=repr(error))
                await asyncio.sleep(OUTAGE_PAUSE_S)
            else:
                return

    async def purge(self, *, limit: int = PURGE_BATCH) -> int:
        """Forget up to `limit` keys whose time is over; return how many."""
        async with transaction(self._pool, Effect.KEYS_PURGED) as connection:
            status = await connection.execute(PURGE, self._life_s, limit)
        return int(status.removeprefix("DELETE "))


@asynccontextmanager
async def purging_keys(
    pool: Pool, *, interval_s: float = PURGE_INTERVAL_S
) -> AsyncGenerator[PgKeyLedger]:
    """Purge expired keys every `interval_s` during the block, at once to begin with."""
    ledger = PgKeyLedger(pool)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_purge_forever(ledger, interval_s), name="purge-keys")
        try:
            yield ledger
        finally:
            task.cancel()


async def _purge_forever(ledger: PgKeyLedger, interval_s: float) -> None:
    while True:
        try:
            if purged := await ledger.purge():
                log.info("idempotency_keys_purged", count=purged)
        except DATABASE_ERRORS as error:
            log.warning("idempotency_purge_postponed", error=repr(error))
        await asyncio.sleep(interval_s)


def _standing(row: asyncpg.Record | None, fingerprint: bytes) -> Claim:
    if row is None:
        return InFlight()  # it was forgotten between two statements: a repeat will get it
    if row["fingerprint"] != fingerprint:
        return OtherRequest()
    if row["status"] is None:
        return InFlight()
    headers = tuple((name, value) for name, value in row["headers"])
    return Answer(status=row["status"], headers=headers, body=row["body"])
