"""Films of the matrix that differ in their sound."""

from collections.abc import Mapping
from typing import Final

from reel_testing.film_card import STEREO, TONE_HZ, Case

MONO: Final = f"sine=frequency={TONE_HZ}:sample_rate=48000"
SURROUND: Final = f"{MONO},aformat=channel_layouts=mono,pan=5.1|FC=c0"
PCM: Final = ("-c:a", "pcm_s16le")


def undecodable_first_sound(film: bytes) -> bytes:
    """Give the first sound a codec that nobody knows, as spatial sound is to most."""
    return film.replace(b"sowt", b"apac", 1)


SOUNDS: Final[Mapping[str, Case]] = {
    "silent": Case(sounds=(), channels=0, why=("sound: no audio",)),
    "mono": Case(sounds=((MONO, 1.0),), channels=1),
    "mono-8-khz": Case(
        extension="3gp",
        size=(176, 144),
        displayed=(176, 144),
        sounds=((f"{MONO},aresample=8000", 1.0),),
        sound=("-c:a", "libopencore_amrnb"),
        channels=1,
    ),
    "5.1": Case(sounds=((SURROUND, 1.0),), why=("sound: 6 channels → stereo",)),
    "ac3-5.1": Case(
        sounds=((SURROUND, 1.0),), sound=("-c:a", "ac3"), why=("sound: 6 channels → stereo",)
    ),
    "pcm": Case(extension="mov", sound=PCM),
    "second-is-default": Case(
        sounds=(("anullsrc=r=48000:cl=stereo", 1.0), (STEREO, 1.0)),
        more=("-disposition:a:0", "0", "-disposition:a:1", "default"),
        why=("streams: skipped further AAC track",),
    ),
    "first-is-undecodable": Case(
        extension="mov",
        sounds=((STEREO, 1.0), (STEREO, 1.0)),
        sound=PCM,
        patch=undecodable_first_sound,
        why=("streams: skipped undecodable APAC track",),
    ),
    "none-is-decodable": Case(
        extension="mov",
        sound=PCM,
        patch=undecodable_first_sound,
        channels=0,
        why=("streams: skipped undecodable APAC track", "sound: no audio"),
    ),
    "shorter": Case(
        seconds=2.0,
        lasts_s=2.0,
        why=("sound: shorter than the picture: silence for its last {:.3f} s",),
    ),
    "longer": Case(
        sounds=((STEREO, 2.0),),
        lasts_s=2.0,
        why=("picture: last one held {:.3f} s, until the sound ends",),
    ),
    "sound-late": Case(
        seconds=2.0,
        sounds=((STEREO, 1.5),),
        sound_late_s=0.5,
        lasts_s=2.0,
        why=("sound: silence for {:.3f} s, until its own start",),
    ),
    "picture-late": Case(
        picture_late_s=0.5,
        sounds=((STEREO, 1.5),),
        lasts_s=1.5,
        why=("picture: first picture held {:.3f} s, until its own start",),
    ),
}
