"""Time: each rendition against itself, and renditions against each other."""

from collections.abc import Iterator
from itertools import pairwise
from math import remainder
from typing import Final

from reel_hls.facts import Kind, SegmentFacts
from reel_hls.findings import Code, Finding, error
from reel_hls.mpegts import CLOCK_HZ, WRAP
from reel_hls.playlists import MediaPlaylist, Segment
from reel_hls.presentation import Presentation, Rendition

EXTINF_TOLERANCE_S: Final = 0.05
GAP_TOLERANCE_S: Final = 0.05
TOTAL_TOLERANCE_S: Final = 0.1
AV_TOLERANCE_S: Final = 0.05
SAME_TIME_S: Final = 0.002
"""Clocks of renditions may tick differently: 90 kHz here, multiples of the frame rate there."""
_WRAP_S: Final = WRAP / CLOCK_HZ


def check_playlist(playlist: MediaPlaylist) -> Iterator[Finding]:
    """Hold a media playlist against itself."""
    if not playlist.ended:
        yield error(Code.NOT_ENDED, playlist.uri, "a finished film has an EXT-X-ENDLIST")
    longest_s = max(segment.extinf_s for segment in playlist.segments)
    if not playlist.i_frames_only and int(longest_s + 0.5) > playlist.target_s:
        message = f"a segment of {longest_s:.3f} s is above the target of {playlist.target_s:g} s"
        yield error(Code.TARGET_DURATION, playlist.uri, message)


def check_rendition(rendition: Rendition, *, independent: bool) -> Iterator[Finding]:
    """Hold the segments of one rendition against its playlist; `independent` is what is claimed."""
    for listed, measured in zip(rendition.playlist.segments, rendition.segments, strict=True):
        if measured:
            yield from _check_segment(listed, measured, independent=independent)
    yield from _check_total(rendition)
    yield from _check_gaps(rendition)
    yield from _check_tracks(rendition)
    yield from _check_av_start(rendition)


def _check_segment(
    listed: Segment, measured: SegmentFacts, *, independent: bool
) -> Iterator[Finding]:
    track = measured.leading
    if track is None:
        return
    frame_s = track.duration_s / max(1, track.frames)
    if abs(listed.extinf_s - track.duration_s) > max(EXTINF_TOLERANCE_S, frame_s):
        message = f"EXTINF is {listed.extinf_s:.3f} s, but it lasts {track.duration_s:.3f} s"
        yield error(Code.EXTINF, measured.uri, message)
    if independent and not track.starts_with_idr:
        yield error(Code.NO_IDR, measured.uri, "it is said to be independent, but begins mid-GOP")


def _check_total(rendition: Rendition) -> Iterator[Finding]:
    if None in rendition.segments:
        return
    declared_s, measured_s = rendition.playlist.duration_s, rendition.duration_s
    if abs(declared_s - measured_s) > TOTAL_TOLERANCE_S:
        message = f"EXTINFs come to {declared_s:.3f} s, the segments to {measured_s:.3f} s"
        yield error(Code.EXTINF, rendition.playlist.uri, message)


def _check_gaps(rendition: Rendition) -> Iterator[Finding]:
    listed = rendition.playlist.segments
    for (_, before), (place, after) in pairwise(zip(listed, rendition.segments, strict=True)):
        if before is None or after is None or place.discontinuity:
            continue
        for kind in Kind:
            ending, starting = before.track(kind), after.track(kind)
            if ending is None or starting is None:
                continue
            gap_s = remainder(starting.start_s - ending.end_s, _WRAP_S)
            if abs(gap_s) > GAP_TOLERANCE_S:
                message = f"its {kind} starts {gap_s:+.3f} s from where the one before ended"
                yield error(Code.TIMELINE_GAP, after.uri, message)


def _check_tracks(rendition: Rendition) -> Iterator[Finding]:
    """Find segments that lack what others have; the end of a film may, for a moment."""
    for kind in Kind:
        known = [segment for segment in rendition.segments if segment]
        without = [segment for segment in known if segment.track(kind) is None]
        if len(without) == len(known):
            continue
        for segment in without:
            if segment.leading and segment.leading.duration_s > AV_TOLERANCE_S:
                message = f"it has no {kind}, which others of its rendition have"
                yield error(Code.TRACK_MISSING, segment.uri, message)


def _check_av_start(rendition: Rendition) -> Iterator[Finding]:
    first = rendition.segments[0]
    picture, sound = (first.track(kind) if first else None for kind in Kind)
    if picture and sound:
        yield from _check_starts(rendition.playlist.uri, picture.start_s, sound.start_s)


def _check_starts(uri: str, picture_s: float, sound_s: float) -> Iterator[Finding]:
    if abs(sound_s - picture_s) > AV_TOLERANCE_S:
        message = f"the sound starts {sound_s - picture_s:+.3f} s from the picture"
        yield error(Code.AV_START, uri, message)


def check_together(presentation: Presentation) -> Iterator[Finding]:
    """Hold the variants of a presentation, and their separate sound, against each other."""
    if presentation.master is None:
        return
    uris = dict.fromkeys(variant.uri for variant in presentation.master.variants)
    variants = [found for uri in uris if (found := presentation.renditions.get(uri))]
    if variants:
        yield from _check_lengths(presentation, variants[0])
        for other in variants[1:]:
            yield from _check_keyframes(variants[0], other)
        yield from _check_separate_sound(presentation, variants[0])


def _check_lengths(presentation: Presentation, first: Rendition) -> Iterator[Finding]:
    for uri, other in (presentation.renditions | presentation.i_frames).items():
        difference_s = other.playlist.duration_s - first.playlist.duration_s
        if abs(difference_s) > max(TOTAL_TOLERANCE_S, 0.01 * first.playlist.duration_s):
            message = f"it is {difference_s:+.3f} s longer than {first.playlist.uri}"
            yield error(Code.DURATIONS_DIFFER, uri, message)


def _check_keyframes(first: Rendition, other: Rendition) -> Iterator[Finding]:
    if None in first.segments or None in other.segments:
        return
    ours, theirs = _keyframes(first), _keyframes(other)
    if not ours or not theirs:
        return
    apart = (
        pair for pair in zip(ours, theirs, strict=False) if abs(pair[0] - pair[1]) > SAME_TIME_S
    )
    at = next(apart, None)
    if at is None and len(ours) == len(theirs):
        return
    where = f"at {at[1]:.3f} s, not {at[0]:.3f} s" if at else f"{len(theirs)}, not {len(ours)}"
    message = f"its keyframes are not those of {first.playlist.uri}: {where}"
    yield error(Code.KEYFRAMES_MISALIGNED, other.playlist.uri, message)


def _keyframes(rendition: Rendition) -> list[float]:
    return [frame.at_s for track in rendition.tracks(Kind.VIDEO) for frame in track.keyframes]


def _check_separate_sound(presentation: Presentation, first: Rendition) -> Iterator[Finding]:
    picture = next(first.tracks(Kind.VIDEO), None)
    for audio in presentation.master.audio if presentation.master else ():
        rendition = presentation.renditions.get(audio.uri)
        sound = next(rendition.tracks(Kind.AUDIO), None) if rendition else None
        if picture and sound:
            yield from _check_starts(audio.uri, picture.start_s, sound.start_s)
