"""Settings: parsed once from the environment, by prefix, into a frozen Struct."""

from collections.abc import Iterator, Mapping
from typing import Annotated, TypeVar, get_args, get_origin

import msgspec

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)


class SettingsError(Exception):
    """The environment does not hold a valid configuration.

    Lists every variable at fault by name, never by value: some are secrets.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def load(cls: type[SettingsT], prefix: str, env: Mapping[str, str]) -> SettingsT:
    """Build `cls` from the variables of `env` that start with `prefix`.

    Field `database_url` is read from `{prefix}DATABASE_URL`. A blank variable counts as absent.
    Values are converted to the field's type ("5" to 5, "true" to True); a tuple field takes a
    comma-separated list.

    Raises:
        SettingsError: a variable is missing, unknown, of the wrong type or out of range.
    """
    given = {
        name.removeprefix(prefix): value.strip()
        for name, value in env.items()
        if name.startswith(prefix) and value.strip()
    }
    values: dict[str, object] = {}
    problems = [f"{prefix}{name} is not a setting" for name in _unknown(cls, given)]
    for field in msgspec.structs.fields(cls):
        name = field.name.upper()
        if name in given:
            try:
                values[field.name] = _convert(given[name], field.type)
            except msgspec.ValidationError as error:
                problems.append(f"{prefix}{name}: {_without_value(error)}")
        elif field.required:
            problems.append(f"{prefix}{name} is missing")
    if problems:
        raise SettingsError(tuple(sorted(problems)))
    return cls(**values)


def _unknown(cls: type[msgspec.Struct], given: Mapping[str, str]) -> Iterator[str]:
    known = {field.name.upper() for field in msgspec.structs.fields(cls)}
    return (name for name in given if name not in known)


def _convert(text: str, type_: object) -> object:
    raw: object = text
    bare = get_args(type_)[0] if get_origin(type_) is Annotated else type_
    if get_origin(bare) is tuple:
        raw = [item.strip() for item in text.split(",") if item.strip()]
    return msgspec.convert(raw, type=type_, strict=False)


def _without_value(error: msgspec.ValidationError) -> str:
    # msgspec quotes the offending text of an enum or a pattern between apostrophes.
    return str(error).split(" '", maxsplit=1)[0]
