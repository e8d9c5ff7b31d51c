"""What a transcode publishes, and which of it a READY video needs."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from reel_kernel.errors import FieldError, InvalidRequest

# Characters that mean the same in an S3 key, a URL path and a playlist.
STORYBOARD_CONTAINER: Final = "vtt"
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class AssetType(StrEnum):
    """Spec 1.2."""

    HLS_MASTER = "HLS_MASTER"
    HLS_RENDITION = "HLS_RENDITION"
    THUMBNAIL = "THUMBNAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One published object; `bandwidth` in bit/s, sizes in displayed pixels (spec 1.2)."""

    id: UUID
    type: AssetType
    file_key: str
    quality_label: str | None = None
    bandwidth: int | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    container: str | None = None

    @property
    def is_storyboard(self) -> bool:
        """Whether it is the THUMBNAIL that tells of many moments; any other is the poster."""
        return self.type is AssetType.THUMBNAIL and self.container == STORYBOARD_CONTAINER


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A finished transcode: duration in seconds, displayed size in pixels, and its assets."""

    duration_s: float
    width: int
    height: int
    assets: tuple[Asset, ...]


def asset_prefix(video_id: UUID) -> str:
    """Return the folder that the CDN may serve for this video."""
    return f"videos/{video_id}/hls/"


def asset_errors(video_id: UUID, assets: Sequence[Asset]) -> tuple[FieldError, ...]:
    """Return what is wrong with a video's assets: keys, one master, no doubles."""
    return (*_key_errors(asset_prefix(video_id), assets), *_set_errors(assets))


def require_playable(video_id: UUID, assets: Sequence[Asset]) -> None:
    """Hold the rule of spec 1.5: READY requires assets.

    Raises:
        InvalidRequest: no HLS_MASTER, two of them, or a key outside `videos/{id}/hls/`.
    """
    if errors := asset_errors(video_id, assets):
        raise InvalidRequest(errors=errors)


def _key_errors(prefix: str, assets: Sequence[Asset]) -> Iterator[FieldError]:
    for index, asset in enumerate(assets):
        names = asset.file_key.removeprefix(prefix).split("/")
        is_inside = asset.file_key.startswith(prefix)
        if not (is_inside and all(_SEGMENT.fullmatch(name) for name in names)):
            field = f"assets[{index}].fileKey"
            yield FieldError(field=field, code="foreign-key", message=f"must lie under {prefix}")


def _set_errors(assets: Sequence[Asset]) -> Iterator[FieldError]:
    types = [asset.type for asset in assets]
    if types.count(AssetType.HLS_MASTER) != 1:
        message = "must hold exactly one HLS_MASTER"
        yield FieldError(field="assets", code="hls-master", message=message)
    storyboards = sum(asset.is_storyboard for asset in assets)
    if storyboards > 1 or types.count(AssetType.THUMBNAIL) - storyboards > 1:
        message = "must hold at most one THUMBNAIL as poster, and one in vtt as storyboard"
        yield FieldError(field="assets", code="thumbnail", message=message)
    if len({asset.file_key for asset in assets}) != len(assets):
        message = "must not name one fileKey twice"
        yield FieldError(field="assets", code="duplicate-key", message=message)
