"""Keeps credentials and signed URLs out of the logs."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, cast

from structlog.typing import EventDict, WrappedLogger

MASK: Final = "[redacted]"

SECRET_KEY: Final = re.compile(
    r"authorization|secret|token|password|passwd|signature|cookie|credential|private_?key|access_?key"
    r"|(upload|signed|presigned)_?url",
    re.IGNORECASE,
)
# name=value and 'name': 'value' inside a text, as when a dict was formatted into it.
_NAMED: Final = (
    r"(?i)(\b\w*(?:password|secret|token|signature|authorization|cookie|upload_?url)\w*"
    r"[\"']?\s*[:=]\s*[\"']?)[^\s\"'}&]+"
)
# Each pattern keeps its first group, so that a reader still sees what was masked.
SECRET_TEXT: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s\"'<>]+",
        r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
        r"(whsec_)[A-Za-z0-9+/=_-]+",
        r"()\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
        r"([a-z][a-z0-9+.-]*://[^/\s:@]+:)[^/\s@]+(?=@)",
        _NAMED,
        r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    )
)


HINTS: Final = (
    *("x-amz-", "bearer", "basic", "whsec_", "eyj", "://", "-----begin"),
    *("password", "secret", "token", "signature", "authorization", "cookie", "passwd"),
    *("credential", "upload_url", "uploadurl", "signed_url", "signedurl"),
    *("private_key", "privatekey", "access_key", "accesskey"),
)
"""One of them, in lower case, is in every key and every text that a pattern above matches."""


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask secrets in a log entry; runs last, so tracebacks are covered too.

    A value is masked whole when its key says that it is secret, and in part when its text holds an
    S3 signature, a bearer token, a JWT, a webhook secret, a password in a URL or a private key.
    """
    return {key: _redact_member(key, value) for key, value in event.items()}


def may_hold_secret(text: str) -> bool:
    """Look quickly: False says that no pattern matches any part of `text`.

    Beyond ASCII, patterns that ignore case match more than `lower` makes alike.
    """
    return not text.isascii() or any(map(text.lower().__contains__, HINTS))


def redact_text(text: str) -> str:
    """Mask every secret that can be recognised in `text`."""
    if not may_hold_secret(text):
        return text
    for pattern in SECRET_TEXT:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def _redact_member(key: object, value: object) -> object:
    if value is not None and isinstance(key, str) and SECRET_KEY.search(key):
        return MASK
    return _redact_value(value)


def _redact_value(value: object) -> object:
    match value:
        case str():
            return redact_text(value)
        case bytes():
            return redact_text(value.decode(errors="replace"))
        case None | bool() | int() | float():
            return value
        case Mapping():
            members = cast("Mapping[object, object]", value)
            return {str(key): _redact_member(key, member) for key, member in members.items()}
        case Sequence() | set() | frozenset():
            return [_redact_value(item) for item in cast("Sequence[object]", value)]
        case _:
            return redact_text(str(value))  # a repr may hold a URL
