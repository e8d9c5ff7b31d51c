"""What is counted of an outbox and its relay."""

from typing import Final

from reel_db.outbox_ops import depth
from reel_db.pool import Pool, transaction
from reel_observability.metrics import Sample, counter, gauge

DELIVERIES: Final = counter(
    "outbox_deliveries_total",
    "Tries to deliver a message: delivered, failed (comes again), dead (given up).",
    ("destination", "outcome"),
)
PENDING: Final = gauge("outbox_pending_messages", "Messages still to be delivered.")
DEAD: Final = gauge("outbox_dead_messages", "Messages given up, to be looked at by people.")
OLDEST: Final = gauge("outbox_oldest_pending_seconds", "Age of the oldest pending message.")


def outbox_depth(pool: Pool) -> Sample:
    """Return what sets the gauges; every process of a service tells the same table."""

    async def sample() -> None:
        async with transaction(pool) as connection:
            found = await depth(connection)
        PENDING.set(found.pending)
        DEAD.set(found.dead)
        OLDEST.set(found.oldest_pending_s)

    return sample
