"""What in a changed JSON Schema breaks the other side.

What old code sends must still be accepted: no property removed or newly required, no type, value
or range taken away. What old code reads must still be there and of the types it knows: no
property removed or made optional, no type added. A value once listed stays listed; a new value or
property is fine, because readers ignore what they do not know.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reel_contract_tools.direction import Direction
from reel_contract_tools.shapes import Schema, allowed_values, alternatives

_LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_FORMS: Final = ("format", "pattern")


@dataclass(frozen=True, slots=True)
class Break:
    """One incompatible change; `where` is a path into the document, `rule` what was broken."""

    where: str
    rule: str


@dataclass(frozen=True, slots=True)
class SchemaComparison:
    """Compares schemas of an old and a new document, in which their references are looked up."""

    old_document: Schema
    new_document: Schema
    direction: Direction

    def breaks(
        self, old: Schema, new: Schema, where: str, seen: frozenset[tuple[int, int]] = frozenset()
    ) -> Iterator[Break]:
        """Yield every break between two schemas and what they contain."""
        befores = alternatives(old, self.old_document)
        afters = alternatives(new, self.new_document)
        yield from self._type_breaks(set(befores), set(afters), where)
        for kind in befores.keys() & afters.keys():
            before, after = befores[kind], afters[kind]
            pair = (id(before), id(after))
            if pair not in seen:
                yield from self._alternative(before, after, where, seen | {pair})

    def _type_breaks(self, old: set[str], new: set[str], where: str) -> Iterator[Break]:
        if self.direction.is_sent:
            for kind in sorted(old - _with_integers(new)):
                yield Break(where, f"type {kind} is no longer accepted")
        if self.direction.is_read:
            for kind in sorted(new - _with_integers(old)):
                yield Break(where, f"may now be {kind}")

    def _alternative(
        self, old: Schema, new: Schema, where: str, seen: frozenset[tuple[int, int]]
    ) -> Iterator[Break]:
        yield from _value_breaks(old, new, where, self.direction)
        if self.direction.is_sent:
            yield from _range_breaks(old, new, where)
        yield from self._property_breaks(old, new, where, seen)
        if "items" in old and "items" in new:
            yield from self.breaks(old["items"], new["items"], f"{where}[]", seen)

    def _property_breaks(
        self, old: Schema, new: Schema, where: str, seen: frozenset[tuple[int, int]]
    ) -> Iterator[Break]:
        befores, afters = old.get("properties", {}), new.get("properties", {})
        required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(befores.keys() - afters.keys()):
            yield Break(f"{where}.{name}", "property removed")
        for name in sorted(befores.keys() & afters.keys()):
            yield from self.breaks(befores[name], afters[name], f"{where}.{name}", seen)
        if self.direction.is_sent:
            for name in sorted(required_after - required_before):
                yield Break(f"{where}.{name}", "property is now required")
            if _is_closed(new) and not _is_closed(old):
                yield Break(where, "unknown properties are now refused")
        if self.direction.is_read:
            for name in sorted((required_before - required_after) & afters.keys()):
                yield Break(f"{where}.{name}", "property may now be absent")


def _with_integers(kinds: set[str]) -> set[str]:
    return kinds | {"integer"} if "number" in kinds else kinds


def _is_closed(schema: Schema) -> bool:
    return schema.get("additionalProperties") is False


def _value_breaks(old: Schema, new: Schema, where: str, direction: Direction) -> Iterator[Break]:
    before, after = allowed_values(old), allowed_values(new)
    if after is None:
        return
    if before is None:
        if direction.is_sent:
            yield Break(where, "values are now a closed list")
        return
    for value in before:
        if value not in after:
            yield Break(where, f"value {value!r} removed")


def _range_breaks(old: Schema, new: Schema, where: str) -> Iterator[Break]:
    for key in _LOWER_BOUNDS:
        if key in new and (key not in old or new[key] > old[key]):
            yield Break(where, f"{key} raised to {new[key]}")
    for key in _UPPER_BOUNDS:
        if key in new and (key not in old or new[key] < old[key]):
            yield Break(where, f"{key} lowered to {new[key]}")
    for key in _FORMS:
        if key in new and new[key] != old.get(key):
            yield Break(where, f"{key} is now {new[key]}")
