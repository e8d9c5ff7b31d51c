"""What in a changed OpenAPI document breaks a client.

No path, operation, status, media type, header or parameter goes away; nothing more is asked for:
no new required parameter or body, no new credential. Bodies follow `schema_breaks`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reel_contract_tools.direction import Direction
from reel_contract_tools.schema_breaks import Break, SchemaComparison
from reel_contract_tools.shapes import Schema, resolve

METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


@dataclass(frozen=True, slots=True)
class OpenApiComparison:
    """Compares two OpenAPI 3.1 documents of one service."""

    old: Schema
    new: Schema

    def breaks(self) -> Iterator[Break]:
        """Yield every incompatible change from the old document to the new."""
        for path, before in self.old["paths"].items():
            after = self.new["paths"].get(path)
            if after is None:
                yield Break(path, "path removed")
            else:
                yield from self._path(path, before, after)

    def _path(self, path: str, old: Schema, new: Schema) -> Iterator[Break]:
        for method in sorted(METHODS & old.keys()):
            where = f"{method.upper()} {path}"
            if method in new:
                yield from self._operation(where, old[method], new[method])
            else:
                yield Break(where, "operation removed")

    def _operation(self, where: str, old: Schema, new: Schema) -> Iterator[Break]:
        yield from self._parameters(where, old, new)
        yield from self._request_body(f"{where} body", old, new)
        yield from self._responses(where, old["responses"], new["responses"])
        if self._asks_for_credentials(new, self.new) and not self._asks_for_credentials(
            old, self.old
        ):
            yield Break(where, "a credential is now required")

    def _parameters(self, where: str, old: Schema, new: Schema) -> Iterator[Break]:
        befores, afters = self._named(old, self.old), self._named(new, self.new)
        for name, before in befores.items():
            if name not in afters:
                yield Break(f"{where} {name}", "parameter removed")
            else:
                comparison = SchemaComparison(self.old, self.new, Direction.REQUEST)
                schemas = before.get("schema", {}), afters[name].get("schema", {})
                yield from comparison.breaks(*schemas, f"{where} {name}")
        for name, after in afters.items():
            if after.get("required") and not befores.get(name, {}).get("required"):
                yield Break(f"{where} {name}", "parameter is now required")

    def _request_body(self, where: str, old: Schema, new: Schema) -> Iterator[Break]:
        before = resolve(old.get("requestBody", {}), self.old)
        after = resolve(new.get("requestBody", {}), self.new)
        if after.get("required") and not before.get("required"):
            yield Break(where, "a body is now required")
        yield from self._contents(where, before, after, Direction.REQUEST)

    def _responses(self, where: str, old: Schema, new: Schema) -> Iterator[Break]:
        for status, response in old.items():
            if status not in new:
                yield Break(f"{where} {status}", "status removed")
                continue
            before, after = resolve(response, self.old), resolve(new[status], self.new)
            for header in sorted(
                before.get("headers", {}).keys() - after.get("headers", {}).keys()
            ):
                yield Break(f"{where} {status} {header}", "header removed")
            yield from self._contents(f"{where} {status}", before, after, Direction.ANSWER)

    def _contents(
        self, where: str, old: Schema, new: Schema, direction: Direction
    ) -> Iterator[Break]:
        befores, afters = old.get("content", {}), new.get("content", {})
        comparison = SchemaComparison(self.old, self.new, direction)
        for media_type, before in befores.items():
            if media_type not in afters:
                yield Break(f"{where} {media_type}", "media type removed")
            else:
                schemas = before.get("schema", {}), afters[media_type].get("schema", {})
                yield from comparison.breaks(*schemas, where)

    @staticmethod
    def _named(operation: Schema, document: Schema) -> Mapping[str, Schema]:
        found = [resolve(parameter, document) for parameter in operation.get("parameters", ())]
        return {f"{parameter['in']} {parameter['name']}": parameter for parameter in found}

    @staticmethod
    def _asks_for_credentials(operation: Schema, document: Schema) -> bool:
        asked: list[dict[str, Any]] = operation.get("security", document.get("security", []))
        return bool(asked) and {} not in asked
