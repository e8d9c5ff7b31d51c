from reel_kernel.errors import DomainError, InvalidTransition
from upload_service.api.problems import RETRY_AFTER_S, STATUS
from upload_service.domain import errors


def test_every_domain_error_has_a_status() -> None:
    ours = {
        thing
        for thing in vars(errors).values()
        if isinstance(thing, type) and issubclass(thing, DomainError) and thing is not DomainError
    }

    assert set(STATUS) == ours | {InvalidTransition}


def test_what_says_try_again_says_when() -> None:
    assert set(RETRY_AFTER_S) == {kind for kind, status in STATUS.items() if status == 503}
