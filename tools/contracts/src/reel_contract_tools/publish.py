"""Where the generated documents live, and how they are written: the same bytes each time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from reel_contract_tools.openapi import APPS, openapi_of
from reel_contract_tools.schemas import schema_of, structs

Documents = Mapping[str, dict[str, Any]]

SCHEMAS: Final = "schemas"
OPENAPI: Final = "openapi"
BASELINE: Final = "baseline"


def generate() -> Documents:
    """Return every document, as its JSON reads, by its path below `contracts/`."""
    schemas = {f"{SCHEMAS}/{name}.json": schema_of(struct) for name, struct in structs().items()}
    openapi = {f"{OPENAPI}/{service}.json": openapi_of(service) for service in APPS}
    return {
        name: msgspec.json.decode(encode(document))
        for name, document in (schemas | openapi).items()
    }


def encode(document: Mapping[str, Any]) -> bytes:
    """Return the document as committed: sorted keys, two spaces, a final line feed."""
    compact = msgspec.json.encode(document, order="sorted")
    return msgspec.json.format(compact, indent=2) + b"\n"


def write(documents: Documents, folder: Path) -> None:
    """Make the two folders hold exactly these documents."""
    for stale in [*folder.glob(f"{SCHEMAS}/*.json"), *folder.glob(f"{OPENAPI}/*.json")]:
        if str(stale.relative_to(folder)) not in documents:
            stale.unlink()
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(document))


def read(folder: Path) -> Documents:
    """Return the committed documents by their path below the folder."""
    paths = [*folder.glob(f"{SCHEMAS}/*.json"), *folder.glob(f"{OPENAPI}/*.json")]
    return {
        str(path.relative_to(folder)): msgspec.json.decode(path.read_bytes())
        for path in sorted(paths)
    }
