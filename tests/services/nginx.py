"""nginx in front of an installation, as the README sets it up."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services.servers import LOOPBACK, Child, absent, accepts, announce, folder

PROGRAM = Path("/usr/sbin/nginx")
README = Path(__file__).parents[2] / "README.md"
AROUND = """
user root;
daemon off;
worker_processes 1;
pid {home}/pid;
error_log {home}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    {server}
}}
"""


def block_of_readme(*, port: int, behind: int, files: Path) -> str:
    """The configuration that the README shows, for other ports and folders and without TLS."""
    found = re.search(r"```nginx\n(.*?)```", README.read_text(), re.DOTALL)
    assert found
    text = re.sub(r".*ssl_certificate.*\n", "", found[1])
    for shown, ours in (
        ("listen 443 ssl;", f"listen {LOOPBACK}:{port};"),
        ("127.0.0.1:8000", f"{LOOPBACK}:{behind}"),
        ("/var/lib/enclose/files/", f"{files}/"),
    ):
        assert shown in text
        text = text.replace(shown, ours)
    return text


@contextmanager
def nginx(config: pytest.Config, *, port: int, behind: int, files: Path) -> Iterator[None]:
    """Run nginx at a port, before what listens at another and keeps its files in a folder."""
    if not PROGRAM.exists():
        absent("no nginx: apt-get install nginx")
    with folder("nginx") as home:
        server = block_of_readme(port=port, behind=behind, files=files)
        (home / "nginx.conf").write_text(AROUND.format(home=home, server=server))
        command = [str(PROGRAM), "-p", str(home), "-c", str(home / "nginx.conf")]
        version = subprocess.run([PROGRAM, "-v"], capture_output=True, text=True).stderr
        announce(config, name="nginx", version=version.split("/")[-1].strip(), road=f"own, {home}")
        child = Child.start(command, log=home / "log", environment={}, folder=home)
        try:
            child.wait_until(lambda: accepts(port), what="nginx")
            yield
        finally:
            child.terminate()
            child.wait(timeout=10)
