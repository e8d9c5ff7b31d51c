"""Rules of a request body that its Struct cannot say."""

from collections import Counter
from collections.abc import Mapping, Sequence

from reel_contracts.uploads import CompletedPart, CompleteUpload, CreateUpload, RequestPartUrls
from reel_kernel.checksums import Algorithm
from reel_kernel.errors import FieldError, InvalidRequest
from upload_service.usecases.complete_upload import ClaimedChecksums


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


def wanted_checksums(request: RequestPartUrls) -> Sequence[str]:
    """Return the checksums of the parts asked for, in their order.

    Raises:
        InvalidRequest: `checksum` with `partNumbers`, or `checksums` with `partNumber`.
    """
    stray = request.checksum if request.part_numbers else request.checksums
    if stray is not None:
        name, other = ("checksum", "s") if request.part_numbers else ("checksums", "")
        message = f"must not be given together with partNumber{other}"
        raise InvalidRequest(errors=[FieldError(field=name, code="conflicting", message=message)])
    if request.checksum is not None:
        return [request.checksum]
    return request.checksums or ()


def algorithm_of(request: CreateUpload) -> Algorithm | None:
    return None if request.checksum_algorithm is None else Algorithm(request.checksum_algorithm)


def claimed_checksums(request: CompleteUpload) -> ClaimedChecksums:
    own = {part.part_number: part.checksum for part in request.parts if part.checksum is not None}
    return ClaimedChecksums(parts=own, whole=request.checksum)


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
