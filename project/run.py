"""Prepare the house, then run the processes of the Procfile until Ctrl-C ends them all.

Started by `make run` as a script, so that this process, which only waits, loads no Django.
"""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from honcho import manager
from honcho.environ import parse_procfile

# honcho kills after five seconds what has not stopped by then. A worker first ends the SMTP
# conversation it is in: cut off behind the final dot, that mail's outcome would be unknown.
manager.KILL_WAIT = 60

PREPARATIONS = (("migrate", "--no-input", "--verbosity", "0"), ("prepare_run",))


def main() -> int:
    """Give the exit status: 0 when it was asked to stop."""
    bind = os.environ["BIND"]
    for name in ("PORT", "MAIL_PORT"):
        port = int(os.environ[name])
        if taken(bind=bind, port=port):
            sys.stderr.write(f"{bind}:{port} is in use. Try another: make run {name}={port + 1}\n")
            return 1
    for arguments in PREPARATIONS:
        if status := subprocess.call([sys.executable, "manage.py", *arguments]):
            return status
    house = manager.Manager()
    for name, command in parse_procfile(Path("Procfile").read_text()).processes.items():
        house.add_process(name, command)
    # A closed terminal is a stop as well; left alone it would leave the processes behind.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    house.loop()
    asked = (128 + signal.SIGINT, 128 + signal.SIGTERM)
    return 0 if house.returncode in asked else int(house.returncode or 0)


def taken(*, bind: str, port: int) -> bool:
    """Tell whether somebody listens there already."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex((bind, port)) == 0


if __name__ == "__main__":
    sys.exit(main())
