"""TCP ports on the loopback interface."""

import secrets
import socket
from typing import Final

from reel_stack.errors import StackError

LOOPBACK: Final = "127.0.0.1"
# Below the range from which the kernel takes ports for outgoing connections, so that none of those
# can take a port between the choice and the server's bind.
FIRST: Final = 20_000
LAST: Final = 32_000
ATTEMPTS: Final = 200


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


class Ports:
    """Hands out each port once."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def choose(self, wanted: int | None = None) -> int:
        """The wanted port, or a free one. Raises StackError if it is in use."""
        if wanted is not None:
            return self._claim(wanted)
        for _ in range(ATTEMPTS):
            port = FIRST + secrets.randbelow(LAST - FIRST)
            if port not in self._taken and is_free(port):
                return self._claim(port)
        raise StackError("no free port found")

    def _claim(self, port: int) -> int:
        if port in self._taken or not is_free(port):
            raise StackError(f"port {port} is in use")
        self._taken.add(port)
        return port
