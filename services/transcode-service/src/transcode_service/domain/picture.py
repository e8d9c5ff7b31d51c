"""How a picture, whatever the camera made of it, becomes BT.709, limited range, 8-bit 4:2:0."""

from dataclasses import dataclass

from transcode_service.domain.colour import Hdr
from transcode_service.domain.probe import VideoStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is done once, before the picture is split into rungs.

    `size` is that of the largest output. `matrix` is swscale's name of the source's, None for
    RGB; `primaries` zscale's name of the source's, None when they are left alone. `tone_map` is
    the source's transfer function when it is HDR.
    """

    size: tuple[int, int]
    deinterlace: bool = False
    matrix: str | None = "bt709"
    full_range: bool = False
    primaries: str | None = None
    tone_map: Hdr | None = None


def picture_of(video: VideoStream, size: tuple[int, int]) -> Picture:
    """Decide what a stream needs to come out as BT.709 of this size."""
    return Picture(
        size=size,
        deinterlace=video.interlaced,
        matrix=video.colour.matrix_name(min(video.width, video.height)),
        full_range=video.colour.full_range,
        primaries=video.colour.primaries_name,
        tone_map=video.colour.hdr,
    )
