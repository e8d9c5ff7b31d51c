"""VIDEO_* variables."""

import pytest

from reel_http.settings import SettingsError
from video_service.settings import Settings

ENOUGH = {
    "VIDEO_DATABASE_URL": "postgresql://video_service@127.0.0.1/reel",
    "VIDEO_JWT_PUBLIC_KEY": "-----BEGIN PUBLIC KEY-----",
    "VIDEO_CDN_BASE_URL": "https://cdn.example.com",
    "VIDEO_S3_BUCKET": "reel-media",
    "VIDEO_TRANSCODE_JOBS_QUEUE_URL": "http://127.0.0.1:4566/q/jobs",
    "VIDEO_UPLOAD_EVENTS_QUEUE_URL": "http://127.0.0.1:4566/q/upload",
    "VIDEO_TRANSCODE_EVENTS_QUEUE_URL": "http://127.0.0.1:4566/q/transcode",
    "VIDEO_UPLOAD_WEBHOOK_SECRETS": "whsec_b2xk,whsec_bmV3",
    "VIDEO_TRANSCODE_WEBHOOK_SECRETS": "whsec_bmV3",
    "UPLOAD_PART_SIZE_BYTES": "not ours",
}


def test_defaults_fill_what_is_not_given() -> None:
    settings = Settings.from_env(ENOUGH)

    assert (settings.host, settings.database_pool_max) == ("127.0.0.1", 10)
    assert (settings.jwt_issuer, settings.jwt_audience) == ("reel", "reel-api")
    assert (settings.aws_region, settings.s3_endpoint_url) == ("us-east-1", None)


def test_secrets_are_a_list_for_rotation() -> None:
    assert Settings.from_env(ENOUGH).upload_webhook_secrets == ("whsec_b2xk", "whsec_bmV3")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"VIDEO_COLOUR": "blue"}, "VIDEO_COLOUR"),
        ({"VIDEO_S3_BUCKET": ""}, "VIDEO_S3_BUCKET"),
        ({"VIDEO_PORT": "99999"}, "VIDEO_PORT"),
        ({"VIDEO_CDN_BASE_URL": "cdn.example.com"}, "VIDEO_CDN_BASE_URL"),
        ({"VIDEO_UPLOAD_WEBHOOK_SECRETS": ","}, "VIDEO_UPLOAD_WEBHOOK_SECRETS"),
    ],
)
def test_a_faulty_variable_is_named(changes: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**ENOUGH, **changes})

    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(problem)
