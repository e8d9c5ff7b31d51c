"""Jobs in Postgres."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from reel_db.pool import Connection
from transcode_service.domain.job import Job, JobState

SELECT: Final = """
SELECT id, video_id, source_key, source_size_bytes, source_mime, qualities, requested_at,
       updated_at, not_before, state, attempt, failures, resends, lease_owner,
       lease_expires_at, fail_reason
  FROM jobs
"""

SELECT_ONE: Final = f"{SELECT} WHERE id = $1"

SELECT_FOR_UPDATE: Final = f"{SELECT} WHERE id = $1 FOR UPDATE"

INSERT: Final = """
INSERT INTO jobs
  (id, video_id, source_key, source_size_bytes, source_mime, qualities, requested_at, updated_at,
   not_before, state, attempt, failures, resends)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""

UPDATE: Final = """
UPDATE jobs
   SET updated_at = $2, not_before = $3, state = $4, attempt = $5, failures = $6, resends = $7,
       lease_owner = $8, lease_expires_at = $9, fail_reason = $10
 WHERE id = $1
"""

UNFINISHED_OF: Final = f"""{SELECT}
 WHERE video_id = $1 AND state IN ('QUEUED', 'RUNNING') ORDER BY id FOR UPDATE
"""

IS_SUPERSEDED: Final = """
SELECT EXISTS (
  SELECT FROM jobs
   WHERE video_id = $1 AND (requested_at, id) > ($2, $3)
     AND state IN ('QUEUED', 'RUNNING', 'SUCCEEDED'))
"""

FORGOTTEN: Final = f"""{SELECT}
 WHERE state IN ('QUEUED', 'RUNNING')
   AND greatest(updated_at, not_before, lease_expires_at)
       + $1::interval * power(2, least(resends, 10)) < clock_timestamp()
 ORDER BY updated_at LIMIT $2
"""

CANCELED_AND_ABANDONED: Final = f"""{SELECT}
 WHERE state = 'CANCELED' AND lease_expires_at <= clock_timestamp()
 ORDER BY lease_expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""

LATEST: Final = f"{SELECT} WHERE $1::text IS NULL OR state = $1 ORDER BY updated_at DESC LIMIT $2"

BATCH: Final = 20


class PgJobs:
    """Reads and writes `jobs` in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get_for_update(self, job_id: UUID) -> Job | None:
        row = await self._connection.fetchrow(SELECT_FOR_UPDATE, job_id)
        return None if row is None else _job(row)

    async def add(self, job: Job) -> None:
        await self._connection.execute(
            INSERT,
            job.id,
            job.video_id,
            job.source_key,
            job.source_size_bytes,
            job.source_mime,
            list(job.qualities),
            job.requested_at,
            job.updated_at,
            job.not_before,
            job.state,
            job.attempt,
            job.failures,
            job.resends,
        )

    async def save(self, job: Job) -> None:
        await self._connection.execute(
            UPDATE,
            job.id,
            job.updated_at,
            job.not_before,
            job.state,
            job.attempt,
            job.failures,
            job.resends,
            job.lease_owner,
            job.lease_expires_at,
            job.fail_reason,
        )

    async def unfinished_of(self, video_id: UUID) -> Sequence[Job]:
        return [_job(row) for row in await self._connection.fetch(UNFINISHED_OF, video_id)]

    async def is_superseded(self, job: Job) -> bool:
        return await self._connection.fetchval(
            IS_SUPERSEDED, job.video_id, job.requested_at, job.id
        )

    async def forgotten(self, *, age: timedelta) -> Sequence[Job]:
        return [_job(row) for row in await self._connection.fetch(FORGOTTEN, age, BATCH)]

    async def canceled_and_abandoned(self) -> Sequence[Job]:
        rows = await self._connection.fetch(CANCELED_AND_ABANDONED, BATCH)
        return [_job(row) for row in rows]

    async def get(self, job_id: UUID) -> Job | None:
        """Return the job, not locked, for operators."""
        row = await self._connection.fetchrow(SELECT_ONE, job_id)
        return None if row is None else _job(row)

    async def latest(self, *, state: JobState | None, limit: int) -> Sequence[Job]:
        """Return the jobs that changed last, for operators."""
        return [_job(row) for row in await self._connection.fetch(LATEST, state, limit)]


def _job(row: asyncpg.Record) -> Job:
    values: dict[str, Any] = dict(row)
    values.update(state=JobState(row["state"]), qualities=tuple(row["qualities"]))
    return Job(**values)
