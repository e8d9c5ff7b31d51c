"""Forgetting messages that were delivered, or heard, long ago."""

from typing import Final

from reel_db.inbox import purge_inbox
from reel_db.outbox_ops import purge_delivered
from reel_db.pool import Pool, transaction
from reel_kernel.effects import Effect

OUTBOX_KEPT_S: Final = 7 * 86_400
INBOX_KEPT_S: Final = 15 * 86_400
"""A day longer than SQS keeps a message at most; a sender's dead ones may be replayed within it."""


async def purge_history(pool: Pool) -> None:
    """Delete old rows of outbox and inbox, some at a time: a chore of every worker."""
    async with transaction(pool, Effect.HISTORY_PURGED) as connection:
        await purge_delivered(connection, older_than_s=OUTBOX_KEPT_S)
        await purge_inbox(connection, older_than_s=INBOX_KEPT_S)
