"""What the person at the terminal sees while the stack starts, runs and ends."""

import time

from rich.console import Console

from reel_stack.stackfile import Stack


class Report:
    """One tidy line an event."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    def _line(self, mark: str, name: str, text: str) -> None:
        self._console.print(f"  {mark} {name:<17} {text}", highlight=False)

    def step(self, name: str, seconds: float) -> None:
        """A part or a preparation is done."""
        self._line("[green]✓[/]", name, f"[dim]{seconds:.1f} s[/]")

    def restarting(self, name: str, status: int, delay_s: float) -> None:
        self._line("[yellow]↻[/]", name, f"ended with status {status}; again in {delay_s:.1f} s")

    def ready(self, stack: Stack) -> None:
        """Everything runs: say where."""
        took = time.monotonic() - self._began
        self._console.print(f"[bold]up[/] in {took:.1f} s", highlight=False)
        for name, url in addresses(stack):
            self._line(" ", name, url)

    def stopped(self, name: str, seconds: float) -> None:
        """A part has ended, as it was told to."""
        self._line("[dim]■[/]", name, f"[dim]{seconds:.1f} s[/]")

    def stopping(self) -> None:
        self._console.print("stopping …", highlight=False)


def addresses(stack: Stack) -> list[tuple[str, str]]:
    """What runs and where, in the order of a request's way."""
    public = [("gateway", stack.gateway_url), ("cdn", stack.cdn_url)]
    inner = [("s3", stack.s3_url), ("sqs", stack.sqs_url), ("postgres", stack.postgres_url)]
    found = [(name, url) for name, url in public if url is not None]
    return [*found, *stack.services.items(), *inner]
