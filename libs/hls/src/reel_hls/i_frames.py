"""Whether an I-frame playlist's byte ranges hold I-frames, each alone and whole, in their time."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from reel_hls.facts import Keyframe, Kind, SegmentFacts, TrackFacts
from reel_hls.findings import Code, Finding, error
from reel_hls.playlists import MediaPlaylist, Segment
from reel_hls.presentation import Presentation
from reel_hls.timeline import EXTINF_TOLERANCE_S

LEAD_BYTES: Final = 1024
"""Tables of MPEG-TS, or a segment's type and index boxes, may come before the picture."""


def check_i_frames(playlist: MediaPlaylist, presentation: Presentation) -> Iterator[Finding]:
    """Hold the ranges and times of an I-frame playlist against the keyframes of the segments."""
    measured = _pictures(presentation)
    shown = list[Keyframe | None]()
    for listed in playlist.segments:
        pictures = measured.get(listed.uri)
        keyframes = [frame for picture in pictures or () for frame in picture.keyframes]
        shown.append(next((frame for frame in keyframes if _shows(listed, frame)), None))
        if pictures is not None and shown[-1] is None:
            where = (
                f"bytes {listed.part.start}-{listed.part.end - 1}" if listed.part else "the file"
            )
            message = f"{where} of {listed.uri} do not hold one whole I-frame"
            yield error(Code.I_FRAME_RANGE, playlist.uri, message)
    yield from _check_times(playlist, shown)


def pictures_of(playlist: MediaPlaylist, presentation: Presentation) -> list[TrackFacts]:
    """Return the measured pictures that an I-frame playlist refers to."""
    measured = _pictures(presentation)
    uris = dict.fromkeys(listed.uri for listed in playlist.segments)
    return [picture for uri in uris for picture in measured.get(uri, ())]


def _check_times(playlist: MediaPlaylist, shown: Sequence[Keyframe | None]) -> Iterator[Finding]:
    """An I-frame lasts until the next one (RFC 8216, 4.3.3.6); totals are compared elsewhere."""
    for listed, (frame, following) in zip(playlist.segments, pairwise(shown), strict=False):
        if frame is None or following is None or listed.discontinuity:
            continue
        lasts_s = following.at_s - frame.at_s
        if abs(listed.extinf_s - lasts_s) > EXTINF_TOLERANCE_S:
            message = (
                f"the I-frame at {frame.at_s:.3f} s is said to last {listed.extinf_s:.3f} s, "
                f"but the next comes after {lasts_s:.3f} s"
            )
            yield error(Code.EXTINF, playlist.uri, message)


def _pictures(presentation: Presentation) -> dict[str, list[TrackFacts]]:
    """Return the pictures of every measured segment by its URI."""
    found = dict[str, list[TrackFacts]]()
    renditions = [*presentation.renditions.values(), *presentation.i_frames.values()]
    for segment in _measured(one.segments for one in renditions):
        track = segment.track(Kind.VIDEO)
        found.setdefault(segment.uri, []).extend([track] if track else ())
    return found


def _measured(groups: Iterable[Iterable[SegmentFacts | None]]) -> Iterator[SegmentFacts]:
    for group in groups:
        yield from (segment for segment in group if segment)


def _shows(listed: Segment, frame: Keyframe) -> bool:
    if frame.start is None:
        return False
    if listed.part is None:
        return frame.start <= LEAD_BYTES
    return 0 <= frame.start - listed.part.start <= LEAD_BYTES and frame.end <= listed.part.end
