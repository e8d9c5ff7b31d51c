"""The program of the probing child: bytes on stdin, one JSON document on stdout, then it ends.

Hostile bytes are decoded here, so the child gives up what it could do harm with before it reads
them: it can open no file and no socket, start no process, and has little memory and time.
Input: a line with the demuxer and the most pixels a picture may have to be decoded, then the film's
first bytes up to the end of stdin.
Output: `{"error": "…"}`, or streams and duration (read by `adapters.prober`).
"""

import io
import json
import resource
import sys
from contextlib import suppress
from fractions import Fraction
from typing import Final

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

BEFOREHAND: Final = (SubtitleStream, SubtitleCodecContext)
"""PyAV imports these with the first film, when the child can open no file any more."""
CPU_S: Final = 20
MEMORY_BYTES: Final = 2 * 1024**3
RGB: Final = 0
FULL_RANGE: Final = 2
OPTIONS: Final = {"enable_drefs": "0", "use_absolute_path": "0", "protocol_whitelist": "pipe"}

Json = dict[str, object]


class Pipe(io.RawIOBase):
    """Bytes that can only be read onwards, as FFmpeg will get them."""

    def __init__(self, data: bytes) -> None:
        self._source = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._source.read(size)


def main() -> None:
    """Answer one question."""
    give_up_powers()
    demuxer, max_pixels = sys.stdin.buffer.readline().decode().split()
    answer = probe(sys.stdin.buffer.read(), demuxer, int(max_pixels))
    sys.stdout.write(json.dumps(answer))


def give_up_powers() -> None:
    """Set the limits for good; descriptors already open stay."""
    for kind, value in (
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def probe(data: bytes, demuxer: str, max_pixels: int) -> Json:
    """Describe the film that starts with `data`, read by this demuxer and no other."""
    try:
        with av.open(
            Pipe(data),
            "r",
            format=demuxer,
            options={**OPTIONS, "format_whitelist": demuxer},
            metadata_errors="replace",
        ) as container:
            return describe(container, max_pixels)
    except (FFmpegError, ValueError, MemoryError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def describe(container: InputContainer, max_pixels: int) -> Json:
    videos = [stream for stream in container.streams.video if not is_cover(stream)]
    best = max(filter(decodable, videos), key=pixels, default=None)
    frame = None
    if best is not None and pixels(best) <= max_pixels:
        frame = first_frame(container, best)
    duration = container.duration
    return {
        "duration_s": duration / av.time_base if duration else None,
        "start_s": (container.start_time or 0) / av.time_base,
        "pictured": frame is not None,
        "video": [
            video(stream, frame if stream is best else None) for stream in container.streams.video
        ],
        "audio": [audio(stream) for stream in container.streams.audio],
    }


def is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def decodable(stream: VideoStream | AudioStream) -> bool:
    return getattr(stream, "codec_context", None) is not None


def pixels(stream: VideoStream) -> int:
    return stream.width * stream.height


def first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    """Decode up to the first picture; it alone knows its rotation."""
    stream.codec_context.thread_count = 1
    with suppress(FFmpegError):
        return next(container.decode(stream), None)
    return None


def video(stream: VideoStream, frame: VideoFrame | None) -> Json:
    known = decodable(stream)
    return {
        **common(stream),
        "width": stream.width if known else 0,
        "height": stream.height if known else 0,
        "pixel_format": stream.pix_fmt if known else None,
        "sample_aspect": text(stream.sample_aspect_ratio) if known else None,
        "rotation_degrees": frame.rotation if frame is not None else 0,
        "average_rate": text(mean_rate(stream)),
        "guessed_rate": text(stream.guessed_rate),
        "cover": is_cover(stream),
        **(light(frame) if frame is not None else {}),
    }


def mean_rate(stream: VideoStream) -> Fraction | None:
    """Without an index of the whole film (fragments) the mean is that of a few frames: a guess."""
    return stream.average_rate if stream.frames or not stream.guessed_rate else None


def light(frame: VideoFrame) -> Json:
    """Tell how the first picture is to be seen: the decoder knows better than the headers."""
    full = frame.color_range == FULL_RANGE or frame.format.name.startswith("yuvj")
    return {
        "primaries": int(frame.color_primaries),
        "transfer": int(frame.color_trc),
        "matrix": RGB if is_rgb(frame) else int(frame.colorspace),
        "full_range": full,
        "interlaced": frame.interlaced_frame,
    }


def is_rgb(frame: VideoFrame) -> bool:
    return frame.format.is_rgb or frame.format.has_palette


def audio(stream: AudioStream) -> Json:
    known = decodable(stream)
    return {
        **common(stream),
        "channels": stream.channels if known else 0,
        "sample_rate_hz": stream.sample_rate if known else 0,
        "default": bool(stream.disposition & Disposition.default),
    }


def common(stream: VideoStream | AudioStream) -> Json:
    known = decodable(stream)
    return {
        "index": stream.index,
        "codec": stream.codec_context.name if known else "unknown",
        "decodable": known,
        "start_s": seconds(stream, stream.start_time),
        "duration_s": seconds(stream, stream.duration or None),
    }


def seconds(stream: VideoStream | AudioStream, ticks: int | None) -> float | None:
    if ticks is None or stream.time_base is None:
        return None
    return float(ticks * stream.time_base)


def text(fraction: Fraction | None) -> str | None:
    return str(fraction) if fraction else None


if __name__ == "__main__":
    main()
