"""`python -m reel_testing.hung_relay URL LEASE_S`: a relay that takes a letter and never lets go.

Prints the number of each letter that it has under way.
"""

import asyncio
import sys

from reel_db.outbox import OutboxRow
from reel_db.pool import connect
from reel_messaging.relay import Relay
from reel_testing.letters import CHANNEL, number_of


async def hold(row: OutboxRow) -> None:
    sys.stdout.write(f"{number_of(row)}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def main(url: str, lease_s: float) -> None:
    async with connect(url, application_name="hung-relay") as pool:
        await Relay(pool, channel=CHANNEL, deliver={"inbox": hold}, lease_s=lease_s).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
