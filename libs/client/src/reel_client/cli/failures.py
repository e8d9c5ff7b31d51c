"""Failures in one or two lines a person can act on."""

from typing import Final

import click

from reel_client.errors import (
    NetworkError,
    PartFailed,
    ProblemError,
    ReelError,
    SourceChanged,
    SourceRefused,
    StateError,
    StoreError,
    UploadInUse,
)

REFUSED_HERE: Final = (SourceRefused, SourceChanged, UploadInUse, StateError)
"""Found out before any request was made."""

FAILED: Final = 1
REFUSED: Final = 2
INTERRUPTED: Final = 130

_UNAUTHORIZED: Final = 401


def exit_code(failure: ReelError) -> int:
    return REFUSED if isinstance(failure, REFUSED_HERE) else FAILED


def explain(failure: ReelError, hint: str | None = None) -> list[str]:
    """Return the lines to show: what happened, then the fields at fault or what to do.

    `hint` is what to do about a line or a store that failed.
    """
    lines = [str(failure)]
    if isinstance(failure, ProblemError):
        lines += [f"  {error.field}: {error.message}" for error in failure.errors]
        lines += _hint(failure)
    if hint and isinstance(failure, PartFailed | NetworkError | StoreError):
        lines.append(f"  {hint}")
    return lines


def report(failure: ReelError, hint: str | None = None) -> None:
    click.echo("reel: " + "\n".join(explain(failure, hint)), err=True)


def _hint(problem: ProblemError) -> list[str]:
    hints: list[str] = []
    if problem.status == _UNAUTHORIZED:
        hints.append("  the token in REEL_TOKEN is missing, wrong or expired")
    if problem.request_id:
        hints.append(f"  request id: {problem.request_id}")
    return hints
