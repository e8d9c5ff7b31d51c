"""Attempts in Postgres."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from reel_db.pool import Connection
from reel_hls.findings import Report
from transcode_service.domain.attempt import Attempt, AttemptState

SELECT: Final = """
SELECT video_id, number, job_id, prefix, owner, started_at, state, error, ended_at,
       sweep_after, swept_at, plan, verdict
  FROM job_attempts
"""

INSERT: Final = """
INSERT INTO job_attempts (video_id, number, job_id, prefix, owner, started_at, state)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

SELECT_ONE: Final = f"{SELECT} WHERE video_id = $1 AND number = $2"

UPDATE: Final = """
UPDATE job_attempts
   SET state = $3, error = $4, ended_at = $5, sweep_after = $6, swept_at = $7, plan = $8,
       verdict = $9
 WHERE video_id = $1 AND number = $2
"""

# The winner is excluded here, by the check on the table, and by its prefix.
TO_SWEEP: Final = f"""{SELECT}
 WHERE swept_at IS NULL AND state NOT IN ('RUNNING', 'SUCCEEDED')
   AND sweep_after <= clock_timestamp()
 ORDER BY sweep_after LIMIT $1
"""

OF_JOB: Final = f"{SELECT} WHERE job_id = $1 ORDER BY number"

BATCH: Final = 20


class PgAttempts:
    """Reads and writes `job_attempts` in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, attempt: Attempt) -> None:
        await self._connection.execute(
            INSERT,
            attempt.video_id,
            attempt.number,
            attempt.job_id,
            attempt.prefix,
            attempt.owner,
            attempt.started_at,
            attempt.state,
        )

    async def get(self, video_id: UUID, number: int) -> Attempt:
        row = await self._connection.fetchrow(SELECT_ONE, video_id, number)
        if row is None:
            raise LookupError(f"Attempt {number} of video {video_id} has no row")
        return _attempt(row)

    async def save(self, attempt: Attempt) -> None:
        await self._connection.execute(
            UPDATE,
            attempt.video_id,
            attempt.number,
            attempt.state,
            attempt.error,
            attempt.ended_at,
            attempt.sweep_after,
            attempt.swept_at,
            attempt.plan,
            msgspec.to_builtins(attempt.verdict),
        )

    async def to_sweep(self) -> Sequence[Attempt]:
        return [_attempt(row) for row in await self._connection.fetch(TO_SWEEP, BATCH)]

    async def of_job(self, job_id: UUID) -> Sequence[Attempt]:
        """Return a job's attempts in their order, for operators."""
        return [_attempt(row) for row in await self._connection.fetch(OF_JOB, job_id)]


def _attempt(row: asyncpg.Record) -> Attempt:
    values: dict[str, Any] = dict(row)
    verdict = msgspec.convert(row["verdict"], type=Report | None)
    values.update(state=AttemptState(row["state"]), verdict=verdict)
    return Attempt(**values)
