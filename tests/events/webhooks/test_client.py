"""Strangers' addresses: what is not public is never called."""

from __future__ import annotations

import socket
from threading import Event as Flag
from typing import Any

import pytest
from requests_hardened.ip_filter import InvalidIPAddress

from project.events.webhooks.client import Answer, check_public, post
from project.events.webhooks.endpoints import InvalidWebhookUrl, check_url
from tests.services.hooks import Hooks

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "::1",
    "fe80::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
]


def call(url: str, *, timeout: float = 2.0) -> Answer:
    return post(url=url, body="{}", headers={}, timeout=timeout)


def spelt(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_called(address: str) -> None:
    answer = call(f"https://{spelt(address)}/hooks")
    assert answer.status is None
    assert answer.problem.startswith("The address is not a public one")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    check_public(address)


@pytest.mark.parametrize("address", [*PRIVATE, "fec0::1", "::127.0.0.1", "4000::1"])
def test_what_is_connected_to_is_looked_at_once_more(address: str) -> None:
    with pytest.raises(InvalidIPAddress):
        check_public(address)


def test_the_time_counts_while_a_name_is_looked_up(
    hooks: Hooks, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True
    found, look_up = Flag(), socket.getaddrinfo

    def slow(*words: Any, **facts: Any) -> Any:
        found.wait(1.0)
        return look_up(*words, **facts)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    answer = call(hooks.url, timeout=0.2)
    assert answer.problem == "It took longer than 0.2 s."
    assert hooks.requests == []


@pytest.mark.parametrize("address", PRIVATE)
def test_names_that_resolve_to_private_addresses_are_not_called(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        assert host == "hooks.example.com"
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    answer = call("https://hooks.example.com/hooks")
    assert answer.problem.startswith("The address is not a public one")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "localhost"])
def test_private_addresses_are_refused_when_they_are_given(address: str) -> None:
    with pytest.raises(InvalidWebhookUrl) as refused:
        check_url(f"https://{spelt(address)}/hooks")
    assert refused.value.field == "url"


def test_this_machine_is_called_only_where_the_settings_say_so(hooks: Hooks, settings: Any) -> None:
    assert call(hooks.url).status is None
    assert hooks.requests == []
    settings.WEBHOOKS_TO_LOOPBACK = True
    assert call(hooks.url).status == 204
    assert check_url(hooks.url) == hooks.url
    for address in ("http://10.1.2.3/hooks", "http://hooks.example.com/hooks"):
        with pytest.raises(InvalidWebhookUrl):
            check_url(address)
    assert call("http://10.1.2.3/hooks").problem.startswith("The address is not a public one")


def test_a_proxy_or_password_of_the_environment_is_not_used(
    hooks: Hooks, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert call(hooks.url).status == 204


def test_a_long_answer_is_kept_in_part(hooks: Hooks, settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True
    hooks.answer_with(200, body=b"\0\xff" + b"x" * 10_000_000)
    answer = call(hooks.url)
    assert (answer.status, answer.problem) == (200, "")
    assert answer.body.startswith("\N{REPLACEMENT CHARACTER}" * 2 + "xxx")
    assert len(answer.body) <= 4096


def test_what_does_not_answer_is_said_in_words(settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        problem = call(f"http://127.0.0.1:{nobody.getsockname()[1]}/").problem
    assert "Connection refused" in problem and "0x" not in problem
