"""Calling addresses that strangers have given: public ones only, and for a bounded time."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Timer, local
from typing import Any

import requests
from django.conf import settings
from requests_hardened import Config, Manager
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

CONNECT_SECONDS = 5.0
MAX_ANSWER_BYTES = 4096  # that are read and kept
USER_AGENT = "Enclose-Webhooks/1"
IDENTITY = {"Accept-Encoding": "identity"}
UNICAST = ipaddress.ip_network("2000::/3")  # the addresses of version 6 that are given out

NOT_PUBLIC = "The address is not a public one: {}."
REDIRECT = "It answered with a redirect, and none is followed."
TOO_LONG = "It took longer than {:g} s."


@dataclass(frozen=True)
class Answer:
    """What came of a request; a blank `problem` says that it was taken."""

    status: int | None = None
    body: str = ""
    problem: str = ""


@dataclass
class _Line:
    """The socket of a request under way, to be hung up from another thread."""

    sockets: list[socket.socket] = field(default_factory=list)
    has_ended: bool = False
    is_late: bool = False

    def hang_up(self) -> None:
        self.is_late = not self.has_ended
        for one in self.sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.has_ended = True
        for one in self.sockets:
            one.close()


_here = local()


class _Noted:
    """A connection that leaves a duplicate of its socket with the request that made it.

    Read time-outs bound the wait for each byte; only whoever has the socket can bound the whole.
    """

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        line: _Line = _here.line
        line.sockets.append(socket.socket(fileno=os.dup(made.fileno())))
        if line.is_late:  # rung while the name was looked up
            raise TimeoutError
        check_public(made.getpeername()[0])
        return made


class _NotedHttp(_Noted, HTTPConnection):
    pass


class _NotedHttps(_Noted, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _NotedHttp


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _NotedHttps


def post(*, url: str, body: str, headers: Mapping[str, str], timeout: float) -> Answer:
    """POST a JSON body once, and give the answer; raises nothing.

    Private, loopback, link-local and other special addresses are refused, also for names that
    resolve there: the address that was looked at is the one that is connected to. `timeout` is in
    seconds, for the whole of it.
    """
    line = _here.line = _Line()
    alarm = Timer(timeout, line.hang_up)
    alarm.daemon = True
    try:
        alarm.start()
        return _post(url, body, headers, timeout)
    except InvalidIPAddress as refused:
        return Answer(problem=NOT_PUBLIC.format(refused))
    except Exception as error:  # (requests, urllib3, ssl and sockets raise dozens of kinds)
        late = line.is_late or isinstance(error, requests.Timeout)
        return Answer(problem=TOO_LONG.format(timeout) if late else _words_of(error))
    finally:
        alarm.cancel()
        line.close()


def _post(url: str, body: str, headers: Mapping[str, str], timeout: float) -> Answer:
    with (
        _session() as session,
        session.post(
            url,
            data=body.encode(),
            headers={"Content-Type": "application/json", **IDENTITY, **headers},
            timeout=(min(CONNECT_SECONDS, timeout), timeout),
            stream=True,
        ) as answer,
    ):
        if _here.line.is_late:  # a header that is cut off looks like one that has ended
            raise requests.Timeout
        return Answer(answer.status_code, _beginning_of(answer), _problem_of(answer))


def _beginning_of(answer: requests.Response) -> str:
    """The first bytes of an answer's body, as text; its status stands without them."""
    beginning = b""
    with suppress(Exception):  # (whatever can break in the middle of a body)
        beginning = answer.raw.read1(MAX_ANSWER_BYTES, decode_content=False)
    return beginning.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _session() -> requests.Session:
    """A session of its own for each request: nothing of one endpoint is left for another."""
    config = Config(
        ip_filter_enable=True,
        ip_filter_allow_loopback_ips=settings.WEBHOOKS_TO_LOOPBACK,
        never_redirect=True,
        default_timeout=(CONNECT_SECONDS, CONNECT_SECONDS),
        user_agent_override=USER_AGENT,
    )
    session: requests.Session = Manager(config).get_session()
    session.trust_env = False  # neither proxies nor passwords of the environment
    # What is not followed is not looked for either: requests would read all of the answer.
    session.get_redirect_target = lambda answer: None  # type: ignore[method-assign, assignment]
    for adapter in session.adapters.values():
        manager: Any = adapter.poolmanager  # type: ignore[attr-defined]
        manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return session


def check_public(address: str) -> None:
    """Raise InvalidIPAddress for an address, connected to, that is not a public one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    is_public = ip.is_global and not ip.is_multicast and (ip.version == 4 or ip in UNICAST)
    if not is_public and not (settings.WEBHOOKS_TO_LOOPBACK and ip.is_loopback):
        raise InvalidIPAddress(ip)


def _problem_of(answer: requests.Response) -> str:
    if 200 <= answer.status_code < 300:
        return ""
    if answer.is_redirect or 300 <= answer.status_code < 400:
        return REDIRECT
    return f"It answered {answer.status_code}."


def _words_of(error: Exception) -> str:
    """What went wrong, without the objects' addresses that urllib3 puts into its texts."""
    cause: BaseException = error
    while isinstance(inner := getattr(cause, "reason", None) or cause.__cause__, BaseException):
        cause = inner
    said = str(cause).rpartition(">: ")[2] or str(error)
    return f"It could not be reached: {type(error).__name__}: {said}"[:1000]
