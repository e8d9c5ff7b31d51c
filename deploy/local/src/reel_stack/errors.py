"""What can go wrong with a stack; the messages are meant for the person at the terminal."""

from pathlib import Path


class StackError(Exception):
    """Something ended or prevented the stack; the command prints it and exits with status 1."""


class AlreadyRunning(StackError):
    """Another runner holds this state directory."""

    def __init__(self, var: Path, pid: int | None) -> None:
        runner = "" if pid is None else f" (pid {pid})"
        super().__init__(f"a stack runs already on {var}{runner}; stop it with: reel-stack down")
        self.pid = pid


class ServersMissing(StackError):
    """The servers' environment is not installed."""

    def __init__(self, servers: Path) -> None:
        super().__init__(f"no servers in {servers}; install them with: make setup")


class PartFailed(StackError):
    """A part ended when it should run, or did not become ready; quotes the end of its log."""

    def __init__(self, name: str, what: str, tail: str) -> None:
        quoted = "\n".join(f"  | {line}" for line in tail.splitlines())
        super().__init__(f"{name} {what}; the end of its log:\n{quoted or '  | (empty)'}")
        self.name = name
