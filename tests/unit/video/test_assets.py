"""What a READY video needs, and where its files may lie."""

from dataclasses import replace
from uuid import UUID

import pytest

from reel_kernel.errors import InvalidRequest
from reel_testing.videos import some_assets
from video_service.domain.assets import Asset, asset_errors, require_playable

VIDEO = UUID("7d3f0f0e-3c5a-4a7e-9a55-6f1d0c2b8e41")
OTHER = UUID("0c9b6f57-52b1-4d0e-8a51-0f2f6f0f1d27")
MASTER, RENDITION, POSTER, STORYBOARD = some_assets(VIDEO)
PREFIX = f"videos/{VIDEO}/hls/"


def test_a_master_with_renditions_a_poster_and_a_storyboard_is_playable() -> None:
    require_playable(VIDEO, (MASTER, RENDITION, POSTER, STORYBOARD))


def test_a_later_attempt_may_have_its_own_folder() -> None:
    later = replace(MASTER, file_key=f"{PREFIX}a2/master.m3u8")

    assert asset_errors(VIDEO, (later,)) == ()


@pytest.mark.parametrize("assets", [(), (RENDITION,), (RENDITION, POSTER)])
def test_without_a_master_it_is_not_playable(assets: tuple[Asset, ...]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        require_playable(VIDEO, assets)

    assert [error.code for error in caught.value.errors] == ["hls-master"]


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (replace(MASTER, file_key=f"{PREFIX}a2/master.m3u8"), "hls-master"),
        (replace(RENDITION, file_key=MASTER.file_key), "duplicate-key"),
    ],
)
def test_what_may_be_there_once_may_not_be_there_twice(second: Asset, code: str) -> None:
    [error] = asset_errors(VIDEO, (MASTER, second))

    assert (error.field, error.code) == ("assets", code)


@pytest.mark.parametrize("thumbnail", [POSTER, replace(POSTER, container="jpg"), STORYBOARD])
def test_two_posters_or_storyboards_are_one_too_many(thumbnail: Asset) -> None:
    other = replace(thumbnail, file_key=f"{PREFIX}another")

    [error] = asset_errors(VIDEO, (MASTER, thumbnail, other))

    assert error.code == "thumbnail"


@pytest.mark.parametrize(
    "file_key",
    [
        f"videos/{OTHER}/hls/master.m3u8",
        f"videos/{VIDEO}/source.mp4",
        f"{PREFIX}../source.mp4",
        f"{PREFIX}./master.m3u8",
        f"{PREFIX}.hidden",
        f"{PREFIX}",
        f"{PREFIX}a//master.m3u8",
        f"{PREFIX}master.m3u8?x=1",
        f"{PREFIX}master.m3u8\n",
        f"{PREFIX}%2e%2e/source.mp4",
        f"/{PREFIX}master.m3u8",
    ],
)
def test_a_key_outside_the_videos_own_folder_is_refused(file_key: str) -> None:
    [error] = asset_errors(VIDEO, (replace(MASTER, file_key=file_key),))

    assert (error.field, error.code) == ("assets[0].fileKey", "foreign-key")
