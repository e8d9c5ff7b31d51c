"""What OpenAPI says about headers and parameters of `/api/videos`."""

from typing import Annotated, Final

from litestar.datastructures import ResponseHeader
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter

from reel_contracts.videos import VideoStatus
from video_service.api.cursor import MAX_CHARS
from video_service.domain.page import MAX_LIMIT

ETAG: Final = ResponseHeader(
    name="ETag",
    description="Strong; another one for every version.",
    required=True,
    documentation_only=True,
)
PAGE_ETAG: Final = ResponseHeader(
    name="ETag",
    description="Strong; another one once the page differs.",
    required=True,
    documentation_only=True,
)
LOCATION: Final = ResponseHeader(
    name="Location", description="Path of the new video.", required=True, documentation_only=True
)
NOT_MODIFIED: Final = ResponseSpec(
    None, description="`If-None-Match` names the current version.", generate_examples=False
)

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="Videos in one page.")]
Cursor = Annotated[
    str | None,
    QueryParameter(max_length=MAX_CHARS, description="`nextCursor` of the page before."),
]
Status = Annotated[VideoStatus | None, QueryParameter(description="Only videos in this state.")]
IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="`ETag` of the version to change.")
]
IfNoneMatch = Annotated[
    str | None, HeaderParameter(name="If-None-Match", description="`ETag` of the version at hand.")
]
