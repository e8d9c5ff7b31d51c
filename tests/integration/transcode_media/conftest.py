import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest

from reel_stack import sources
from reel_testing.infra import Infra
from reel_testing.media_bucket import MediaBucket, media_bucket
from reel_testing.plugin import NewBucket

MakeFilm = Callable[[str, float], Awaitable[Path]]


@pytest.fixture(scope="session")
def make_film(tmp_path_factory: pytest.TempPathFactory) -> MakeFilm:
    """Make a film of a kind and length (s); each is made once a session."""
    folder = tmp_path_factory.mktemp("films")

    async def make(kind: str, seconds: float) -> Path:
        path = folder / f"{seconds:g}-{sources.name(kind)}"
        if not path.exists():
            await asyncio.to_thread(sources.make, kind, path, seconds)
        return path

    return make


@pytest.fixture
async def bucket(
    infra: Infra, new_bucket: NewBucket, tmp_path: Path
) -> AsyncGenerator[MediaBucket]:
    async with media_bucket(infra, await new_bucket(), tmp_path / "work") as bucket:
        yield bucket
