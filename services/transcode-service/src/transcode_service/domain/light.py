"""The filters that bring any picture to BT.709, limited range, 8-bit 4:2:0.

HDR is shown as ITU-R BT.2408 has it: 203 cd/m² is diffuse white. What lies between that and
1000 cd/m², the peak that phones grade for, is rolled off; what lies below keeps its contrast.
"""

from collections.abc import Iterator
from typing import Final

from transcode_service.domain.colour import Hdr
from transcode_service.domain.picture import Picture

DIFFUSE_WHITE_NITS: Final = 203
PEAK_NITS: Final = 1000
ROLL_OFF_FROM: Final = 0.3
"""Share of diffuse white, in linear light, up to which tones are left alone."""

_TRANSFERS: Final = {Hdr.HLG: "arib-std-b67", Hdr.PQ: "smpte2084", None: "709"}
_ZSCALE_MATRICES: Final = {
    "bt709": "709",
    "bt601": "170m",
    "bt2020": "2020_ncl",
    "fcc": "fcc",
    "smpte240m": "240m",
}


def bt709(picture: Picture) -> Iterator[str]:
    """Yield the filters in order; scaling comes first, since linear light is dear."""
    if picture.primaries is None:
        yield _converted(picture)
    else:
        yield _scaled(picture)
        yield from _through_linear_light(picture, picture.primaries)
    yield "setsar=1"
    yield "format=yuv420p"
    yield "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"


def _scaled(picture: Picture) -> str:
    width, height = picture.size
    return f"scale={width}:{height}:flags=bicubic"


def _converted(picture: Picture) -> str:
    source = f":in_color_matrix={picture.matrix}" if picture.matrix else ""
    source += ":in_range=pc" if picture.full_range and picture.matrix else ""
    return f"{_scaled(picture)}{source}:out_color_matrix=bt709:out_range=tv"


def _through_linear_light(picture: Picture, primaries: str) -> Iterator[str]:
    matrix = "gbr" if picture.matrix is None else _ZSCALE_MATRICES[picture.matrix]
    range_ = "full" if picture.full_range else "limited"
    transfer = _TRANSFERS[picture.tone_map]
    yield (
        f"zscale=matrixin={matrix}:primariesin={primaries}:transferin={transfer}:rangein={range_}"
        f":transfer=linear:npl={DIFFUSE_WHITE_NITS}"
    )
    yield "format=gbrpf32le"
    yield "zscale=primaries=709"
    if picture.tone_map is not None:
        peak = PEAK_NITS / DIFFUSE_WHITE_NITS
        yield f"tonemap=mobius:param={ROLL_OFF_FROM}:desat=0:peak={peak:.3f}"
    yield "zscale=transfer=709:matrix=709:range=limited"
