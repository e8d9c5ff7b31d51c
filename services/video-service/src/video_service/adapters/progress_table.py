"""`transcode_progress`: one statement a report."""

from typing import Final

from reel_db.pool import Pool, transaction
from reel_kernel.effects import Effect
from video_service.domain.progress import ProgressReport

# The share lock makes a report and the end of its job take turns, so that no row outlives the
# trigger that removes it. A video that is being changed right now is skipped: another report
# follows, and nobody waits.
ADVANCE: Final = """
INSERT INTO transcode_progress AS p (video_id, job_id, attempt, fraction, eta_seconds, phase)
SELECT v.id, v.job_id, $3, $4, $5, $6
  FROM videos v
 WHERE v.id = $1 AND v.job_id = $2 AND v.status = 'TRANSCODING' AND v.deleted_at IS NULL
   FOR SHARE SKIP LOCKED
ON CONFLICT (video_id) DO UPDATE
   SET job_id = excluded.job_id, attempt = excluded.attempt, fraction = excluded.fraction,
       eta_seconds = excluded.eta_seconds, phase = excluded.phase,
       revision = excluded.revision, updated_at = now()
 WHERE p.job_id <> excluded.job_id
    OR (excluded.attempt, excluded.fraction) > (p.attempt, p.fraction)
RETURNING revision
"""


class PgProgressTable:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def advance(self, report: ProgressReport) -> bool:
        progress = report.progress
        async with transaction(self._pool, Effect.PROGRESS_HEARD) as connection:
            revision = await connection.fetchval(
                ADVANCE,
                report.video_id,
                report.job_id,
                report.attempt,
                progress.fraction,
                progress.eta_s,
                progress.phase,
            )
        return revision is not None
