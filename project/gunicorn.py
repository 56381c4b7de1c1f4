"""How gunicorn serves: a few processes of threads, for bodies of megabytes on slow lines."""

import os
import resource
import socket
import struct
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

_SILENCE = struct.pack("ll", 60, 0)


def when_ready(server: Any) -> None:
    """Give up on a client that neither sends nor takes a byte for a minute.

    gthread has no such limit of its own: a client that stops in mid-body would hold its thread
    for ever. Accepted connections inherit these options of the listening socket.
    """
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _SILENCE)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SILENCE)
