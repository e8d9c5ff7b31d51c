"""Rules of a request body that its Struct cannot say."""

from collections import Counter
from collections.abc import Mapping, Sequence

from reel_contracts.uploads import CompletedPart, RequestPartUrls
from reel_kernel.errors import FieldError, InvalidRequest


def wanted_parts(request: RequestPartUrls) -> Sequence[int]:
    """Return the part numbers asked for.

    Raises:
        InvalidRequest: not exactly one of `partNumber` and `partNumbers` is given.
    """
    match request.part_number, request.part_numbers:
        case int() as number, None:
            return [number]
        case None, list() as numbers:
            return numbers
        case None, None:
            message = "is required, unless partNumbers is given"
            code = "missing"
        case _:
            message = "must not be given together with partNumbers"
            code = "conflicting"
    raise InvalidRequest(errors=[FieldError(field="partNumber", code=code, message=message)])


def claimed_parts(parts: Sequence[CompletedPart]) -> Mapping[int, str]:
    """Return part number → ETag.

    Raises:
        InvalidRequest: a part is listed twice.
    """
    times = Counter(part.part_number for part in parts)
    errors = [
        FieldError(field=f"parts[{index}].partNumber", code="duplicate", message="is listed twice")
        for index, part in enumerate(parts)
        if times[part.part_number] > 1
    ]
    if errors:
        raise InvalidRequest(errors=errors)
    return {part.part_number: part.etag for part in parts}
