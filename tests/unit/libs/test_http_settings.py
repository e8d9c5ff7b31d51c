from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from reel_http.settings import SettingsError, load


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    database_url: str
    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    s3_endpoint_url: str | None = None
    webhook_secrets: tuple[str, ...] = ()
    preset: Annotated[str, Meta(pattern="^[a-z]+$")] = "veryfast"


def test_a_prefix_is_stripped_and_values_are_typed() -> None:
    env = {
        "APP_DATABASE_URL": "postgresql://x",
        "APP_PORT": "5",
        "APP_WEBHOOK_SECRETS": "a, b,",
        "HOME": "/",
    }

    settings = load(Settings, "APP_", env)

    assert settings == Settings(database_url="postgresql://x", port=5, webhook_secrets=("a", "b"))


def test_a_blank_variable_counts_as_absent() -> None:
    settings = load(Settings, "APP_", {"APP_DATABASE_URL": "x", "APP_S3_ENDPOINT_URL": " "})

    assert settings.s3_endpoint_url is None


def test_every_fault_is_named_at_once() -> None:
    env = {"APP_PORT": "99999", "APP_PROT": "1", "APP_PRESET": "Top Secret"}

    with pytest.raises(SettingsError) as caught:
        load(Settings, "APP_", env)

    assert caught.value.problems == (
        "APP_DATABASE_URL is missing",
        "APP_PORT: Expected `int` <= 65535",
        "APP_PRESET: Expected `str` matching regex",
        "APP_PROT is not a setting",
    )


def test_a_fault_does_not_repeat_the_value() -> None:
    with pytest.raises(SettingsError) as caught:
        load(Settings, "APP_", {"APP_DATABASE_URL": "x", "APP_PRESET": "hunter2-SECRET"})

    assert "hunter2" not in str(caught.value)
