"""As much of H.264 and HEVC as tells an IDR picture, a profile and a size (ITU-T H.264, H.265)."""

from collections.abc import Iterator
from typing import Final

_AVC_NON_IDR: Final = frozenset({1, 2})
_AVC_IDR: Final = 5
_AVC_SPS: Final = 7
_HEVC_IRAP: Final = range(16, 24)
_HEVC_VCL_END: Final = 32
_HIGH_PROFILES: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_MACROBLOCK: Final = 16
_START_CODE: Final = b"\0\0\1"


def length_prefixed(sample: bytes, length_bytes: int) -> Iterator[bytes]:
    """Yield the NAL units of an fMP4 sample; the last one may be cut off."""
    position = 0
    while position + length_bytes < len(sample):
        size = int.from_bytes(sample[position : position + length_bytes], "big")
        position += length_bytes
        yield sample[position : position + size]
        position += size


def start_coded(unit: bytes) -> Iterator[bytes]:
    """Yield the NAL units of an access unit in MPEG-TS (Annex B)."""
    position = unit.find(_START_CODE)
    while position >= 0:
        following = unit.find(_START_CODE, position + 3)
        yield unit[position + 3 : following if following >= 0 else len(unit)]
        position = following


def is_idr(nals: Iterator[bytes], *, hevc: bool) -> bool | None:
    """Tell whether a picture is one to start at; None when no slice of it is there to see."""
    for nal in nals:
        if not nal:
            continue
        kind = nal[0] >> 1 & 0x3F if hevc else nal[0] & 0x1F
        if hevc and kind < _HEVC_VCL_END:
            return kind in _HEVC_IRAP
        if not hevc and (kind == _AVC_IDR or kind in _AVC_NON_IDR):
            return kind == _AVC_IDR
    return None


def find_sps(nals: Iterator[bytes]) -> bytes | None:
    """Return H.264's sequence parameter set, if there is one."""
    return next((nal for nal in nals if nal and nal[0] & 0x1F == _AVC_SPS), None)


def codec(sps: bytes) -> str:
    """Return the RFC 6381 string of a sequence parameter set."""
    return f"avc1.{sps[1:4].hex()}"


def picture_size(sps: bytes) -> tuple[int, int]:
    """Return the cropped size in pixels (7.3.2.1.1).

    Raises:
        ValueError: the set is cut off.
    """
    bits = _Bits(sps[4:].replace(b"\0\0\3", b"\0\0"))
    bits.ue()
    chroma = _high_profile_fields(bits) if sps[1] in _HIGH_PROFILES else 1
    bits.ue()
    _order_count(bits)
    bits.ue()
    bits.read(1)
    width, map_height = bits.ue() + 1, bits.ue() + 1
    frames_only = bits.read(1)
    bits.read(1 if frames_only else 2)
    crop = [bits.ue() for _ in range(4)] if bits.read(1) else [0, 0, 0, 0]
    unit_x = 2 if chroma in {1, 2} else 1
    unit_y = (2 if chroma == 1 else 1) * (2 - frames_only)
    return (
        width * _MACROBLOCK - unit_x * (crop[0] + crop[1]),
        map_height * (2 - frames_only) * _MACROBLOCK - unit_y * (crop[2] + crop[3]),
    )


def _high_profile_fields(bits: "_Bits") -> int:
    """Skip to the end of the scaling lists; return chroma_format_idc."""
    chroma = bits.ue()
    planes = 3
    if chroma == planes:
        bits.read(1)
    bits.ue()
    bits.ue()
    bits.read(1)
    if bits.read(1):
        for number in range(12 if chroma == planes else 8):
            if bits.read(1):
                _skip_scaling_list(bits, 16 if number < 6 else 64)  # noqa: PLR2004 - as the standard
    return chroma


def _skip_scaling_list(bits: "_Bits", size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _order_count(bits: "_Bits") -> None:
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.read(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue()):
            bits.se()


class _Bits:
    """Reads bits, and Exp-Golomb codes (9.1), most significant first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def read(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the parameter set is cut off")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def ue(self) -> int:
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)
