"""Failures a client or a peer of video-service must handle."""

from reel_kernel.errors import DomainError


class VideoNotFound(DomainError):
    """No such video, or it is deleted, or it is another owner's: one answer for all three."""

    code = "video-not-found"
    title = "No such video"


class PreconditionFailed(DomainError):
    """The video is no longer the version that `If-Match` names."""

    code = "precondition-failed"
    title = "The video has changed since it was read"


class SourceMissing(DomainError):
    """There is no source object to transcode again."""

    code = "source-missing"
    title = "The source file does not exist"


class SourceStoreUnavailable(DomainError):
    """The object store does not tell whether the source is there; asking again may help."""

    code = "store-unavailable"
    title = "The object store cannot be reached"
    retry_after_s = 2


class CdnUnavailable(DomainError):
    """The CDN did not take the order to forget a video; asking again may help."""

    code = "cdn-unavailable"
    title = "The CDN cannot be reached"
