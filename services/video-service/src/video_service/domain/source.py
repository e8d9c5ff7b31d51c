"""The original file of a video."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from reel_kernel.errors import FieldError, InvalidRequest
from reel_kernel.media import check_source, source_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An object that upload-service has checked: it exists, with this size and container."""

    file_key: str
    size_bytes: int
    mime: str

    @classmethod
    def stored(cls, video_id: UUID, *, file_key: str, size_bytes: int, mime: str) -> Self:
        """Build the source of `video_id`.

        Raises:
            InvalidRequest: type or size is not taken, or the key is not this video's.
        """
        errors = list(check_source(mime, size_bytes))
        if not errors and file_key != source_key(video_id, mime):
            message = f"must be {source_key(video_id, mime)}"
            errors.append(FieldError(field="sourceFileKey", code="foreign-key", message=message))
        if errors:
            raise InvalidRequest(errors=errors)
        return cls(file_key=file_key, size_bytes=size_bytes, mime=mime)
