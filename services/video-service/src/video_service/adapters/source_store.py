"""Source objects in S3."""

from reel_storage.objects import S3Objects


class S3SourceStore:
    def __init__(self, objects: S3Objects) -> None:
        self._objects = objects

    async def exists(self, file_key: str) -> bool:
        return await self._objects.head(file_key) is not None
