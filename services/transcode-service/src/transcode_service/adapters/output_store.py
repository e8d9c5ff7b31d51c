"""HLS objects in S3, as far as deleting them goes."""

from uuid import UUID

from reel_kernel.effects import Effect
from reel_observability.effects import happened
from reel_storage.objects import S3Objects
from transcode_service.domain.attempt import hls_prefix, is_of_attempt


class S3OutputStore:
    """Deletes below `videos/{id}/hls/`."""

    def __init__(self, objects: S3Objects) -> None:
        self._objects = objects

    async def delete_attempt(self, prefix: str) -> int:
        # Never the prefix as a whole: the first attempt's contains those of the others.
        keys = [found.key async for found in self._objects.list_prefix(prefix)]
        own = [key for key in keys if is_of_attempt(key, prefix)]
        for name in sorted({_top(key, prefix) for key in own}):
            if name.endswith("/"):
                await self._objects.delete_prefix(name)
            else:
                await self._objects.delete(name)
            happened(Effect.ATTEMPT_DELETED)
        return len(own)

    async def measure_video(self, video_id: UUID) -> tuple[int, int]:
        sizes = [
            found.size_bytes async for found in self._objects.list_prefix(hls_prefix(video_id))
        ]
        return len(sizes), sum(sizes)

    async def delete_video(self, video_id: UUID) -> int:
        count = await self._objects.delete_prefix(hls_prefix(video_id))
        happened(Effect.OUTPUTS_DELETED)
        return count


def _top(key: str, prefix: str) -> str:
    """Return the object right below `prefix`, or the "folder" (ending in a slash) it is in."""
    head, slash, _ = key.removeprefix(prefix).partition("/")
    return f"{prefix}{head}{slash}"
