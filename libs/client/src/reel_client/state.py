"""What survives a kill: one small file an upload, readable by its owner alone.

The server's `uploadedParts` decide what is there; this file says which session to ask about, and
which ETags we saw ourselves.
"""

import hashlib
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec
from filelock import FileLock, Timeout
from platformdirs import user_state_path

from reel_client.errors import SourceChanged, StateError, UploadInUse
from reel_client.source import Source

_PRIVATE_DIR = 0o700
_PRIVATE_FILE = 0o600


class UploadRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`etags` is part number → ETag as the store answered our PUT, without quotes."""

    api_url: str
    path: str
    size_bytes: int
    mtime_ns: int
    video_id: UUID
    session_id: UUID | None = None
    etags: dict[int, str] = msgspec.field(default_factory=dict[int, str])


def default_state_dir() -> Path:
    """Return the per-user place for state (XDG state home on Linux)."""
    return user_state_path("reel", appauthor=False) / "uploads"


class StateStore:
    """Records keyed by file path and API; size and modification time must still fit."""

    def __init__(self, directory: Path, api_url: str) -> None:
        self._directory = directory
        self._api_url = api_url.rstrip("/")

    def begin(self, source: Source, video_id: UUID) -> UploadRecord:
        return UploadRecord(
            api_url=self._api_url,
            path=str(source.path),
            size_bytes=source.size_bytes,
            mtime_ns=source.mtime_ns,
            video_id=video_id,
        )

    def load(self, source: Source) -> UploadRecord | None:
        """Return the interrupted upload of this file. Raises SourceChanged, StateError."""
        record = self.find_path(source.path)
        if record is None:
            return None
        if (record.size_bytes, record.mtime_ns) != (source.size_bytes, source.mtime_ns):
            raise SourceChanged(source.path)
        return record

    def find_path(self, path: Path) -> UploadRecord | None:
        """Return the record of this path, whatever the file is now. Raises StateError."""
        return _read(self._file(str(path.expanduser().resolve())))

    def find_id(self, wanted: UUID) -> UploadRecord | None:
        """Return the record whose video or session has this id."""
        for file in sorted(self._directory.glob("*.json")):
            record = _read(file)
            if record and self._fits(record, wanted):
                return record
        return None

    def _fits(self, record: UploadRecord, wanted: UUID) -> bool:
        return record.api_url == self._api_url and wanted in {record.video_id, record.session_id}

    def save(self, record: UploadRecord) -> None:
        """Write atomically: a reader or a kill sees the old record or the new, never half."""
        self._prepare()
        handle, name = tempfile.mkstemp(dir=self._directory, suffix=".tmp")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(record))
            Path(name).replace(self._file(record.path))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def forget(self, path: Path) -> None:
        self._file(str(path)).unlink(missing_ok=True)

    @contextmanager
    def exclusive(self, source: Source) -> Generator[None]:
        """Hold this file's upload for this process. Raises UploadInUse."""
        self._prepare()
        lock = FileLock(self._file(str(source.path)).with_suffix(".lock"), mode=_PRIVATE_FILE)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UploadInUse(source.path) from error
        try:
            yield
        finally:
            lock.release()

    def _prepare(self) -> None:
        self._directory.mkdir(mode=_PRIVATE_DIR, parents=True, exist_ok=True)

    def _file(self, path: str) -> Path:
        key = hashlib.sha256(f"{self._api_url}\0{path}".encode()).hexdigest()[:32]
        return self._directory / f"{key}.json"


def _read(file: Path) -> UploadRecord | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=UploadRecord)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise StateError(f"cannot read {file}: {error}; delete it to start over") from error
