"""The stills that FFmpeg left in a work directory."""

from pathlib import Path

from transcode_service.domain import layout
from transcode_service.domain.media_errors import OutputIncomplete
from transcode_service.domain.poster import most_telling
from transcode_service.domain.stills import LUMA_BYTES


def make_directories(work_dir: Path) -> None:
    """Make the directories that FFmpeg writes stills to."""
    for name in (layout.CANDIDATES, layout.SHEETS):
        (work_dir / name).mkdir(parents=True, exist_ok=True)


def stills(work_dir: Path) -> list[Path]:
    """Return the poster, made of its candidates, and the sheets of the storyboard.

    Raises:
        OutputIncomplete: FFmpeg left out some.
    """
    sheets = sorted((work_dir / layout.SHEETS).glob("*.jpg"))
    if not sheets:
        raise OutputIncomplete("FFmpeg left out the storyboard")
    return [_poster(work_dir), *sheets]


def _poster(work_dir: Path) -> Path:
    candidates = sorted((work_dir / layout.CANDIDATES).glob("*.jpg"))
    lumas = _mean_lumas(work_dir / layout.CANDIDATE_LUMA)
    if not candidates or len(lumas) != len(candidates):
        detail = f"{len(candidates)} candidates for the poster, of {len(lumas)} the luma"
        raise OutputIncomplete(detail)
    sizes_bytes = [path.stat().st_size for path in candidates]
    chosen = candidates[most_telling(sizes_bytes, lumas)]
    return chosen.rename(work_dir / layout.POSTER)


def _mean_lumas(path: Path) -> list[int]:
    pixels = path.read_bytes() if path.exists() else b""
    starts = range(0, len(pixels), LUMA_BYTES)
    return [sum(pixels[start : start + LUMA_BYTES]) // LUMA_BYTES for start in starts]
