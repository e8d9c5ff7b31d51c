"""Runs schemathesis against a service: every phase, every check, every finding told."""

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import schemathesis
from schemathesis import AuthContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
from schemathesis.openapi.checks import RejectedPositiveData

from reel_testing.openapi.cases import AnyCase, operation_id
from reel_testing.openapi.dressing import AUTHORIZATION, dress, is_all_good
from reel_testing.openapi.rules import is_rule
from reel_testing.openapi.signatures import Signature
from reel_testing.openapi.stage import Stage
from reel_testing.stack import RunningStack

CASES_AN_OWNER: Final = 40
"""Then another one comes, before the share of open uploads is used up."""
SURE_CASES: Final = 2
"""So many good cases of an operation are made to succeed; chance decides about the others."""
LIBRARY: Final = cast("Any", schemathesis)
DISPATCHER: Final = cast("Any", GLOBAL_HOOK_DISPATCHER)
SUCCESS: Final = range(200, 300)
TIMEOUT_S: Final = 20


@dataclass
class Outcome:
    """How often each operation answered what, and what was wrong."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    findings: list[str] = field(default_factory=list[str])

    @property
    def operations(self) -> set[str]:
        return {operation for operation, _ in self.statuses}

    @property
    def successful(self) -> set[str]:
        """The operations that answered 2xx at least once, to their own method."""
        return {name for name, status in self.statuses if status in SUCCESS}

    def __str__(self) -> str:
        lines = [f"{self.statuses.total()} requests"]
        for name in sorted(self.operations):
            told = {status: n for (of, status), n in self.statuses.items() if of == name}
            lines.append(f"{name}: {dict(sorted(told.items()))}")
        return "\n".join(lines)


@dataclass
class Doorkeeper:
    """Sends each case as somebody, about something that is theirs, and signs the webhooks."""

    stack: RunningStack
    stage: Stage
    cases: int = 0
    good: Counter[str] = field(default_factory=Counter[str])

    def admit(self, case: AnyCase, kwargs: dict[str, Any]) -> None:
        self.cases += 1
        if self.cases % CASES_AN_OWNER == 0:
            self.stage.close()
            self.stage = Stage(self.stack)
        dress(case, self.stage, is_sure=self._is_sure(case))
        if secret := _secret_for(case.path):
            kwargs["auth"] = Signature(self.stack.secrets[secret])

    def _is_sure(self, case: AnyCase) -> bool:
        if not is_all_good(case):
            return False
        name = operation_id(case)
        self.good[name] += 1
        return self.good[name] <= SURE_CASES


def _secret_for(path: str) -> str | None:
    if path.startswith("/api/webhooks/uploads"):
        return "uploadWebhookSecret"
    return "transcodeWebhookSecret" if path.startswith("/api/webhooks/") else None


@contextmanager
def _hooked(doorkeeper: Doorkeeper) -> Generator[None]:
    def before_call(_context: HookContext, case: AnyCase, kwargs: dict[str, Any]) -> None:
        doorkeeper.admit(case, kwargs)

    LIBRARY.hook(before_call)
    try:
        yield
    finally:
        DISPATCHER.unregister(before_call)
        doorkeeper.stage.close()


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much is asked: generated cases an operation, and whether sequences are tried as well.

    Boundary values, missing members and wrong media types come on top, as many as a document makes
    of itself; those of the webhooks, nearly half of all, only in a whole run.
    """

    examples: int
    is_whole: bool
    other_methods: tuple[str, ...]


SLICE: Final = Extent(examples=4, is_whole=False, other_methods=("options",))
WHOLE: Final = Extent(
    examples=300,
    is_whole=True,
    other_methods=("get", "put", "post", "delete", "options", "patch", "trace", "query"),
)


def load(document: Path, base_url: str, extent: Extent) -> Any:  # noqa: ANN401 - schemathesis leaves its type open
    """Load a document for a run that is the same each time."""
    settings: dict[str, Any] = {
        "base-url": base_url,
        "cache": {"enabled": False},
        "request-timeout": TIMEOUT_S,
        "max-stream-events": 1,
        "continue-on-failure": True,
        "phases": {
            "stateful": {"enabled": extent.is_whole},
            "coverage": {"unexpected-methods": list(extent.other_methods)},
        },
        "operations": [
            {
                "include-path-regex": "^/api/webhooks/",
                "phases": {"coverage": {"enabled": extent.is_whole}},
            }
        ],
        "generation": {
            "deterministic": True,
            "max-examples": extent.examples,
            "with-security-parameters": False,
        },
    }
    return LIBRARY.openapi.from_path(document, config=LIBRARY.Config.from_dict(settings))


def run(schema: Any, stack: RunningStack) -> Outcome:  # noqa: ANN401 - as `load` returns it
    """Execute every phase and return what came out."""
    outcome = Outcome()
    doorkeeper = Doorkeeper(stack, Stage(stack))

    class Caller:
        """Every request has a caller; `before_call` decides which."""

        def get(self, _case: AnyCase, _context: AuthContext) -> str:
            return doorkeeper.stage.somebody.token

        def set(self, case: AnyCase, data: str, _context: AuthContext) -> None:
            case.headers[AUTHORIZATION] = f"Bearer {data}"

    schema.auth(refresh_interval=None)(Caller)

    def filter_failure(
        _context: HookContext, failure: Failure, case: AnyCase, response: Response
    ) -> bool:
        return not (isinstance(failure, RejectedPositiveData) and is_rule(case, response))

    schema.hooks.hook(filter_failure)
    with _hooked(doorkeeper):
        for event in from_schema(schema).execute():
            _note(event, outcome)
    return outcome


def _note(event: events.EngineEvent, outcome: Outcome) -> None:
    if isinstance(event, events.NonFatalError):
        outcome.findings.append(f"{event.label}: {event.value!r}")
    elif isinstance(event, events.FatalError):
        raise event.exception
    elif isinstance(event, events.ScenarioFinished):
        outcome.statuses.update(_answers(event))
        outcome.findings.extend(_failures(event))


def _answers(event: events.ScenarioFinished) -> Iterator[tuple[str, int]]:
    recorder: Any = event.recorder
    for case_id, interaction in recorder.interactions.items():
        case: AnyCase = recorder.cases[case_id].value
        if interaction.response is not None and case.method.lower() == case.operation.method:
            yield case.operation.label, interaction.response.status_code


def _failures(event: events.ScenarioFinished) -> Iterator[str]:
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                sample = check.failure_info.code_sample
                yield f"{check.name}: {failure.operation}: {failure.message}\n{sample}"


def labels(schema: Any) -> set[str]:  # noqa: ANN401 - as `load` returns it
    """Return the operations of a document, named as `Outcome` names them."""
    return {found.ok().label for found in schema.get_all_operations()}
