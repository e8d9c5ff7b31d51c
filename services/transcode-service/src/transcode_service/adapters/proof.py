"""Reads what was published back from S3, and checks it as a stranger would."""

from reel_hls.fetching import CannotFetch, NotThere, Piece
from reel_hls.findings import Report
from reel_hls.inspection import inspect
from reel_storage import errors
from reel_storage.objects import S3Objects
from transcode_service.domain.media_errors import StoreUnavailable


class S3Proof:
    """A Prover over one bucket: see the port."""

    def __init__(self, objects: S3Objects) -> None:
        self._objects = objects

    async def prove(self, master_key: str) -> Report:
        try:
            return await inspect(self, master_key)
        except (CannotFetch, NotThere) as error:
            raise StoreUnavailable(str(error)) from error

    async def read(self, uri: str, start: int, length: int) -> Piece:
        """Be the checker's fetcher: URIs are keys."""
        try:
            data, total_bytes = await self._objects.read_part(uri, start, length)
        except (errors.ObjectMissing, errors.SourceEndsEarly) as error:
            raise NotThere(str(error)) from error
        except errors.StoreError as error:
            raise CannotFetch(str(error)) from error
        return Piece(data, total_bytes)
