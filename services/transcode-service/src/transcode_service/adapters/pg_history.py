"""Old messages, forgotten as a chore of the sweeper."""

from reel_db import history
from reel_db.pool import DATABASE_ERRORS, Pool
from transcode_service.ports.jobs import LedgerUnavailable


async def purge_history(pool: Pool) -> None:
    """Delete old rows of outbox and inbox. Raises LedgerUnavailable."""
    try:
        await history.purge_history(pool)
    except DATABASE_ERRORS as error:
        raise LedgerUnavailable(repr(error)) from error
