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
from typing import TypeVar
from uuid import UUID

import msgspec
from filelock import FileLock, Timeout
from platformdirs import user_state_path

from reel_client.errors import SourceChanged, StateError, UploadInUse
from reel_client.source import Source
from reel_kernel.ids import new_id

T = TypeVar("T")

_PRIVATE_DIR = 0o700
_PRIVATE_FILE = 0o600


class UploadRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`etags` is part number → ETag as the store answered our PUT, without quotes.

    `checksums` are those of our own bytes, by part number. `session_key` is the idempotency key of
    the request that opens a session, kept before it is sent: a run after a kill repeats it.
    """

    api_url: str
    path: str
    size_bytes: int
    mtime_ns: int
    video_id: UUID
    session_id: UUID | None = None
    etags: dict[int, str] = msgspec.field(default_factory=dict[int, str])
    checksums: dict[int, str] = msgspec.field(default_factory=dict[int, str])
    session_key: UUID | None = None


class _VideoKey(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The idempotency key of the request that creates a video, and what it is for."""

    key: UUID
    size_bytes: int
    mtime_ns: int
    title: str
    description: str | None


def default_state_dir() -> Path:
    """Return the per-user place for state (XDG state home on Linux)."""
    return user_state_path("reel", appauthor=False) / "uploads"


class StateStore:
    """Records keyed by file path and API; size and modification time must still fit."""

    def __init__(self, directory: Path, api_url: str) -> None:
        self._directory = directory
        self._api_url = api_url.rstrip("/")

    def begin(
        self, source: Source, video_id: UUID, session_key: UUID | None = None
    ) -> UploadRecord:
        return UploadRecord(
            api_url=self._api_url,
            path=str(source.path),
            size_bytes=source.size_bytes,
            mtime_ns=source.mtime_ns,
            video_id=video_id,
            session_key=session_key or new_id(),
        )

    def video_key(self, source: Source, *, title: str, description: str | None) -> UUID:
        """Return the key to create this file's video with: after a kill, the one from before.

        Raises:
            StateError: the key from before cannot be read.
        """
        file = self._key_file(source.path)
        wanted = _VideoKey(
            key=new_id(),
            size_bytes=source.size_bytes,
            mtime_ns=source.mtime_ns,
            title=title,
            description=description,
        )
        found = _read(file, _VideoKey)
        if found and msgspec.structs.replace(found, key=wanted.key) == wanted:
            return found.key
        self._write(file, wanted)
        return wanted.key

    def forget_video_key(self, path: Path) -> None:
        """Use another key from now on: there is a video, or the request was refused for good."""
        self._key_file(path).unlink(missing_ok=True)

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
        return _read(self._file(str(path.expanduser().resolve())), UploadRecord)

    def find_id(self, wanted: UUID) -> UploadRecord | None:
        """Return the record whose video or session has this id."""
        for file in sorted(self._directory.glob("*.json")):
            record = _read(file, UploadRecord)
            if record and self._fits(record, wanted):
                return record
        return None

    def _fits(self, record: UploadRecord, wanted: UUID) -> bool:
        return record.api_url == self._api_url and wanted in {record.video_id, record.session_id}

    def save(self, record: UploadRecord) -> None:
        """Write atomically: a reader or a kill sees the old record or the new, never half."""
        self._write(self._file(record.path), record)

    def _write(self, target: Path, content: msgspec.Struct) -> None:
        self._prepare()
        handle, name = tempfile.mkstemp(dir=self._directory, suffix=".tmp")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(content))
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def forget(self, path: Path) -> None:
        self._file(str(path)).unlink(missing_ok=True)
        self.forget_video_key(path)

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

    def _key_file(self, path: Path) -> Path:
        return self._file(str(path)).with_suffix(".key")

    def _file(self, path: str) -> Path:
        key = hashlib.sha256(f"{self._api_url}\0{path}".encode()).hexdigest()[:32]
        return self._directory / f"{key}.json"


def _read(file: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise StateError(f"cannot read {file}: {error}; delete it to start over") from error
