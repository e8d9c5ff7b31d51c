"""Configuration, read once from UPLOAD_* variables."""

from collections.abc import Mapping
from typing import Annotated, Final, Self

import msgspec
from msgspec import Meta

from reel_http.settings import load

PREFIX: Final = "UPLOAD_"
Url = Annotated[str, Meta(pattern=r"^https?://[^/]+")]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`*_s` are seconds, `*_bytes` bytes. Absent keys mean the default AWS credential chain."""

    database_url: str
    database_pool_max: Annotated[int, Meta(ge=2, le=100)] = 10
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8001
    worker_port: Annotated[int, Meta(ge=0, le=65_535)] = 8011
    log_level: str = "info"

    jwt_public_key: str
    jwt_issuer: str = "reel"
    jwt_audience: str = "reel-api"

    aws_region: str = "us-east-1"
    s3_endpoint_url: Url | None = None
    s3_public_endpoint_url: Url | None = None
    s3_bucket: str
    s3_access_key_id: str | None = None
    s3_secret_access_key: str | None = None
    sqs_endpoint_url: Url | None = None
    sqs_access_key_id: str | None = None
    sqs_secret_access_key: str | None = None
    events_queue_url: Url
    poll_s: Annotated[int, Meta(ge=1, le=20)] = 5

    video_service_url: Url
    webhook_secret: Annotated[str, Meta(pattern=r"^whsec_.+")]
    admission_timeout_s: Annotated[float, Meta(gt=0, le=8)] = 3

    part_size_bytes: Annotated[int, Meta(ge=5_242_880, le=5_368_709_120)] = 5_242_880
    part_url_ttl_s: Annotated[int, Meta(ge=1, le=604_800)] = 900
    session_ttl_s: Annotated[int, Meta(ge=1)] = 86_400
    sweep_interval_s: Annotated[float, Meta(gt=0)] = 60

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Parse the environment.

        Raises:
            SettingsError: names every variable that is missing, unknown or out of range.
        """
        return load(cls, PREFIX, env)
