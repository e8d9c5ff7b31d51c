"""Fixtures of video-service's integration tests: one migrated database, one app."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest

from reel_testing.templates import Databases
from reel_testing.video_service import VideoService, video_service


@pytest.fixture(scope="session")
async def service(database_templates: Databases) -> AsyncGenerator[VideoService]:
    """The app, its callers and its peers; each test has agents of its own."""
    name, url = await database_templates.create("video")
    async with video_service(url) as running:
        yield running
    await database_templates.drop(name)


@pytest.fixture
def owner() -> UUID:
    """An agent whom nobody knew before."""
    return uuid4()
