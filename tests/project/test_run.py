"""What `make run` does behind its set-up: preparations, then web, worker and clock."""

import os
import signal
import socket
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from tests.services.servers import LOOPBACK, Child, free_port

pytestmark = [pytest.mark.live, pytest.mark.sqlite_only]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port():
    return free_port()


def start(folder, port):
    """Start it as the Makefile does, with its state and its log in a folder."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "BIND": LOOPBACK,
        "PORT": str(port),
        "MAIL_PORT": str(free_port()),
        "DATA_DIR": str(folder / "var"),
    }
    command = [sys.executable, "-P", "project/run.py"]
    return Child.start(command, log=folder / "log", environment=environment, folder=ROOT)


def answers(port):
    with suppress(OSError), urllib.request.urlopen(f"http://{LOOPBACK}:{port}/livez") as answer:
        return answer.status == 200
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_it_serves_until_it_is_asked_to_stop(tmp_path, port, number):
    run = start(tmp_path, port)
    try:
        run.wait_until(lambda: answers(port), what="an answer", timeout=60)
        run.process.send_signal(number)
        assert run.process.wait(timeout=60) == 0
    finally:
        run.stop(timeout=60)
    assert run.said().count("stopped (rc=0)") == 3
    assert "Traceback" not in run.said()
    assert not answers(port)


def test_it_says_so_when_somebody_has_its_port(tmp_path, port):
    with socket.create_server((LOOPBACK, port)):
        run = start(tmp_path, port)
        assert run.process.wait(timeout=10) == 1
    assert f"{LOOPBACK}:{port} is in use" in run.said()
