import socket

from tests.services.clamav import EICAR, EICAR_NAME
from tests.services.servers import LOOPBACK, accepts


def said_of(server, content):
    with socket.create_connection((LOOPBACK, server.port), timeout=10) as line:
        line.sendall(b"zINSTREAM\0" + len(content).to_bytes(4, "big") + content + bytes(4))
        return line.recv(200)


def test_it_knows_what_it_was_taught(clamav):
    assert said_of(clamav, EICAR) == f"stream: {EICAR_NAME} FOUND\0".encode()
    assert said_of(clamav, b"today's") == b"stream: OK\0"
    clamav.learn(Today=b"today's")
    assert said_of(clamav, b"today's") == b"stream: Local.Today.UNOFFICIAL FOUND\0"


def test_it_can_be_gone_and_come_back(clamav):
    clamav.stop()
    assert not accepts(clamav.port)
    clamav.start()
    assert said_of(clamav, b"x") == b"stream: OK\0"
