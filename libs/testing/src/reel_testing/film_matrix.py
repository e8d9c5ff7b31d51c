"""One small film for every way in which phones, cameras and editors differ, and what it becomes.

Every picture is a grey card with a coloured patch in each corner, every sound a tone, so that the
output can be checked on decoded pixels and samples. `why` is what the plan must say, no more and
no less.
"""

from collections.abc import Mapping
from typing import Final

from reel_testing.film_card import SDR, X264, Case, Patch
from reel_testing.film_layouts import LAYOUTS
from reel_testing.film_matrix_choice import CHOICE
from reel_testing.film_matrix_sound import PCM, SOUNDS
from reel_testing.riff import in_two_riffs

X265: Final = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")
HEVC10: Final = (*X265, "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1")


SMALL: Final = "rungs: {}×{} is below every rung: one at its own size"


def hdr(transfer: str) -> str:
    """Return filters that show the card at 203 cd/m² white in BT.2020 with this transfer."""
    to = f"zscale=transfer={transfer}:primaries=2020:matrix=2020_ncl:range=limited:npl=203"
    return f"{SDR},format=gbrpf32le,{SDR_RGB},{to},format=yuv420p10le"


SDR_RGB: Final = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=gbr"


def tagged(*, primaries: str = "bt709", matrix: str = "bt709", full: bool = False) -> str:
    """Return filters that say these colours; the numbers become those of `matrix` and range."""
    name = {"smpte170m": "bt601"}.get(matrix, matrix)
    range_ = "pc" if full else "tv"
    return (
        f"scale=out_color_matrix={name}:out_range={range_},format=yuv444p,"
        f"setparams=range={range_}:color_primaries={primaries}:color_trc=bt709:colorspace={matrix}"
    )


UNSAID: Final = (
    "scale=out_color_matrix=bt601:out_range=tv,format=yuv444p,"
    "setparams=range=unknown:color_primaries=unknown:color_trc=unknown:colorspace=unknown"
)
JPEG: Final = ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p")
FULL_JPEG: Final = ("picture: BT.601 → BT.709", "picture: full → limited range")


def dolby_vision(profile: int, compatibility: int) -> Patch:
    """Return what adds a Dolby Vision record to a film whose picture is its first track."""
    record = bytes([1, 0, profile << 1, 0b00101101, compatibility << 4]).ljust(24, b"\0")
    box = (8 + len(record)).to_bytes(4, "big") + b"dvvC" + record

    def patch(film: bytes) -> bytes:
        data = bytearray(film)
        entry = data.index(b"hvc1", data.index(b"stsd")) - 4
        end = entry + int.from_bytes(data[entry : entry + 4], "big")
        for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hvc1"):
            at = data.index(kind, 0 if kind == b"moov" else data.index(b"moov")) - 4
            size = int.from_bytes(data[at : at + 4], "big") + len(box)
            data[at : at + 4] = size.to_bytes(4, "big")
        return bytes(data[:end]) + box + bytes(data[end:])

    return patch


