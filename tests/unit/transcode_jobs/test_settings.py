import pytest

from reel_http.settings import SettingsError
from transcode_service.domain.packaging import PACKAGINGS
from transcode_service.settings import Settings

NEEDED = {
    "TRANSCODE_DATABASE_URL": "postgresql://r:p@localhost/reel",
    "TRANSCODE_S3_BUCKET": "reel-media",
    "TRANSCODE_JOBS_QUEUE_URL": "http://localhost/jobs",
    "TRANSCODE_JOBS_DLQ_URL": "http://localhost/jobs-dlq",
    "TRANSCODE_EVENTS_QUEUE_URL": "http://localhost/events",
    "TRANSCODE_VIDEO_SERVICE_URL": "http://localhost:8000",
    "TRANSCODE_WEBHOOK_SECRET": "whsec_c2VjcmV0",
}


def test_the_needed_variables_are_enough() -> None:
    settings = Settings.from_env(NEEDED)

    assert (settings.max_attempts, settings.lease_s, settings.shutdown_s) == (5, 30, 20)
    assert settings.ffmpeg is None
    assert settings.container == "fmp4"


def test_every_container_has_its_packaging() -> None:
    chosen = [Settings.from_env(NEEDED | {"TRANSCODE_CONTAINER": name}) for name in PACKAGINGS]

    assert [PACKAGINGS[settings.container].name for settings in chosen] == ["fmp4", "ts"]


@pytest.mark.parametrize("name", NEEDED)
def test_each_needed_variable_is_missed_by_name(name: str) -> None:
    given = {key: value for key, value in NEEDED.items() if key != name}

    with pytest.raises(SettingsError, match=f"{name} is missing"):
        Settings.from_env(given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRANSCODE_MAX_ATEMPTS", "5"),
        ("TRANSCODE_MAX_ATTEMPTS", "0"),
        ("TRANSCODE_LEASE_S", "soon"),
        ("TRANSCODE_VIDEO_SERVICE_URL", "localhost"),
        ("TRANSCODE_CONTAINER", "webm"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env(NEEDED | {name: value})


def test_a_bad_secret_is_not_repeated_in_the_error() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(NEEDED | {"TRANSCODE_WEBHOOK_SECRET": "hunter2"})

    assert "hunter2" not in str(caught.value)
