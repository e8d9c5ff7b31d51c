"""Source objects in S3."""

from reel_storage.errors import StoreError
from reel_storage.objects import S3Objects
from video_service.domain.errors import SourceStoreUnavailable


class S3SourceStore:
    """Needs `s3:GetObject` on sources and `s3:ListBucket`: without it S3 hides a 404 as a 403."""

    def __init__(self, objects: S3Objects) -> None:
        self._objects = objects

    async def exists(self, file_key: str) -> bool:
        try:
            return await self._objects.head(file_key) is not None
        except StoreError as error:
            raise SourceStoreUnavailable from error
