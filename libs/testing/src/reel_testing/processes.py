"""Which processes belong to a state directory."""

from pathlib import Path
from typing import Final

MENTIONS: Final = ("cmdline", "environ")


def processes_of(directory: Path) -> list[str]:
    """Every live process whose command line, environment or working directory names it.

    Given as `PID COMMAND`, to be read in a failed assertion.
    """
    needle = str(directory).encode()
    return [
        f"{process.name} {_read(process / 'cmdline').replace(bytes(1), b' ').decode()}"
        for process in Path("/proc").glob("[0-9]*")
        if _names(process, needle)
    ]


def _names(process: Path, needle: bytes) -> bool:
    try:
        here = str((process / "cwd").readlink()).encode()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        here = b""
    return needle in here or any(needle in _read(process / name) for name in MENTIONS)


def _read(path: Path) -> bytes:
    """The file's content; empty when the process is gone or another user's."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""
