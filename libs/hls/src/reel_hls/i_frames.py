"""Whether the byte ranges of an I-frame playlist hold I-frames, each alone and whole."""

from collections.abc import Iterable, Iterator
from typing import Final

from reel_hls.facts import Keyframe, Kind, SegmentFacts
from reel_hls.findings import Code, Finding, error
from reel_hls.playlists import MediaPlaylist, Segment
from reel_hls.presentation import Presentation

LEAD_BYTES: Final = 1024
"""Tables of MPEG-TS, or a segment's type and index boxes, may come before the picture."""


def check_i_frames(playlist: MediaPlaylist, presentation: Presentation) -> Iterator[Finding]:
    """Hold the ranges of an I-frame playlist against the keyframes of the segments."""
    measured = _by_uri(presentation)
    for listed in playlist.segments:
        keyframes = measured.get(listed.uri)
        if keyframes is not None and not any(_shows(listed, frame) for frame in keyframes):
            where = (
                f"bytes {listed.part.start}-{listed.part.end - 1}" if listed.part else "the file"
            )
            message = f"{where} of {listed.uri} do not hold one whole I-frame"
            yield error(Code.I_FRAME_RANGE, playlist.uri, message)


def _by_uri(presentation: Presentation) -> dict[str, list[Keyframe]]:
    found = dict[str, list[Keyframe]]()
    renditions = [*presentation.renditions.values(), *presentation.i_frames.values()]
    for segment in _measured(one.segments for one in renditions):
        track = segment.track(Kind.VIDEO)
        found.setdefault(segment.uri, []).extend(track.keyframes if track else ())
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
