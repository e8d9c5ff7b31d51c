"""The request class of every service: strict JSON bodies."""

from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import ClientException, HTTPException, InternalServerException
from litestar.types import Empty

from reel_http.auth import Owner
from reel_http.validation import decode_body

UNSUPPORTED_MEDIA_TYPE = 415


class ServiceRequest(Request[Owner, None, State]):
    """Decodes a JSON body straight into the handler's `data` type, without coercion."""

    async def body(self) -> bytes:
        """Return the raw body.

        Raises:
            ClientException: the client went away before the body was complete.
            RequestEntityTooLarge: longer than the app's limit.
        """
        try:
            return await super().body()
        except InternalServerException as error:  # a lost client is no fault of this server
            raise ClientException("The request body did not arrive whole") from error

    async def json(self) -> object:
        """Return the body as the type the handler declares for `data`.

        Raises:
            HTTPException: 415, the body is declared to be something else than JSON.
            MalformedJson: no JSON.
            InvalidRequest: JSON of another shape.
        """
        if self._json is Empty:
            self._require_json()
            field = self.route_handler.parsed_data_field
            self._json = decode_body(await self.body(), Any if field is None else field.annotation)
        return self._json

    def _require_json(self) -> None:
        media_type, _ = self.content_type
        is_json = media_type == "application/json" or media_type.endswith("+json")
        if media_type and not is_json:
            raise HTTPException("Send application/json", status_code=UNSUPPORTED_MEDIA_TYPE)
