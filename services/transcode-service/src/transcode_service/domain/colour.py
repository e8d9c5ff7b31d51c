"""What the numbers of a picture mean as light: code points of ITU-T H.273, named for FFmpeg."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

UNSPECIFIED: Final = 2
_RGB: Final = 0
_BT709: Final = 1
_BT601: Final = 6
_PQ: Final = 16
_HLG: Final = 18
_PAL_LINES: Final = 576
"""A picture that doesn't say is taken for BT.601 up to this size, for BT.709 beyond."""

_MATRICES: Final = {
    1: "bt709",
    4: "fcc",
    5: "bt601",
    6: "bt601",
    7: "smpte240m",
    9: "bt2020",
    10: "bt2020",
}
_WIDE_PRIMARIES: Final = {9: "2020", 11: "smpte431", 12: "smpte432"}
_HDR_PRIMARIES: Final = {1: "709", **_WIDE_PRIMARIES}


class Hdr(StrEnum):
    """The two transfer functions of high dynamic range (ITU-R BT.2100)."""

    HLG = "HLG"
    PQ = "PQ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """A picture's colour description; `full_range` is 0-255 rather than 16-235."""

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    full_range: bool = False

    @property
    def hdr(self) -> Hdr | None:
        return {_HLG: Hdr.HLG, _PQ: Hdr.PQ}.get(self.transfer)

    @property
    def primaries_name(self) -> str | None:
        """Return zscale's name of primaries that must be converted; BT.2020's for unnamed HDR.

        None for BT.709's, and for those of standard definition, which are so near that nobody
        sees it.
        """
        if self.hdr is not None:
            return _HDR_PRIMARIES.get(self.primaries, "2020")
        return _WIDE_PRIMARIES.get(self.primaries)

    def matrix_name(self, short_side: int) -> str | None:
        """Return swscale's name of the matrix of a picture of this size; None for RGB."""
        if self.matrix == _RGB:
            return None
        if self.matrix in _MATRICES:
            return _MATRICES[self.matrix]
        if self.hdr is not None:
            return "bt2020"
        # JPEG's own colours are BT.601 whatever the size; only JPEG comes full and undescribed.
        likely = _BT709 if short_side > _PAL_LINES and not self.full_range else _BT601
        return _MATRICES[likely]
