import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reel_kernel.effects import Effect
from reel_observability.effects import are_heard, happened, heard_by
from reel_testing.crash.orders import LAUNCHER, prepare

SERVICE = """
import os
from reel_kernel.effects import Effect
from reel_observability.effects import happened

happened(Effect.VIDEO_CREATED)
happened(Effect.VIDEO_EDITED)
print(os.environ["VIDEO_GREETING"], "UPLOAD_GREETING" in os.environ)
"""


def test_an_effect_is_heard_during_the_block_alone() -> None:
    heard: list[Effect] = []

    happened(Effect.VIDEO_CREATED)
    with heard_by(heard.append):
        assert are_heard()
        happened(Effect.VIDEO_EDITED)
    happened(Effect.VIDEO_DELETED)

    assert heard == [Effect.VIDEO_EDITED]
    assert not are_heard()


def run(var: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", LAUNCHER, "video_probe"]
    env = {**os.environ, "PYTHONPATH": str(var)}
    return subprocess.run(  # noqa: S603 - our own module
        command, cwd=var, env=env, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("effect", [Effect.VIDEO_CREATED, Effect.VIDEO_EDITED])
def test_a_process_dies_of_the_effect_it_is_ordered_to_and_the_next_one_does_not(
    tmp_path: Path, effect: Effect
) -> None:
    prepare(tmp_path, {"VIDEO_GREETING": "hello", "UPLOAD_GREETING": "not for us"})
    (tmp_path / "video_probe.py").write_text(SERVICE)
    orders = tmp_path / "crash" / "video"
    orders.mkdir()
    (orders / effect).touch()

    first, second = run(tmp_path), run(tmp_path)

    assert (first.returncode, first.stdout) == (-signal.SIGKILL, "")
    assert (second.returncode, second.stdout) == (0, "hello False\n")
    [taken] = orders.iterdir()
    assert taken.stem == effect
