"""Programs that refuse to run as root, run as `nobody`."""

import functools
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from typing import Final

USER: Final = "nobody"
PROBE_TIMEOUT_S: Final = 10
CAPABILITY: Final = "-all,+dac_read_search"


@functools.cache
def account() -> pwd.struct_passwd | None:
    """Who such programs run as; none when we are an ordinary user already."""
    return pwd.getpwnam(USER) if os.geteuid() == 0 else None


@functools.cache
def _setpriv() -> tuple[str, ...] | None:
    """The set-up of setpriv(1), if this machine has one that works.

    A clone may lie below a directory that only root can enter, such as /root. The single capability
    CAP_DAC_READ_SEARCH lets `nobody` pass, and gives no right to write.
    """
    user, program = account(), shutil.which("setpriv")
    if user is None or program is None:
        return None
    identity = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    capabilities = (f"--inh-caps={CAPABILITY}", f"--ambient-caps={CAPABILITY}")
    command = (program, *identity, *capabilities, "--pdeathsig=KILL", "--")
    probe = subprocess.run(  # noqa: S603  found on PATH, as root, by design
        [*command, "true"], capture_output=True, timeout=PROBE_TIMEOUT_S, check=False
    )
    return command if probe.returncode == 0 else None


def unprivileged(argv: Sequence[str]) -> tuple[Sequence[str], str | None]:
    """The command to run, and the UID:GID the reaper has to take itself where setpriv cannot."""
    user = account()
    if user is None:
        return argv, None
    prefix = _setpriv()
    if prefix is None:
        return argv, f"{user.pw_uid}:{user.pw_gid}"
    return (*prefix, *argv), None
