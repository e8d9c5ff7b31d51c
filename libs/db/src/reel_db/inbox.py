"""Inbox: a message's effect happens once, however often it is delivered."""

from typing import Final

from reel_db.pool import Connection

INSERT: Final = """
INSERT INTO inbox (source, message_id) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""

PURGE: Final = """
DELETE FROM inbox WHERE (source, message_id) IN (
  SELECT source, message_id FROM inbox
   WHERE received_at < clock_timestamp() - make_interval(secs => $1) LIMIT $2)
"""


class PgInbox:
    """Remembers message ids in the transaction of their effect."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def first_seen(self, message_id: str, source: str) -> bool:
        """Record the message; False means that its effect is already committed: do nothing.

        Of two concurrent deliveries the second waits here until the first's transaction ends, and
        goes ahead only if that was rolled back.
        """
        return await self._connection.execute(INSERT, source, message_id) == "INSERT 0 1"


async def purge_inbox(connection: Connection, *, older_than_s: float, limit: int = 10_000) -> int:
    """Forget up to `limit` messages older than `older_than_s`; return how many.

    Keep them longer than any sender goes on repeating.
    """
    return int((await connection.execute(PURGE, older_than_s, limit)).removeprefix("DELETE "))
