"""Everything that this back end makes durable, by name. Pure.

Whoever commits, stores, sends or deletes says which of these it was, right after it happened
(`reel_observability.effects.happened`; a transaction is named where it is opened). Between an
effect and the next one a process may die: each name is a point at which the crash tests kill it, so
a name stands for one place in the code, and an effect without one does not pass the tests.
"""

from enum import StrEnum, auto


class Effect(StrEnum):
    """One durable effect; the values are names of files in the crash tests."""

    # Every service: keys of requests, the outbox, queues.
    KEY_CLAIMED = auto()
    KEY_SETTLED = auto()
    KEY_RELEASED = auto()
    KEYS_PURGED = auto()
    HISTORY_PURGED = auto()
    DELIVERIES_CLAIMED = auto()
    DELIVERY_MARKED = auto()
    DELIVERY_FAILED = auto()
    DELIVERY_GIVEN_UP = auto()
    DELIVERY_HANDED_BACK = auto()
    DEAD_REPLAYED = auto()
    MESSAGE_DELETED = auto()
    MESSAGE_BURIED = auto()

    # video-service
    VIDEO_CREATED = auto()
    VIDEO_EDITED = auto()
    VIDEO_DELETED = auto()
    ADMISSION_HEARD = auto()
    COMPLETION_HEARD = auto()
    UPLOAD_FAILURE_HEARD = auto()
    FILM_HEARD = auto()
    TRANSCODE_FAILURE_HEARD = auto()
    PROGRESS_HEARD = auto()
    PURGE_HEARD = auto()
    TRANSCODE_RETRIED = auto()
    STUCK_RESOLVED = auto()
    VIDEO_ERASED = auto()
    VIDEO_FROZEN = auto()
    VIDEO_REPLAYED = auto()
    JOB_SENT = auto()
    UPLOAD_EVENT_SENT = auto()
    TRANSCODE_EVENT_SENT = auto()
    CDN_INVALIDATED = auto()
    CDN_INVALIDATED_BY_HAND = auto()

    # upload-service
    SESSION_RESERVED = auto()
    ADMISSION_ASKED = auto()
    MULTIPART_CREATED = auto()
    SESSION_OPENED = auto()
    SESSION_WITHDRAWN = auto()
    SESSION_ABANDONED = auto()
    SESSION_GIVEN_UP = auto()
    UPLOAD_STARTED = auto()
    UPLOAD_STEERED = auto()
    PROGRESS_COPIED = auto()
    COMPLETION_BEGUN = auto()
    COMPLETION_EXPECTED = auto()
    PARTS_JOINED = auto()
    SESSION_CONCLUDED = auto()
    COMPLETION_SET_BACK = auto()
    SESSION_CANCELED = auto()
    SESSIONS_EXPIRED = auto()
    FAILURES_ANNOUNCED = auto()
    VIDEO_FORGOTTEN = auto()
    SETTLING_CLAIMED = auto()
    MULTIPART_ABORTED = auto()
    SOURCE_MEASURED = auto()
    SOURCE_DELETED = auto()
    SESSION_SETTLED = auto()
    UPLOAD_NEWS_SENT = auto()
    SOURCE_PURGE_SENT = auto()

    # transcode-service
    JOB_LEASED = auto()
    LEASE_EXTENDED = auto()
    PLAN_NOTED = auto()
    PROGRESS_TOLD = auto()
    MEDIA_STORED = auto()
    RENDITION_SHED = auto()
    PLAYLIST_STORED = auto()
    MASTER_STORED = auto()
    JOB_SUCCEEDED = auto()
    JOB_REJECTED = auto()
    ATTEMPT_FAILED = auto()
    ATTEMPT_HANDED_BACK = auto()
    ATTEMPT_STOPPED = auto()
    JOB_CANCELED = auto()
    JOB_REVIVED = auto()
    CANCELED_BURIED = auto()
    ATTEMPT_DELETED = auto()
    ATTEMPT_SWEPT = auto()
    OUTPUTS_FORGOTTEN = auto()
    OUTPUTS_MEASURED = auto()
    OUTPUTS_DELETED = auto()
    OUTPUTS_PURGED = auto()
    TRANSCODE_NEWS_SENT = auto()
    OUTPUTS_PURGE_SENT = auto()
    JOB_RESENT = auto()
    JOBS_PAUSED = auto()
    JOBS_RESUMED = auto()
