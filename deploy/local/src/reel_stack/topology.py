"""The names of Reel's infrastructure: who owns which schema, queue and objects."""

from dataclasses import dataclass
from typing import Final

REGION: Final = "us-east-1"
DATABASE: Final = "reel"
BUCKET: Final = "reel-media"

TRANSCODE_JOBS: Final = "reel-transcode-jobs"
UPLOAD_EVENTS: Final = "reel-upload-events"
TRANSCODE_EVENTS: Final = "reel-transcode-events"
QUEUES: Final = (TRANSCODE_JOBS, UPLOAD_EVENTS, TRANSCODE_EVENTS)
MAX_RECEIVE_COUNT: Final = 10
VISIBILITY_TIMEOUT_S: Final = 30
RETENTION_S: Final = 14 * 24 * 3600


def dead_letters(queue: str) -> str:
    """The name of a queue's dead-letter queue."""
    return f"{queue}-dlq"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service and what it may reach.

    Attributes:
        key: short name: its schema and, in capitals, the prefix of its settings.
        sends: queues it sends to.
        receives: queues it consumes, with their dead letters.
        writes_objects: whether its store key may write and delete, or only read.
        has_api: whether PACKAGE.asgi runs beside the worker, which otherwise serves HTTP itself.
    """

    key: str
    sends: tuple[str, ...] = ()
    receives: tuple[str, ...] = ()
    writes_objects: bool = False
    has_api: bool = True

    @property
    def name(self) -> str:
        return f"{self.key}-service"

    @property
    def package(self) -> str:
        return f"{self.key}_service"

    @property
    def settings_prefix(self) -> str:
        return f"{self.key.upper()}_"

    @property
    def role(self) -> str:
        """The database role, owner of the schema named by `key`."""
        return f"{self.key}_service"


VIDEO: Final = Service(key="video", sends=QUEUES)
UPLOAD: Final = Service(key="upload", receives=(UPLOAD_EVENTS,), writes_objects=True)
TRANSCODE: Final = Service(
    key="transcode",
    receives=(TRANSCODE_JOBS, TRANSCODE_EVENTS),
    writes_objects=True,
    has_api=False,
)
SERVICES: Final = (VIDEO, UPLOAD, TRANSCODE)
CDN: Final = "cdn"
