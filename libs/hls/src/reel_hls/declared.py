"""What a master playlist declares of a variant, against what its segments are."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from reel_hls.facts import Kind, TrackFacts
from reel_hls.findings import Code, Finding, error, warning
from reel_hls.playlists import Variant
from reel_hls.presentation import Presentation, Rendition
from reel_hls.rates import average_bandwidth, peak_bandwidth

RATE_TOLERANCE: Final = 0.10
FRAME_RATE_TOLERANCE: Final = 0.01


def check_variant(variant: Variant, presentation: Presentation) -> Iterator[Finding]:
    """Hold one variant against its rendition and the sound that plays with it."""
    rendition = presentation.renditions.get(variant.uri)
    if rendition is None:
        return
    sound = [
        found
        for audio in (presentation.master.audio if presentation.master else ())
        if audio.group == variant.audio and (found := presentation.renditions.get(audio.uri))
    ]
    yield from _check_rates(variant, rendition, sound)
    playing = [rendition, *sound]
    measured = {track.codec for one in playing for kind in Kind for track in one.tracks(kind)}
    yield from _check_codecs(variant, measured)
    yield from _check_picture(variant, rendition)


def check_i_frame_variant(
    variant: Variant, rendition: Rendition, pictures: Sequence[TrackFacts]
) -> Iterator[Finding]:
    """Hold an I-frame variant against its byte ranges and the pictures that they are cut from."""
    listed = rendition.playlist.segments
    if all(segment.part for segment in listed):
        sizes = [segment.part.end - segment.part.start for segment in listed if segment.part]
        durations_s = [segment.extinf_s for segment in listed]
        peak = peak_bandwidth(sizes, durations_s, rendition.playlist.target_s)
        yield from _check_rate(Code.BANDWIDTH, variant.uri, variant.bandwidth, peak)
        yield from _check_average(variant, average_bandwidth(sizes, durations_s))
    if pictures:
        yield from _check_codecs(variant, {picture.codec for picture in pictures})
        yield from _check_size(variant, pictures)


def _check_rates(
    variant: Variant, rendition: Rendition, sound: Sequence[Rendition]
) -> Iterator[Finding]:
    rates = [_rates(one) for one in (rendition, *sound)]
    if None in rates:
        return
    known = [rate for rate in rates if rate]
    peak, average = (
        known[0][place] + max((rate[place] for rate in known[1:]), default=0) for place in (0, 1)
    )
    yield from _check_rate(Code.BANDWIDTH, variant.uri, variant.bandwidth, peak)
    yield from _check_average(variant, average)


def _rates(rendition: Rendition) -> tuple[int, int] | None:
    """Return the measured peak and average in bit/s; None unless every segment is known."""
    sizes = [segment.size_bytes for segment in rendition.segments if segment]
    durations_s = [segment.extinf_s for segment in rendition.playlist.segments]
    if len(sizes) != len(durations_s) or sum(durations_s) <= 0:
        return None
    peak = peak_bandwidth(sizes, durations_s, rendition.playlist.target_s)
    return peak, average_bandwidth(sizes, durations_s)


def _check_rate(code: Code, uri: str, declared: int, measured: int) -> Iterator[Finding]:
    if abs(declared - measured) > RATE_TOLERANCE * measured:
        yield error(code, uri, f"{declared} bit/s declared, {measured} measured")


def _check_average(variant: Variant, measured: int) -> Iterator[Finding]:
    declared = variant.average_bandwidth
    if declared is None:
        yield warning(Code.AVERAGE_BANDWIDTH, variant.uri, f"not declared; it is {measured} bit/s")
    else:
        yield from _check_rate(Code.AVERAGE_BANDWIDTH, variant.uri, declared, measured)


def _check_codecs(variant: Variant, measured: AbstractSet[str]) -> Iterator[Finding]:
    if not variant.codecs:
        yield error(Code.CODECS, variant.uri, f"not declared; they are {_listed(measured)}")
        return
    declared = {codec.lower() for codec in variant.codecs}
    matched = {found for found in measured if any(_is_same(found, one) for one in declared)}
    extra = {one for one in declared if not any(_is_same(found, one) for found in measured)}
    if measured and (extra or matched != measured):
        message = f"{_listed(variant.codecs)} declared, {_listed(measured)} measured"
        yield error(Code.CODECS, variant.uri, message)


def _is_same(measured: str, declared: str) -> bool:
    """A measured codec without a dot is known by its first part alone."""
    measured = measured.lower()
    return declared == measured or declared.partition(".")[0] == measured


def _listed(codecs: AbstractSet[str]) -> str:
    return ", ".join(sorted(codecs)) or "none"


def _check_picture(variant: Variant, rendition: Rendition) -> Iterator[Finding]:
    pictures = list(rendition.tracks(Kind.VIDEO))
    if not pictures:
        return
    yield from _check_size(variant, pictures)
    seconds = sum(track.duration_s for track in pictures)
    measured_rate = sum(track.frames for track in pictures) / seconds if seconds else 0.0
    if variant.frame_rate is None:
        yield warning(Code.FRAME_RATE, variant.uri, f"not declared; it is {measured_rate:.3f}")
    elif abs(variant.frame_rate - measured_rate) > FRAME_RATE_TOLERANCE * variant.frame_rate:
        message = f"{variant.frame_rate:.3f} declared, {measured_rate:.3f} measured"
        yield error(Code.FRAME_RATE, variant.uri, message)


def _check_size(variant: Variant, pictures: Sequence[TrackFacts]) -> Iterator[Finding]:
    sizes = {track.size for track in pictures if track.size}
    if variant.resolution is None:
        yield warning(Code.RESOLUTION, variant.uri, "not declared")
    elif sizes and sizes != {variant.resolution}:
        measured = ", ".join(sorted(f"{width}x{height}" for width, height in sizes))
        declared = "x".join(map(str, variant.resolution))
        yield error(Code.RESOLUTION, variant.uri, f"{declared} declared, {measured} measured")
