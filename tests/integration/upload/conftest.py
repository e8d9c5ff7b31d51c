from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest

from reel_testing.infra import Infra
from reel_testing.plugin import NewBucket, NewDatabase, NewQueue
from reel_testing.upload.agent import Agent
from reel_testing.upload.service import UploadSystem, upload_system
from reel_testing.upload.video_double import VideoServiceDouble, video_service_double


@pytest.fixture
async def videos() -> AsyncGenerator[VideoServiceDouble]:
    async with video_service_double() as double:
        yield double


@pytest.fixture
async def system(
    infra: Infra,
    new_database: NewDatabase,
    new_bucket: NewBucket,
    new_queue: NewQueue,
    videos: VideoServiceDouble,
) -> AsyncGenerator[UploadSystem]:
    queue = await new_queue()
    async with upload_system(
        infra,
        database_url=await new_database("upload"),
        bucket=await new_bucket(),
        queue_url=queue.url,
        videos=videos,
        owner_id=uuid4(),
    ) as system:
        yield system


@pytest.fixture
def agent(system: UploadSystem) -> Agent:
    return system.agent
