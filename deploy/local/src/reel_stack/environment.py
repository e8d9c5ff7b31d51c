"""What a child process gets from the runner's own environment: little, and always the same."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "LD_LIBRARY_PATH")


def base_environment(temporary: Path) -> Mapping[str, str]:
    """The variables every part gets.

    A service refuses variables of its prefix that it does not know, so a developer's shell must not
    leak into the stack.
    """
    inherited = {name: value for name in INHERITED if (value := os.getenv(name)) is not None}
    return inherited | {"TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
