"""Postfix: a real mail server, to see that it takes what we write."""

import grp
import mailbox
import os
import pwd
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Final

import pytest

from tests.services.servers import (
    LOOPBACK,
    absent,
    accepts,
    announce,
    folder,
    free_port,
    wait_until,
)

DOMAIN: Final = "test.example"  # the one it takes mail for; all other recipients are refused
FACTORY: Final = Path("/usr/share/postfix/master.cf.dist")

MAIN: Final = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/postfix.log
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.test.example
mydestination =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = test.example, xn--mnchen-3ya.example
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = static:all/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_mailbox_limit = 0
mailbox_size_limit = 0
message_size_limit = 52428800
smtputf8_enable = yes
default_transport = error:outbound mail is off in tests
relay_transport = error:outbound mail is off in tests
alias_maps =
alias_database =
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
recipient_delimiter = +
notify_classes =
"""

#: for an instance that hands mail on: many at a time, and again a second after a failure
RELAY: Final = """
transport_maps = inline:{{ {transports} }}
smtpd_relay_restrictions = permit_mynetworks, reject
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
default_destination_concurrency_limit = 8
default_destination_concurrency_failed_cohort_limit = 1000
in_flow_delay = 0
"""

ARRIVED: Final = re.compile(r"cleanup\[\d+\]: (\w+): message-id=(\S+)")
ANSWERED: Final = re.compile(
    r"(?:smtp|lmtp)\[\d+\]: (\w+): to=<([^>]*)>, .* status=(\w+) \((.*)\)$"
)


class Postfix:
    """An instance of our own in a temp folder; all its mail falls into one Maildir.

    Mail for a domain of `transports` it hands on, by what stands there (`smtp:[127.0.0.1]:25`).
    """

    def __init__(self, home: Path, *, transports: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = free_port()
        for name in ("etc", "queue", "data", "mail"):
            (home / name).mkdir()
        uid, gid = pwd.getpwnam("nobody").pw_uid, grp.getgrnam("nogroup").gr_gid
        shutil.chown(home / "data", "postfix")
        os.chown(home / "mail", uid, gid)
        main = MAIN.format(home=home, uid=uid, gid=gid)
        if transports:
            pairs = (f"{{{domain} = {way}}}" for domain, way in transports.items())
            main += RELAY.format(transports=", ".join(pairs))
        (home / "etc" / "main.cf").write_text(main)
        (home / "etc" / "master.cf").write_text(self._services())
        self._postfix("start")
        wait_until(lambda: accepts(self.port), what="Postfix")

    @property
    def url(self) -> str:
        """Give what `SMTP_URL` must be to send here."""
        return f"smtp://{LOOPBACK}:{self.port}"

    def raw(self) -> list[bytes]:
        """Give the messages that were delivered, in no order, as they lie there."""
        path = self.home / "mail" / "all"
        if not all((path / name).is_dir() for name in ("cur", "new", "tmp")):
            return []
        box = mailbox.Maildir(path, create=False)
        return [box.get_bytes(key) for key in box.keys()]  # noqa: SIM118

    def messages(self) -> list[EmailMessage]:
        """Give the messages that were delivered, in no order, parsed."""
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(raw) for raw in self.raw()]

    def wait_for(self, message_id: str, *, timeout: float = 20.0) -> EmailMessage:
        """Wait for the message with this Message-ID; raises TimeoutError."""

        def found() -> list[EmailMessage]:
            return [message for message in self.messages() if message["Message-ID"] == message_id]

        return wait_until(found, what=f"{message_id} in the Maildir", timeout=timeout)[0]

    def queued(self) -> list[str]:
        """Give a line of JSON for each message that waits here."""
        command = ["postqueue", "-c", str(self.home / "etc"), "-j"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        return done.stdout.splitlines()

    def drain(self, *, timeout: float = 60.0) -> None:
        """Wait until all mail has been handed on, delivered or returned."""

        def is_empty() -> bool:
            if not self.queued():
                return True
            self._postfix("flush")  # what was tried again too early would wait for minutes
            return False

        wait_until(is_empty, what="an empty queue", timeout=timeout, pause=0.5)

    def answers(self) -> list[tuple[str, str, str, str]]:
        """Give what was heard where mail was handed on, oldest first.

        A row has the Message-ID, the recipient, the status as Postfix has it, and the reply.
        """
        log = (self.home / "postfix.log").read_text()
        names = dict(ARRIVED.findall(log))
        found = [match.groups() for line in log.splitlines() if (match := ANSWERED.search(line))]
        return [(names[queue_id], to, status, reply) for queue_id, to, status, reply in found]

    def sent(self) -> Counter[tuple[str, str]]:
        """Give how often which (Message-ID, recipient) was taken where it was handed on."""
        return Counter((id, to) for id, to, status, _ in self.answers() if status == "sent")

    def clear(self) -> None:
        """Forget what was delivered."""
        shutil.rmtree(self.home / "mail" / "all", ignore_errors=True)

    def stop(self) -> None:
        """Stop it; its queue and its Maildir stay until the folder goes."""
        self._postfix("stop")

    def _postfix(self, word: str) -> None:
        command = ["postfix", "-c", str(self.home / "etc"), word]
        subprocess.run(command, check=True, capture_output=True, timeout=30)

    def _services(self) -> str:
        """Give the factory's services with our port, without chroot and syslog."""
        lines = []
        for line in FACTORY.read_text().splitlines():
            words = line.split()
            if len(words) < 8 or line[0] in "# \t":
                lines.append(line)
                continue
            words[4] = "n"
            if words[:2] == ["smtp", "inet"]:
                words[0] = f"{LOOPBACK}:{self.port}"
            if words[0] != "postlog":
                lines.append("\t".join(words))
        return "\n".join([*lines, "postlog\tunix-dgram\tn\t-\tn\t-\t1\tpostlogd", ""])


def _version() -> str:
    command = ["postconf", "-d", "-h", "mail_version"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def own_server(
    config: pytest.Config, *, transports: Mapping[str, str] | None = None
) -> Iterator[Postfix]:
    """Run an instance in a temp folder and announce it, or skip."""
    if not FACTORY.exists() or shutil.which("postfix") is None:
        absent("no Postfix: apt-get install postfix")
    if os.geteuid() != 0:
        absent("Postfix can only be started by root")
    with folder("postfix") as home, ExitStack() as stack:
        server = Postfix(home, transports=transports)
        stack.callback(server.stop)
        announce(config, name="Postfix", version=_version(), road=f"own, {server.home}")
        yield server


@pytest.fixture(scope="session")
def postfix_server(pytestconfig: pytest.Config) -> Iterator[Postfix]:
    """A Postfix, with the mail of the whole run."""
    with own_server(pytestconfig) as server:
        yield server


@pytest.fixture
def postfix(postfix_server: Postfix) -> Postfix:
    """A Postfix without mail."""
    postfix_server.clear()
    return postfix_server
