"""How gunicorn serves: a few processes of threads, for bodies of megabytes on slow lines."""

import os
import resource
import shutil
import socket
import struct
from pathlib import Path
from typing import Any

_host = os.environ.get("BIND", "127.0.0.1")
bind = f"{f'[{_host}]' if ':' in _host else _host}:{os.environ.get('PORT', '8000')}"

worker_class = "gthread"
workers = 2
threads = 8

# The worker's own heartbeat, which a long request does not hold up.
timeout = 60
graceful_timeout = 10
keepalive = 5
max_requests = 10_000
max_requests_jitter = 1_000
# Signed URLs and searches are long.
limit_request_line = 8190

# State belongs in DATA_DIR; this socket would lie in the home directory.
control_socket_disable = True

# Every file of a request is open while the request is read: as many as the system allows.
_, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_most, _most))

# Each process keeps its numbers in files of its own here, and any of them gives all (`metrics`).
_numbers = Path(os.environ.get("DATA_DIR", "var")).absolute() / "metrics"
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_numbers)

_SILENCE = struct.pack("ll", 60, 0)


def on_starting(server: Any) -> None:
    """Begin to count anew."""
    shutil.rmtree(_numbers, ignore_errors=True)
    _numbers.mkdir(parents=True)


def child_exit(server: Any, worker: Any) -> None:
    """Forget what only a process that lives can count."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def when_ready(server: Any) -> None:
    """Give up on a client that neither sends nor takes a byte for a minute.

    gthread has no such limit of its own: a client that stops in mid-body would hold its thread
    for ever. Accepted connections inherit these options of the listening socket.
    """
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _SILENCE)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SILENCE)
