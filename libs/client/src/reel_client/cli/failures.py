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


def explain(failure: ReelError) -> list[str]:
    """Return the lines to show: what happened, then the fields at fault or what to do."""
    lines = [f"reel: {failure}"]
    if isinstance(failure, ProblemError):
        lines += [f"  {error.field}: {error.message}" for error in failure.errors]
        lines += _hint(failure)
    if isinstance(failure, PartFailed | NetworkError | StoreError):
        lines.append("  what was uploaded is kept; the same command goes on from there")
    return lines


def report(failure: ReelError) -> None:
    for line in explain(failure):
        click.echo(line, err=True)


def _hint(problem: ProblemError) -> list[str]:
    hints: list[str] = []
    if problem.status == _UNAUTHORIZED:
        hints.append("  the token in REEL_TOKEN is missing, wrong or expired")
    if problem.request_id:
        hints.append(f"  request id: {problem.request_id}")
    return hints
