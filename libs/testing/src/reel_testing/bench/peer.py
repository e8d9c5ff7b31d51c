"""Shaka Streamer on the same film at the same x264 preset, and how both results look.

Its bit rates are its own defaults and its keyframes are 6 s apart, which saves it bytes; ours are
2 s apart. Neither side uploads anything here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from reel_testing.bench.figures import OURS, THEIRS, Figure, fact
from reel_testing.bench.timed import timed
from reel_testing.bench.transcodes import Ladder
from reel_testing.quality.vmaf import vmaf
from reel_testing.tree import ROOT
from transcode_service.domain.layout import PLAYLIST
from transcode_service.domain.packaging import FMP4
from transcode_service.domain.playlist import parse_media_playlist
from transcode_service.settings import DEFAULT_PRESET

PYTHON: Final = ROOT / ".tools" / "peer" / "bin" / "python"
SCRIPT: Final = ROOT / "tests" / "load" / "peer" / "shaka.py"
WITHIN_S: Final = 600.0
LOOKED_AT_S: Final = 20.0
EVERY_FRAMES: Final = 10
FULL_HD: Final = (1920, 1080)
MB: Final = 1_000_000


def peer_figures(ladder: Ladder, film: Path, out: Path) -> Mapping[str, Figure]:
    """Measure wall, CPU, bytes and VMAF of both. Blocks."""
    command = [str(PYTHON), str(SCRIPT), str(film), str(out), DEFAULT_PRESET]
    cost = timed(command, within_s=WITHIN_S)
    ours = {path.name: _joined(path) for path in ladder.renditions}
    size = sum(_size(path) for path in ladder.renditions)
    return {
        f"{OURS}wall": fact(ladder.cost.wall_s, "s"),
        f"{OURS}cpu": fact(ladder.cost.cpu_s, "s"),
        f"{OURS}size": fact(size / MB, "MB"),
        **_looks(OURS, ours, film),
        f"{THEIRS}wall": fact(cost.wall_s, "s"),
        f"{THEIRS}cpu": fact(cost.cpu_s, "s"),
        f"{THEIRS}size": fact(_size(out) / MB, "MB"),
        **_looks(THEIRS, {label: _playlist(out, label) for label in ours}, film),
    }


def _looks(whose: str, playlists: Mapping[str, Path], film: Path) -> dict[str, Figure]:
    return {
        f"{whose}vmaf_{label}": fact(
            vmaf(path, film, FULL_HD, every_frames=EVERY_FRAMES, seconds=LOOKED_AT_S).tv, "VMAF"
        )
        for label, path in playlists.items()
    }


def _joined(rendition: Path) -> Path:
    """Write the segments of a rendition into one film, beside it.

    FFmpeg's own playlist does not play: the first segment's fragments lie in the initialization
    section until the worker moves them (ADR 27). In one film they are in order.
    """
    film = rendition.with_suffix(".mp4")
    with film.open("wb") as joined:
        for name in filter(None, (FMP4.init, *_segments(rendition))):
            joined.write((rendition / name).read_bytes())
    return film


def _segments(rendition: Path) -> list[str]:
    playlist = parse_media_playlist((rendition / PLAYLIST).read_text())
    return [name for name, _ in playlist.segments]


def _playlist(out: Path, label: str) -> Path:
    """Find the one whose segments are of this rung: the peer numbers its playlists."""
    named = (path for path in out.glob("stream_*.m3u8") if f"video_{label}_" in path.read_text())
    return next(named)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
