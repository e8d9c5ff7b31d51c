"""Sources and published objects in S3."""

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager
from pathlib import Path

from reel_kernel.effects import Effect
from reel_observability.effects import happened
from reel_storage import errors
from reel_storage.objects import S3Objects
from transcode_service.domain.layout import CACHE_CONTROL, MASTER, content_type
from transcode_service.domain.media_errors import Rejection, SourceRejected, StoreUnavailable
from transcode_service.ports.media import SourceObject


class S3SourceStore:
    """A SourceStore over one bucket."""

    def __init__(self, objects: S3Objects) -> None:
        self._objects = objects

    async def head(self, key: str) -> SourceObject | None:
        with _domain_errors():
            found = await self._objects.head(key)
        return SourceObject(found.size_bytes, found.etag) if found else None

    async def stream(self, key: str, start: int, end: int, etag: str) -> AsyncGenerator[bytes]:
        with _domain_errors():
            async with aclosing(self._objects.stream(key, start, end, etag)) as chunks:
                async for chunk in chunks:
                    yield chunk


class S3HlsStore:
    """An HlsStore over one bucket."""

    def __init__(self, objects: S3Objects) -> None:
        self._objects = objects

    async def put_file(self, key: str, path: Path) -> None:
        with _domain_errors():
            await self._objects.put_file(key, path, content_type(key), CACHE_CONTROL)
        happened(Effect.MEDIA_STORED)

    async def put_text(self, key: str, text: str) -> None:
        with _domain_errors():
            await self._objects.put_bytes(key, text.encode(), content_type(key), CACHE_CONTROL)
        is_master = key.endswith(f"/{MASTER}")
        happened(Effect.MASTER_STORED if is_master else Effect.PLAYLIST_STORED)

    async def sizes(self, prefix: str) -> dict[str, int]:
        with _domain_errors():
            found = self._objects.list_prefix(prefix)
            return {stored.key: stored.size_bytes async for stored in found}

    async def delete_below(self, prefix: str) -> None:
        with _domain_errors():
            await self._objects.delete_prefix(prefix)
        happened(Effect.RENDITION_SHED)


@contextmanager
def _domain_errors() -> Generator[None]:
    """Say in the domain's words what the store said in its own."""
    try:
        yield
    except errors.ObjectMissing as error:
        raise SourceRejected(Rejection.SOURCE_MISSING, str(error)) from error
    except (errors.ObjectChanged, errors.SourceEndsEarly) as error:
        raise SourceRejected(Rejection.SOURCE_CHANGED, str(error)) from error
    except errors.StoreError as error:
        raise StoreUnavailable(str(error)) from error
