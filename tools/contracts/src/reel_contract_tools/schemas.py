"""JSON Schemas (2020-12) of every Struct that crosses a boundary, and who may send it."""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from typing import Any, Final

import msgspec

import reel_contracts
from reel_contract_tools.direction import Direction
from reel_contracts import base

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PEER_MODULES: Final = frozenset({"reel_contracts.events", "reel_contracts.webhooks"})


def structs() -> Mapping[str, type[msgspec.Struct]]:
    """Return every public Struct of reel_contracts by name, in alphabetical order."""
    found: dict[str, type[msgspec.Struct]] = {}
    for module in pkgutil.iter_modules(reel_contracts.__path__, "reel_contracts."):
        if module.name != base.__name__:
            found |= _structs_of(module.name)
    return dict(sorted(found.items()))


def _structs_of(module_name: str) -> dict[str, type[msgspec.Struct]]:
    members = inspect.getmembers(importlib.import_module(module_name), inspect.isclass)
    return {
        name: member
        for name, member in members
        if issubclass(member, msgspec.Struct) and member.__module__ == module_name
    }


def direction_of(struct: type[msgspec.Struct]) -> Direction:
    """Tell who reads it: we (a request), clients (an answer), or services of any age (both)."""
    if struct.__module__ in PEER_MODULES:
        return Direction.BOTH
    return Direction.REQUEST if issubclass(struct, base.Request) else Direction.ANSWER


def schema_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the Struct's schema as a document of its own."""
    return {"$schema": DIALECT, **msgspec.json.schema(struct)}