_PICTURES: Final[Mapping[str, Case]] = {
    "plain": Case(),
    "sd-unsaid": Case(light=UNSAID, why=("picture: BT.601 → BT.709",)),
    "bt601": Case(
        light=tagged(primaries="smpte170m", matrix="smpte170m"), why=("picture: BT.601 → BT.709",)
    ),
    "full-range": Case(light=tagged(full=True), why=("picture: full → limited range",)),
    "mjpeg-avi": Case(extension="avi", light="null", picture=JPEG, sound=PCM, why=FULL_JPEG),
    "10-bit": Case(picture=(*X264[:-1], "yuv420p10le"), why=("picture: yuv420p10le → yuv420p",)),
    "4:2:2": Case(picture=(*X264[:-1], "yuv422p"), why=("picture: yuv422p → yuv420p",)),
    "4:4:4": Case(picture=(*X264[:-1], "yuv444p"), why=("picture: yuv444p → yuv420p",)),
    "prores": Case(
        extension="mov",
        picture=("-c:v", "prores_ks", "-profile:v", "0", "-pix_fmt", "yuv422p10le"),
        sound=PCM,
        why=("picture: yuv422p10le → yuv420p",),
    ),
    "hlg": Case(
        light=hdr("arib-std-b67"),
        picture=HEVC10,
        why=("picture: HLG → SDR", "picture: yuv420p10le → yuv420p"),
    ),
    "pq": Case(
        light=hdr("smpte2084"),
        picture=HEVC10,
        why=("picture: PQ → SDR", "picture: yuv420p10le → yuv420p"),
    ),
    "dolby-vision-8.4": Case(
        extension="mov",
        light=hdr("arib-std-b67"),
        picture=HEVC10,
        patch=dolby_vision(8, 4),
        why=(
            "picture: Dolby Vision profile 8 by its base layer",
            "picture: HLG → SDR",
            "picture: yuv420p10le → yuv420p",
        ),
    ),
    "display-p3": Case(light=tagged(primaries="smpte432"), why=("picture: wide gamut → BT.709",)),
    "interlaced": Case(
        light=f"{SDR},setfield=tff",
        picture=(*X264, "-flags", "+ilme+ildct", "-x264-params", "tff=1:weightp=0"),
        why=("picture: deinterlaced",),
    ),
    "rotated-90": Case(
        extension="mov", rotation=90, displayed=(180, 320), why=("picture: rotated 90°",)
    ),
    "rotated-180": Case(extension="mov", rotation=180, why=("picture: rotated 180°",)),
    "rotated-270": Case(
        extension="mov", rotation=270, displayed=(180, 320), why=("picture: rotated 270°",)
    ),
    "portrait": Case(size=(180, 320), displayed=(180, 320)),
    "anamorphic": Case(
        light=f"{SDR},setsar=4/3",
        displayed=(427, 180),
        why=("picture: pixels of 4/3 made square",),
    ),
    "odd": Case(
        extension="avi",
        size=(321, 181),
        light="null",
        picture=("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj444p"),
        sound=PCM,
        displayed=(321, 181),
        why=(*FULL_JPEG, "picture: yuvj444p → yuv420p"),
    ),
    "rgb": Case(
        extension="avi",
        size=(160, 90),
        light="format=bgr24",
        picture=("-c:v", "rawvideo", "-pix_fmt", "bgr24"),
        sound=PCM,
        displayed=(160, 90),
        why=("picture: RGB → BT.709", "picture: bgr24 → yuv420p"),
    ),
    "ntsc": Case(rate="30000/1001", frame_rate="30000/1001"),
    "slow-motion-120": Case(rate="120", frame_rate="60", why=("picture: 120 → 60 frames/s",)),
    "slow-motion-240": Case(rate="240", frame_rate="60", why=("picture: 240 → 60 frames/s",)),
    "varying-rate": Case(
        rate="30",
        light=f"{SDR},select='not(eq(mod(n\\,4)\\,2))'",
        more=("-fps_mode", "vfr"),
        frame_rate="23",
        why=("picture: varying rate → 23 frames/s",),
    ),
    "av1": Case(picture=("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p")),
    "mpeg4-avi": Case(
        extension="avi",
        light=UNSAID,
        picture=("-c:v", "mpeg4", "-q:v", "4"),
        sound=("-c:a", "libmp3lame"),
        why=("picture: BT.601 → BT.709",),
    ),
    "opendml-avi": Case(
        extension="avi",
        light=UNSAID,
        picture=("-c:v", "mpeg4", "-q:v", "4"),
        sound=("-c:a", "pcm_s16le"),
        patch=in_two_riffs,
        why=("picture: BT.601 → BT.709",),
    ),
    "wmv": Case(
        extension="wmv",
        light=UNSAID,
        picture=("-c:v", "wmv2", "-q:v", "4"),
        sound=("-c:a", "wmav2"),
        encoder_delay_s=0.086,
        why=("picture: BT.601 → BT.709",),
    ),
    "fragmented": Case(more=("-movflags", "+frag_keyframe+empty_moov+default_base_moof")),
    "a-fifth-of-a-second": Case(
        seconds=0.2, sounds=(), channels=0, lasts_s=0.2, why=("sound: no audio",)
    ),
    "one-frame": Case(seconds=0.04, sounds=(), channels=0, lasts_s=0.04, why=("sound: no audio",)),
    "timecode": Case(extension="mov", more=("-timecode", "01:00:00:00")),
}

PARTS: Final[Mapping[str, Mapping[str, Case]]] = {
    "picture": _PICTURES,
    "sound": SOUNDS,
    "layout": LAYOUTS,
    "choice": CHOICE,
}
"""The cases by what they are about: the headings of the report."""

CASES: Final[Mapping[str, Case]] = {
    name: case for part in PARTS.values() for name, case in part.items()
}
