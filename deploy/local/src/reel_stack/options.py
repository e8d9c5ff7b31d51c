"""What the person who starts a stack may choose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self, cast

from reel_stack.errors import StackError
from reel_stack.layout import Layout
from reel_stack.topology import SERVICES

INFRA: Final = "infra"
PARTS: Final = (INFRA, "all")
PORTS: Final = ("gateway", "cdn", "s3", "sqs", "postgres")
SERVERS: Final = ("s3", "sqs", "postgres")
"""What the services reach, directly or through something that stands in between."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to run, and how.

    Attributes:
        ports: those asked for, by name; the others are chosen.
        through: the ports at which services find SERVERS, where that is not the server's own.
        settings: services' variables with their prefix, beside or instead of the stack's.
        restart_servers: start a server that dies again, as a service, instead of ending.
    """

    layout: Layout
    parts: str = "all"
    tls: bool = False
    ports: Mapping[str, int] = field(default_factory=dict[str, int])
    through: Mapping[str, int] = field(default_factory=dict[str, int])
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    restart_servers: bool = False

    @classmethod
    def from_command(cls, layout: Layout, given: Mapping[str, object]) -> Self:
        """From the command's parameters by name, and NAME_port for each of PORTS.

        Raises StackError for a setting that no service reads.
        """
        asked = {name: given[f"{name}_port"] for name in PORTS}
        return cls(
            layout=layout,
            parts=str(given["parts"]),
            tls=bool(given["tls"]),
            ports={name: port for name, port in asked.items() if isinstance(port, int)},
            through=dict(cast("tuple[tuple[str, int], ...]", given["through"])),
            settings=_of_services(cast("tuple[tuple[str, str], ...]", given["settings"])),
            restart_servers=bool(given["restart_servers"]),
        )

    def arguments(self) -> list[str]:
        """The same choice as a command line."""
        layout = self.layout
        found = [f"--var={layout.var}", f"--servers={layout.servers}", f"--parts={self.parts}"]
        found += [f"--{name}-port={port}" for name, port in self.ports.items()]
        for name, port in self.through.items():
            found += ["--through", name, str(port)]
        for name, value in self.settings.items():
            found += ["--set", name, value]
        flags = {"--tls": self.tls, "--restart-servers": self.restart_servers}
        return [*found, *(flag for flag, is_set in flags.items() if is_set)]


def _of_services(given: tuple[tuple[str, str], ...]) -> dict[str, str]:
    prefixes = tuple(service.settings_prefix for service in SERVICES)
    for name, _ in given:
        if not name.startswith(prefixes):
            raise StackError(f"no service reads {name}: settings begin with {', '.join(prefixes)}")
    return dict(given)
