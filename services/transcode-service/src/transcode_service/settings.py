"""Configuration, read once from TRANSCODE_* variables."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import gettempdir
from typing import Annotated, Final, Literal, Self

import msgspec
from msgspec import Meta

from reel_http.settings import load

PREFIX: Final = "TRANSCODE_"
Url = Annotated[str, Meta(pattern=r"^https?://[^/]+")]
Seconds = Annotated[float, Meta(gt=0, le=43_200)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`*_s` are seconds. Absent keys mean the default AWS credential chain."""

    database_url: str
    database_pool_max: Annotated[int, Meta(ge=3, le=100)] = 10
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8002
    log_level: str = "info"

    aws_region: str = "us-east-1"
    s3_endpoint_url: Url | None = None
    s3_bucket: str
    s3_access_key_id: str | None = None
    s3_secret_access_key: str | None = None
    sqs_endpoint_url: Url | None = None
    sqs_access_key_id: str | None = None
    sqs_secret_access_key: str | None = None
    jobs_queue_url: Url
    jobs_dlq_url: Url
    events_queue_url: Url

    video_service_url: Url
    webhook_secret: Annotated[str, Meta(pattern=r"^whsec_")]

    work_dir: str = str(Path(gettempdir()) / "reel-transcode")
    ffmpeg: str | None = None
    preset: str = "veryfast"
    segment_s: Annotated[int, Meta(ge=1, le=30)] = 6
    concurrency: Annotated[int, Meta(ge=1, le=64)] | Literal["auto"] = "auto"
    poll_s: Annotated[int, Meta(ge=1, le=20)] = 5
    max_attempts: Annotated[int, Meta(ge=1, le=100)] = 5
    lease_s: Annotated[int, Meta(ge=2, le=3600)] = 30
    retry_base_s: Seconds = 2
    retry_max_s: Seconds = 300
    shutdown_s: Annotated[float, Meta(ge=0, le=3600)] = 20

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Parse the environment.

        Raises:
            SettingsError: names every variable that is missing, unknown or out of range.
        """
        return load(cls, PREFIX, env)
