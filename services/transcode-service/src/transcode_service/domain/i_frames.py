"""I-frame playlists (RFC 8216, 4.3.3.6): pictures alone, for scrubbing and fast forward."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reel_hls.facts import Keyframe, Kind, SegmentFacts
from reel_hls.rates import average_bandwidth, peak_bandwidth
from transcode_service.domain.packaging import Packaging

MIN_TARGET_S: Final = 1
EXTINF_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class IFrame:
    """Bytes `start` to `end` (exclusive) of segment file `name`, on show for `lasts_s` seconds.

    `lasts_s` is what the playlist says, to its last digit, so that rates come out as a reader's.
    """

    name: str
    start: int
    end: int
    lasts_s: float

    @property
    def size_bytes(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class IFrameTrack:
    """Every I-frame of a rendition that a byte range shows, in order; at least one."""

    frames: tuple[IFrame, ...]

    @property
    def target_s(self) -> int:
        longest_s = max(frame.lasts_s for frame in self.frames)
        return max(MIN_TARGET_S, int(longest_s + 0.5))

    @property
    def peak_bandwidth(self) -> int:
        """Bit/s, as RFC 8216 (4.3.4.3) defines it: each I-frame is a segment of its own."""
        return peak_bandwidth(*self._sizes_and_durations(), self.target_s)

    @property
    def average_bandwidth(self) -> int:
        return average_bandwidth(*self._sizes_and_durations())

    def _sizes_and_durations(self) -> tuple[list[int], list[float]]:
        return [one.size_bytes for one in self.frames], [one.lasts_s for one in self.frames]


def i_frame_track(segments: Sequence[SegmentFacts]) -> IFrameTrack:
    """Find the I-frames of a rendition's measured segments, which are given in order.

    An I-frame lasts until the next one, the last one until the picture ends.

    Raises:
        ValueError: there is none that a byte range shows.
    """
    found = list(_shown(segments))
    if not found:
        raise ValueError("no segment holds an I-frame that can be shown alone")
    ends_s = [frame.at_s for _, frame, _ in found[1:]] + [_end_s(segments)]
    return IFrameTrack(
        tuple(
            IFrame(name, start, frame.end, round(until_s - frame.at_s, EXTINF_DIGITS))
            for (name, frame, start), until_s in zip(found, ends_s, strict=True)
        )
    )


def i_frame_playlist(track: IFrameTrack, packaging: Packaging) -> str:
    """Return the I-frame playlist of a rendition, which lies beside its segments."""
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{packaging.version}",
        f"#EXT-X-TARGETDURATION:{track.target_s}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-I-FRAMES-ONLY",
        *([f'#EXT-X-MAP:URI="{packaging.init}"'] if packaging.init else []),
    ]
    for frame in track.frames:
        lines += [f"#EXTINF:{frame.lasts_s:.{EXTINF_DIGITS}f},", _byte_range(frame), frame.name]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def _byte_range(frame: IFrame) -> str:
    return f"#EXT-X-BYTERANGE:{frame.size_bytes}@{frame.start}"


def _shown(segments: Sequence[SegmentFacts]) -> Iterator[tuple[str, Keyframe, int]]:
    """Yield file name, keyframe, and where its bytes start."""
    for segment in segments:
        picture = segment.track(Kind.VIDEO)
        for frame in picture.keyframes if picture else ():
            if frame.start is not None:
                yield segment.uri, frame, frame.start


def _end_s(segments: Sequence[SegmentFacts]) -> float:
    pictures = (segment.track(Kind.VIDEO) for segment in segments)
    return max(picture.end_s for picture in pictures if picture)
