"""Configuration, read once from VIDEO_* variables."""

from collections.abc import Mapping
from typing import Annotated, Final, Self

import msgspec
from msgspec import Meta

from reel_http.settings import load

PREFIX: Final = "VIDEO_"
Url = Annotated[str, Meta(pattern=r"^https?://[^/]+")]
Seconds = Annotated[float, Meta(gt=0)]
Secrets = Annotated[tuple[str, ...], Meta(min_length=1)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`*_s` are seconds. Absent keys mean the default AWS credential chain.

    The CDN is CloudFront (`cdn_distribution_id`) or a local edge (the other two); neither means
    that nothing is cached.
    """

    database_url: str
    database_pool_max: Annotated[int, Meta(ge=2, le=100)] = 10
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8000
    worker_port: Annotated[int, Meta(ge=0, le=65_535)] = 8010
    log_level: str = "info"

    jwt_public_key: str
    jwt_issuer: str = "reel"
    jwt_audience: str = "reel-api"
    cdn_base_url: Url

    aws_region: str = "us-east-1"
    s3_endpoint_url: Url | None = None
    s3_bucket: str
    s3_access_key_id: str | None = None
    s3_secret_access_key: str | None = None
    sqs_endpoint_url: Url | None = None
    sqs_access_key_id: str | None = None
    sqs_secret_access_key: str | None = None
    transcode_jobs_queue_url: Url
    upload_events_queue_url: Url
    transcode_events_queue_url: Url

    cdn_distribution_id: Annotated[str, Meta(pattern="^E[A-Z0-9]+$")] | None = None
    cdn_edge_url: Url | None = None
    cdn_edge_secret: str | None = None

    sweep_interval_s: Seconds = 60
    draft_max_s: Seconds = 7 * 86_400
    uploading_max_s: Seconds = 7 * 86_400
    uploaded_max_s: Seconds = 300
    transcoding_quiet_s: Seconds = 2 * 3600
    erase_after_s: Seconds = 30 * 86_400

    upload_webhook_secrets: Secrets
    transcode_webhook_secrets: Secrets

    owner_requests_per_s: Annotated[float, Meta(ge=0)] = 500
    owner_requests_burst: Annotated[int, Meta(ge=1)] = 1_000

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Parse the environment.

        Raises:
            SettingsError: names every variable that is missing, unknown or out of range.
        """
        return load(cls, PREFIX, env)
