"""What an app that uploads takes for true."""

from typing import Any

import pytest

from reel_testing.load.uploader import WrongAnswer, next_state


def view(status: str, stream: str | None = None, reason: str | None = None) -> dict[str, Any]:
    return {"status": status, "failReason": reason, "playback": {"streamUrl": stream}}


@pytest.mark.parametrize("status", ["UPLOADED", "TRANSCODING"])
def test_a_film_goes_forward(status: str) -> None:
    assert next_state("UPLOADED", view(status)) == status


def test_a_ready_film_has_a_stream() -> None:
    assert next_state("TRANSCODING", view("READY", "https://cdn/master.m3u8")) == "READY"


@pytest.mark.parametrize(
    ("seen", "answer"),
    [
        ("TRANSCODING", view("UPLOADED")),
        ("UPLOADED", view("FAILED", reason="SOURCE_CORRUPT")),
        ("UPLOADED", view("READY")),
        ("UPLOADED", view("TRANSCODING", "https://cdn/master.m3u8")),
    ],
    ids=["goes back", "fails", "no stream", "a stream too early"],
)
def test_what_cannot_be_true_is_an_error(seen: str, answer: dict[str, Any]) -> None:
    with pytest.raises(WrongAnswer):
        next_state(seen, answer)
