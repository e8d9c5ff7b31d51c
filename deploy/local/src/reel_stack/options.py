"""What the person who starts a stack may choose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from reel_stack.layout import Layout

INFRA: Final = "infra"
PARTS: Final = (INFRA, "all")
PORTS: Final = ("gateway", "cdn", "s3", "sqs", "postgres")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The parts to run and the ports asked for, by name; ports not given are chosen."""

    layout: Layout
    parts: str = "all"
    tls: bool = False
    ports: Mapping[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def from_command(cls, layout: Layout, given: Mapping[str, object]) -> Self:
        """From the command's parameters: parts, tls, and NAME_port for each of PORTS."""
        asked = {name: given[f"{name}_port"] for name in PORTS}
        return cls(
            layout=layout,
            parts=str(given["parts"]),
            tls=bool(given["tls"]),
            ports={name: port for name, port in asked.items() if isinstance(port, int)},
        )

    def arguments(self) -> list[str]:
        """The same choice as a command line."""
        layout = self.layout
        found = [f"--var={layout.var}", f"--servers={layout.servers}", f"--parts={self.parts}"]
        found += [f"--{name}-port={port}" for name, port in self.ports.items()]
        return [*found, "--tls"] if self.tls else found
