"""One HTTP request to the API: token, timeout, bounded retries, typed answer or typed error."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

import httpx
import msgspec

from reel_client.errors import NetworkError, ProblemError, ReelError, UnexpectedAnswer
from reel_client.problems import problem_from
from reel_client.retries import RetryPolicy

T = TypeVar("T")
Token = str | Callable[[], str]
"""A bearer token, or what gives the current one: a long upload may outlive a short token."""

CONNECT_S: Final = 5.0
ANSWER_S: Final = 30.0
COMPLETE_S: Final = 180.0
"""Joining thousands of parts may take the store minutes."""

_TRANSIENT_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_TRANSIENT_CODES: Final = frozenset({"idempotency-key-in-flight"})
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of the contract. `repeatable`: sending it twice has the effect of once.

    `key` makes it so where it is not by nature: every repeat carries the same one.
    """

    method: str
    path: str
    body: msgspec.Struct | None = None
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    repeatable: bool = True
    key: UUID | None = None
    answer_s: float = ANSWER_S


class Transport:
    """Sends `Call`s. Safe for concurrent use; does not own `http`."""

    def __init__(
        self, http: httpx.AsyncClient, api_url: str, token: Token, retries: RetryPolicy
    ) -> None:
        self._http = http
        self._base = api_url.rstrip("/")
        self._token = token
        self._retries = retries

    async def fetch(self, call: Call, answer: type[T]) -> T:
        """Send, and decode the answer's body.

        Raises:
            ProblemError, NetworkError, UnexpectedAnswer.
        """
        return decode(await self.send(call), answer)

    async def send(self, call: Call) -> httpx.Response:
        """Return the answer, below 400, body read. Raises ProblemError, NetworkError."""
        transient = is_transient if call.repeatable else _was_not_sent
        async for attempt in self._retries.retrying(transient):
            with attempt:
                return await self._once(call)
        raise AssertionError  # the loop returns or raises

    async def _once(self, call: Call) -> httpx.Response:
        try:
            response = await self._http.request(
                call.method,
                self._base + call.path,
                content=None if call.body is None else msgspec.json.encode(call.body),
                params=call.params,
                headers=self._headers(call),
                timeout=httpx.Timeout(call.answer_s, connect=CONNECT_S),
                follow_redirects=False,
            )
        except httpx.RequestError as failure:
            raise _network_error(failure, self._base) from failure
        if response.is_error:
            raise problem_from(response)
        return response

    @asynccontextmanager
    async def lines(self, call: Call) -> AsyncGenerator[AsyncIterator[str]]:
        """Open an answer that goes on for long, once; `answer_s` is the longest silence in it.

        Raises:
            ProblemError: the API refused.
            NetworkError: no answer, or the connection broke inside the block.
        """
        timeout = httpx.Timeout(call.answer_s, connect=CONNECT_S)
        url, headers = self._base + call.path, self._headers(call)
        try:
            async with self._http.stream(
                call.method, url, headers=headers, timeout=timeout, follow_redirects=False
            ) as response:
                if response.is_error:
                    await response.aread()
                    raise problem_from(response)
                yield response.aiter_lines()
        except httpx.RequestError as failure:
            raise _network_error(failure, self._base) from failure

    def _headers(self, call: Call) -> dict[str, str]:
        token = self._token if isinstance(self._token, str) else self._token()
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        if call.body is not None:
            headers["content-type"] = "application/json"
        if call.key is not None:
            headers["idempotency-key"] = f'"{call.key}"'
        return headers | dict(call.headers or {})


def decode(response: httpx.Response, answer: type[T]) -> T:
    """Decode a success's body. Raises UnexpectedAnswer when it is of another shape."""
    try:
        return msgspec.json.decode(response.content, type=answer)
    except msgspec.MsgspecError as error:
        where = f"{response.request.method} {response.request.url.path}"
        message = f"{where} answered {response.status_code} with an unknown body: {error}"
        raise UnexpectedAnswer(message) from error


def is_transient(failure: BaseException) -> bool:
    """Tell whether a repeatable call is worth repeating."""
    if isinstance(failure, ProblemError):
        return failure.status in _TRANSIENT_STATUS or failure.code in _TRANSIENT_CODES
    return isinstance(failure, NetworkError)


def _was_not_sent(failure: BaseException) -> bool:
    return isinstance(failure, NetworkError) and not failure.sent


def _network_error(failure: httpx.RequestError, base: str) -> ReelError:
    if isinstance(failure, httpx.TimeoutException):
        words = f"{base} did not answer in time"
    elif isinstance(failure, httpx.ConnectError):
        words = f"cannot connect to {base}"
    else:
        words = f"the connection to {base} broke ({type(failure).__name__})"
    return NetworkError(words, sent=not isinstance(failure, _NOT_SENT))
