"""Whether jobs are taken, in Postgres."""

from collections.abc import Mapping
from typing import Final

from reel_db.pool import DATABASE_ERRORS, Connection, Pool, transaction
from transcode_service.domain.consumption import Consumption
from transcode_service.ports.jobs import LedgerUnavailable, ReadConsumption

SELECT: Final = "SELECT revision, paused_at, reason, interrupt FROM consumption"

# A second order keeps the time of the first, and its reason unless it brings its own.
PAUSE: Final = """
UPDATE consumption
   SET revision = revision + 1, paused_at = coalesce(paused_at, clock_timestamp()),
       reason = coalesce($1, reason), interrupt = $2
"""

RESUME: Final = """
UPDATE consumption
   SET revision = revision + 1, paused_at = NULL, reason = NULL, interrupt = false
"""

UNFINISHED: Final = """
SELECT state, count(*) AS jobs FROM jobs WHERE state IN ('QUEUED', 'RUNNING') GROUP BY state
"""


class PgConsumption:
    """Reads and writes the row of `consumption` in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self) -> Consumption:
        row = await self._connection.fetchrow(SELECT)
        if row is None:
            raise LookupError("Table consumption has no row")
        return Consumption(**dict(row))

    async def pause(self, reason: str | None = None, *, interrupt: bool = False) -> None:
        """Let no worker take a job from now on."""
        await self._connection.execute(PAUSE, reason, interrupt)

    async def resume(self) -> None:
        """Let jobs be taken again."""
        await self._connection.execute(RESUME)

    async def unfinished(self) -> Mapping[str, int]:
        """Return how many known jobs are QUEUED and RUNNING; others still wait in the queue."""
        found = {row["state"]: row["jobs"] for row in await self._connection.fetch(UNFINISHED)}
        return {state: found.get(state, 0) for state in ("QUEUED", "RUNNING")}


def consumption_reader(pool: Pool) -> ReadConsumption:
    """Return how a worker asks what operators want."""

    async def read() -> Consumption:
        try:
            async with transaction(pool) as connection:
                return await PgConsumption(connection).get()
        except DATABASE_ERRORS as error:
            raise LedgerUnavailable(repr(error)) from error

    return read
