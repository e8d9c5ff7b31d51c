"""Settings files: what is read, what is refused without being shown; restarts to read them."""

from pathlib import Path

import pytest

from reel_stack import overlay
from reel_stack.overlay import BadSettingsFile
from reel_stack.supervisor import HEALTHY_AFTER_S, failures_in_a_row


def test_without_a_file_nothing_is_laid_over(tmp_path: Path) -> None:
    assert overlay.read(None) == {}
    assert overlay.read(tmp_path / "video.env") == {}


def test_the_last_line_of_a_name_counts_and_values_may_hold_anything(tmp_path: Path) -> None:
    path = tmp_path / "video.env"
    path.write_text('# tried on Monday\n\nVIDEO_A=1\nVIDEO_KEYS={"keys": [1]}\nVIDEO_A=x=y\n')

    assert overlay.read(path) == {"VIDEO_A": "x=y", "VIDEO_KEYS": '{"keys": [1]}'}


@pytest.mark.parametrize("line", ["VIDEO_SECRET whsec_x", "whsec_x", "export VIDEO_SECRET=whsec_x"])
def test_a_line_that_is_no_setting_is_named_and_not_shown(tmp_path: Path, line: str) -> None:
    path = tmp_path / "video.env"
    path.write_text(f"VIDEO_A=1\n{line}\n")

    with pytest.raises(BadSettingsFile, match="line 2") as caught:
        overlay.read(path)

    assert "whsec_x" not in str(caught.value)


def test_being_told_to_end_is_no_failure_that_makes_the_next_start_wait_longer() -> None:
    assert failures_in_a_row(3, status=1, lived_s=1) == 4
    assert failures_in_a_row(3, status=0, lived_s=1) == 1
    assert failures_in_a_row(3, status=1, lived_s=HEALTHY_AFTER_S + 1) == 1
