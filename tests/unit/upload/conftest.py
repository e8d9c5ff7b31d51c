import pytest

from reel_testing.upload.world import UploadWorld


@pytest.fixture
def world() -> UploadWorld:
    return UploadWorld()
