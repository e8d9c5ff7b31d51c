"""Runs OpenStack Swift's four servers on one disk, by the interpreter of the servers' environment.

    python swift_servers.py DIRECTORY

The directory holds swift.conf, {proxy,account,container,object}.conf and devices/d/.

Importing Swift takes longer than starting it, so it is imported once and forked four times. Every
server listens on the port its file names; the rings are one-disk rings to those ports and are made
anew at each start, because ports change and the placement of one disk does not.

Exits with status 1 as soon as one server ends, and ends the others.
"""
# ruff: noqa: INP001  a script, not a package

import configparser
import logging
import os
import signal
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

warnings.simplefilter("ignore")

# Imported for the forked servers to inherit, already loaded.
import swift.account.server  # noqa: E402
import swift.common.middleware.s3api.s3api  # noqa: E402
import swift.container.server  # noqa: E402
import swift.proxy.server  # noqa: E402, F401
from swift.common.ring import RingBuilder  # noqa: E402  (after the filter: eventlet warns on import)
from swift.common.utils import logs  # noqa: E402
from swift.common.wsgi import run_wsgi  # noqa: E402
from swift.obj.server import global_conf_callback  # noqa: E402

STORAGE = ("account", "container", "object")
PARTITION_POWER = 4


def write_ring(directory: Path, name: str) -> None:
    config = configparser.RawConfigParser()
    config.read(directory / f"{name}.conf")
    port = config.getint("DEFAULT", "bind_port")
    builder = RingBuilder(PARTITION_POWER, 1, 0)
    address = {"ip": "127.0.0.1", "port": port}
    address |= {f"replication_{key}": value for key, value in address.items()}
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "device": "d", "weight": 1.0, **address})
    builder.rebalance()
    builder.get_ring().save(str(directory / f"{name}.ring.gz"))


def fork_server(directory: Path, name: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    options = {"global_conf_callback": global_conf_callback} if name == "object" else {}
    status = run_wsgi(str(directory / f"{name}.conf"), f"{name}-server", verbose=True, **options)
    os._exit(status or 0)


def end(pids: Iterable[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue


def main() -> None:
    directory = Path(sys.argv[1])
    # Swift always adds a syslog handler; ours go to standard error, where the stack keeps them.
    logs.ThreadSafeSysLogHandler = lambda **_: logging.NullHandler()
    for name in STORAGE:
        write_ring(directory, name)
    pids = [fork_server(directory, name) for name in (*STORAGE, "proxy")]
    signal.signal(signal.SIGTERM, lambda *_: (end(pids), sys.exit(0)))
    pid, status = os.wait()
    sys.stderr.write(f"swift: server {pid} ended with status {status}\n")
    end(pids)
    sys.exit(1)


if __name__ == "__main__":
    main()
