"""Where the stack keeps its things on disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[4]
SERVERS_VENV: Final = REPOSITORY / ".tools" / "servers"
VAR: Final = REPOSITORY / "var"
VAR_VARIABLE: Final = "REEL_VAR"
"""Names another state directory."""
PRIVATE_DIRECTORY: Final = 0o700
LOG_MAX_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True)
class Layout:
    """Paths below one state directory, and the environment the servers are installed in."""

    var: Path
    servers: Path

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def lock(self) -> Path:
        return self.var / "stack.lock"

    @property
    def stackfile(self) -> Path:
        return self.var / "stack.json"

    @property
    def secrets(self) -> Path:
        return self.var / "secrets.json"

    @property
    def settings(self) -> Path:
        """`SERVICE.env`: what a person lays over the settings of a service, if anything."""
        return self.var / "settings"

    @property
    def work(self) -> Path:
        """Segments in flight between FFmpeg and the store."""
        return self.var / "work"

    @property
    def temporary(self) -> Path:
        return self.var / "tmp"

    def log_of(self, name: str) -> Path:
        return self.log / f"{name}.log"

    def directory(self, name: str) -> Path:
        """The state directory of one server, made if it is not there."""
        path = self.var / name
        path.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
        return path

    def program(self, name: str) -> str:
        """A program of the servers' environment."""
        return str(self.servers / "bin" / name)

    def prepare(self) -> None:
        """Make the directories every run needs, and put logs that grew too long aside."""
        self.var.mkdir(parents=True, exist_ok=True)
        for path in (self.log, self.work, self.temporary):
            path.mkdir(exist_ok=True)
        self.directory(self.settings.name)
        for log in self.log.glob("*.log"):
            if log.stat().st_size > LOG_MAX_BYTES:
                log.replace(log.with_suffix(".log.old"))
