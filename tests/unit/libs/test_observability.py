import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from reel_observability.context import unit_of_work
from reel_observability.logs import configure
from reel_observability.metrics import REGISTRY

SIGNED_URL = (
    "https://s3.example.com/b/k?partNumber=3&X-Amz-Credential=AKIA7/20260101/us-east-1/s3/"
    "aws4_request&X-Amz-Signature=deadbeef01&X-Amz-Expires=900"
)
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
SIGNING_KEY = "whsec_c2VjcmV0LXNlY3JldA=="
DATABASE_URL = "postgresql://video_service:hunter2@db:5432/reel"
SECRET_PARTS = ("deadbeef01", "AKIA7", "c2lnbmF0dXJl", "c2VjcmV0", "hunter2")

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = StringIO()
    configure("video-service", "info", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], level = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def test_an_event_is_one_json_line_with_its_context(lines: Lines) -> None:
    with unit_of_work("sqs", message_id="m1"):
        structlog.stdlib.get_logger("job").info("job_started", attempt=2)
    structlog.stdlib.get_logger("job").info("idle")

    started, idle = lines()
    assert started["timestamp"].endswith("Z")
    del started["timestamp"]
    assert started == {
        "service": "video-service",
        "event": "job_started",
        "attempt": 2,
        "work": "sqs",
        "message_id": "m1",
        "level": "info",
        "logger": "job",
    }
    assert "work" not in idle


def test_the_standard_library_goes_through_the_same_pipe(lines: Lines) -> None:
    with unit_of_work("http", request_id="r1"):
        logging.getLogger("uvicorn.error").warning("slow %s", "client")

    [entry] = lines()
    assert (entry["event"], entry["logger"], entry["request_id"]) == (
        "slow client",
        "uvicorn.error",
        "r1",
    )


def test_libraries_that_name_every_request_are_kept_quiet(lines: Lines) -> None:
    for name in ("httpx", "botocore.endpoint", "aiobotocore.credentials", "uvicorn.access"):
        logging.getLogger(name).info("GET %s", SIGNED_URL)

    assert lines() == []


def test_the_level_is_kept_and_checked(lines: Lines) -> None:
    structlog.stdlib.get_logger().debug("detail")

    assert lines() == []
    with pytest.raises(ValueError, match="LOUD"):
        configure("video-service", "loud")


@pytest.mark.parametrize(
    "fields",
    [
        {"url": SIGNED_URL},
        {"note": f"put to {SIGNED_URL} failed"},
        {"upload_url": "https://short.example/abc-deadbeef01"},
        {"uploadUrl": "https://short.example/abc-deadbeef01"},
        {"headers": {"Authorization": "Basic hunter2hunter2", "Cookie": "hunter2"}},
        {"headers": [f"authorization: Bearer {JWT}"]},
        {"token": JWT},
        {"received": JWT},
        {"webhook_secret": "hunter2"},
        {"settings": {"nested": {"list": [{"password": "hunter2"}, SIGNING_KEY]}}},
        {"database_url": DATABASE_URL},
        {"body": f"secret is {SIGNING_KEY}".encode()},
        {"error": OSError(f"connect {DATABASE_URL}")},
        {"webhook_signature": "v1,hunter2"},
    ],
)
def test_no_secret_reaches_the_log(lines: Lines, fields: dict[str, object]) -> None:
    structlog.stdlib.get_logger().info("something", **fields)
    logging.getLogger("asyncpg").warning("something %s", fields)

    text = json.dumps(lines())
    assert "[redacted]" in text
    assert [part for part in SECRET_PARTS if part in text] == []


def test_a_traceback_is_redacted_too(lines: Lines) -> None:
    def fail() -> None:
        raise ConnectionError(f"PUT {SIGNED_URL}")

    try:
        fail()
    except ConnectionError:
        structlog.stdlib.get_logger().exception("upload_failed")

    [entry] = lines()
    assert "ConnectionError" in entry["exception"]
    assert "deadbeef01" not in json.dumps(entry)


def test_what_is_not_secret_is_left_alone(lines: Lines) -> None:
    fields = {"key": "videos/1/source.mov", "parts": [1, 2], "size_bytes": 5, "ok": True, "x": None}

    structlog.stdlib.get_logger().info("stored", **fields)

    [entry] = lines()
    assert {name: entry[name] for name in fields} == fields


class Broken(StringIO):
    """A standard output whose reader has gone."""

    def write(self, s: str) -> int:
        raise BrokenPipeError(len(s))


def test_a_line_that_nobody_takes_fails_nothing_and_is_counted(lines: Lines) -> None:
    configure("video-service", "info", stream=Broken())
    before = _lost()

    structlog.stdlib.get_logger("job").info("job_started")

    assert lines() == []
    assert _lost() == before + 1


def test_libraries_and_we_write_whole_lines_to_the_same_place(lines: Lines) -> None:
    structlog.stdlib.get_logger("job").info("ours", text="two\nlines")
    logging.getLogger("asyncpg").warning("theirs")
    structlog.stdlib.get_logger("job").warning("ours %s", "too")

    assert [entry["event"] for entry in lines()] == ["ours", "theirs", "ours too"]
    assert [entry["level"] for entry in lines()] == ["info", "warning", "warning"]


def _lost() -> float:
    return REGISTRY.get_sample_value("reel_log_lines_lost_total") or 0
