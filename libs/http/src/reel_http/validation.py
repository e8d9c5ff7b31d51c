"""JSON bodies into typed Structs, and msgspec's complaints into field errors."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar, cast

import msgspec

from reel_kernel.errors import DomainError, FieldError, InvalidRequest

T = TypeVar("T")

_LOCATION: Final = re.compile(
    r"^(?P<what>.*?)(?: - at (?:`key` in )?`\$(?P<path>[^`]*)`)?$", re.DOTALL
)
_UNREADABLE: Final = (UnicodeDecodeError, RecursionError)
_MISSING: Final = re.compile(r"^Object missing required field `(?P<name>[^`]+)`$")
_UNKNOWN: Final = re.compile(r"^Object contains unknown field `(?P<name>[^`]+)`$")


class MalformedJson(DomainError):
    """The body is no JSON text (RFC 8259): empty, cut short, or not UTF-8."""

    code = "malformed-json"
    title = "The request body is not valid JSON"


def decode_body(body: bytes, type_: type[T]) -> T:
    """Decode a JSON body strictly: no number is made out of a string.

    Raises:
        MalformedJson: not JSON at all.
        InvalidRequest: JSON of another shape; `errors` names every top-level field at fault, and
            within one field the first fault.
    """
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise InvalidRequest(errors=_every_error(_parse(body), type_, error)) from error
    except (msgspec.DecodeError, *_UNREADABLE) as error:
        raise MalformedJson(str(error)) from error


def _parse(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, *_UNREADABLE) as error:
        raise MalformedJson(str(error)) from error


def field_error(message: str, *, within: str = "") -> FieldError:
    """Turn one msgspec message into a field error; `within` is the path it is relative to.

    A message ending in "at `$.parts[0].partNumber`" names the field `parts[0].partNumber`.
    """
    located = _LOCATION.match(message)
    what, path = (located["what"], located["path"] or "") if located else (message, "")
    path = f"{within}{path}".removeprefix(".")
    if missing := _MISSING.match(what):
        return FieldError(field=_join(path, missing["name"]), code="missing", message="is required")
    if unknown := _UNKNOWN.match(what):
        name = _join(path, unknown["name"])
        return FieldError(field=name, code="unknown", message="is not a known field")
    return FieldError(field=path, code="invalid", message=what)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _every_error(
    raw: object, type_: type[Any], first: msgspec.ValidationError
) -> tuple[FieldError, ...]:
    # msgspec stops at the first fault; a form wants to mark every field at once.
    if not (isinstance(raw, dict) and issubclass(type_, msgspec.Struct)):
        return (field_error(str(first)),)
    members = cast("Mapping[str, object]", raw)
    errors = (*_unknown_members(members, type_), *_bad_members(members, type_))
    return errors or (field_error(str(first)),)


def _unknown_members(
    members: Mapping[str, object], type_: type[msgspec.Struct]
) -> Iterator[FieldError]:
    known = {field.encode_name for field in msgspec.structs.fields(type_)}
    if type_.__struct_config__.forbid_unknown_fields:
        for name in members.keys() - known:
            yield field_error(f"Object contains unknown field `{name}`")


def _bad_members(
    members: Mapping[str, object], type_: type[msgspec.Struct]
) -> Iterator[FieldError]:
    for field in msgspec.structs.fields(type_):
        if field.encode_name not in members:
            if field.required:
                yield field_error(f"Object missing required field `{field.encode_name}`")
            continue
        try:
            msgspec.convert(members[field.encode_name], type=field.type)
        except msgspec.ValidationError as error:
            yield field_error(str(error), within=field.encode_name)
