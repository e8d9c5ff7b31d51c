from pathlib import Path

import pytest

from transcode_service.adapters.find_ffmpeg import FfmpegNotFound, find_ffmpeg, is_new_enough


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        ("ffmpeg version 5.1.6-0+deb12u1 Copyright", True),
        ("ffmpeg version n9.0.2-17-g2a571b6068 Copyright", True),
        ("ffmpeg version 4.4.2-0ubuntu0 Copyright", False),
        ("ffmpeg version 5.0.1 Copyright", False),
        ("ffmpeg version N-109542-g8ab92d6 Copyright", True),
        ("bash: ffmpeg: command not found", False),
    ],
)
def test_ffmpeg_is_new_enough_from_5_1_on(text: str, usable: bool) -> None:  # noqa: FBT001
    assert is_new_enough(text) is usable


async def test_some_ffmpeg_is_found() -> None:
    assert (await find_ffmpeg()).is_file()


async def test_a_configured_binary_that_is_no_ffmpeg_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FfmpegNotFound):
        await find_ffmpeg(tmp_path / "ffmpeg")
