"""Settings that a person lays over those of the stack: `var/settings/SERVICE.env`."""

from pathlib import Path

from reel_stack.errors import StackError


class BadSettingsFile(StackError):
    """A line of a settings file is not NAME=VALUE."""

    def __init__(self, path: Path, number: int) -> None:
        super().__init__(f"{path}, line {number}: write NAME=VALUE, or # and a remark")


def read(path: Path | None) -> dict[str, str]:
    """The variables of a file, the last line of a name counting; none without a file.

    Raises:
        BadSettingsFile: names the line, and never shows what is in it.
    """
    if path is None or not path.exists():
        return {}
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        name, equals, value = line.strip().partition("=")
        if not name or name.startswith("#"):
            continue
        if not equals or not name.isidentifier():
            raise BadSettingsFile(path, number)
        found[name] = value
    return found
