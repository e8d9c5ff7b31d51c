"""What this process is called where several work on the same rows."""

import os
import socket
from uuid import uuid4


def own_name() -> str:
    """Return a name that no other process has, now or later: host, process id, random."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
