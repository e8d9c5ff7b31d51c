from collections.abc import AsyncGenerator

import pytest

from reel_testing.infra import Infra
from reel_testing.plugin import NewBucket, NewDatabase, NewQueue
from reel_testing.transcode_system import TranscodeSystem, settings, transcode_system


@pytest.fixture
async def system(
    infra: Infra, new_database: NewDatabase, new_bucket: NewBucket, new_queue: NewQueue
) -> AsyncGenerator[TranscodeSystem]:
    chosen = settings(
        infra,
        database_url=await new_database("transcode"),
        bucket=await new_bucket(),
        jobs=await new_queue(),
        events_url=(await new_queue()).url,
        max_attempts=3,
    )
    async with transcode_system(infra, chosen) as system:
        yield system
