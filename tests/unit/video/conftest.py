"""Fixtures of video-service's unit tests."""

import pytest

from reel_testing.videos import VideoWorld


@pytest.fixture
def world() -> VideoWorld:
    """An empty video-service."""
    return VideoWorld()
