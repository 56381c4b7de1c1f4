"""Signed mail on its way: out of a real Maildir, over several tries, with keys that fail."""

from __future__ import annotations

import base64
import random
from datetime import timedelta
from email import message_from_bytes

import dkim
import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from attachments.storage import attachment_storage
from messaging.dkim.errors import KeyNeeded
from messaging.dkim.keys import (
    check_signing_key,
    make_signing_key,
    remove_signing_key,
    stop_signing_key,
)
from messaging.manifest.evidence import signed_manifest
from messaging.models import Attempt, Inbox, Message, SigningKey
from messaging.outbox.drain import deliver_due
from messaging.source import source_of, with_first_sent
from project.events.models import Event
from project.tenancy.models import Domain
from tests.messaging.dkim.make import make_active_key, make_domain
from tests.messaging.make import (
    delivery_of,
    letter_to,
    make_file,
    make_inbox,
    make_message,
    outcomes,
)
from tests.messaging.manifest.saved import verify
from tests.messaging.outbox.steps import try_again
from tests.people import Person
from tests.services.name_server import NameServer
from tests.services.postfix import DOMAIN, Postfix
from tests.services.sinks import StartSink
from tests.services.smtp_rules import Rule
from tests.services.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db(transaction=True)

ANN, BOB = "ann@example.com", "bob@example.com"
CONTENT = b"%PDF-1.4 " + random.Random(7).randbytes(300_000)
LINE = base64.encodebytes(CONTENT).splitlines()[1000]


def is_valid(raw: bytes, server: NameServer) -> bool:
    return bool(dkim.verify(raw, dnsfunc=server.txt))


def selector_in(raw: bytes) -> str:
    field = str(message_from_bytes(raw)["DKIM-Signature"])
    return field.partition("s=")[2].partition(";")[0]


@pytest.fixture
def relay(sink: SmtpSink, settings) -> SmtpSink:
    settings.SMTP_URL = sink.url
    return sink


def test_a_mail_in_a_maildir_is_signed_and_its_file_is_whole(
    inbox: Inbox, domain: Domain, name_server: NameServer, postfix: Postfix, settings, tmp_path
):
    settings.SMTP_URL = postfix.url
    make_active_key(domain, name_server)
    file = make_file(inbox.workspace, CONTENT, filename="Größe.pdf")
    letter = letter_to(f"ann@{DOMAIN}", html="<p>Grüße  an alle</p>\n.\n\n\n")
    message = make_message(inbox, letter, files=[file])
    deliver_due()
    mail = postfix.wait_for(message.rfc_message_id)
    (raw,) = postfix.raw()
    assert raw.startswith(b"Return-Path:") and is_valid(raw, name_server)
    for words in (b"Subject: Hello", b"see the file", LINE):
        assert raw.count(words) == 1
        assert not is_valid(raw.replace(words, words[:-2] + words[-1:] + words[-2:-1]), name_server)
    (part,) = mail.iter_attachments()
    assert part.get_payload(decode=True) == CONTENT
    signed = signed_manifest(Message.objects.get(pk=message.pk))
    assert "This is the mail that was sent" in verify(tmp_path, raw, signed)
    again = b"DKIM-Signature: v=1; d=relay.example; s=x; b=AA==\n" + raw
    assert "This is the mail that was sent" in verify(tmp_path, again, signed)


def test_the_manifest_and_the_size_are_those_of_the_signed_mail(
    inbox: Inbox, domain: Domain, name_server: NameServer, relay: SmtpSink
):
    make_active_key(domain, name_server)
    message = make_message(inbox, files=[make_file(inbox.workspace, CONTENT)])
    deliver_due()
    (kept,) = relay.kept
    mime = signed_manifest(Message.objects.get(pk=message.pk))["manifest"]["mime"]
    assert mime == {"sha256": kept.sha256, "size": kept.size}
    message = with_first_sent(Message.objects.in_full()).get(pk=message.pk)
    source = source_of(message, at=timezone.now())
    assert b"".join(source.blocks()) == kept.data and source.size == kept.size


def test_without_a_key_that_signs_mail_leaves_as_it_is_written(
    inbox: Inbox, domain: Domain, name_server: NameServer, relay: SmtpSink
):
    check_signing_key(key=make_signing_key(domain=domain))
    make_message(inbox)
    stop_signing_key(key=make_active_key(make_domain(inbox.workspace, "o.example"), name_server))
    make_message(make_inbox(inbox.workspace, address="x@o.example"))
    deliver_due()
    assert len(relay.kept) == 2
    for kept in relay.kept:
        assert b"DKIM-Signature" not in kept.data


def test_a_key_signs_for_its_own_workspace_and_domain_alone(
    inbox: Inbox,
    domain: Domain,
    charlie: Person,
    name_server: NameServer,
    relay: SmtpSink,
    settings,
):
    settings.MAIL_DOMAINS = [domain.name, "acme.test"]
    make_active_key(domain, name_server)
    make_message(make_inbox(charlie.workspace, address=f"charlie@{domain.name}"))
    make_message(make_inbox(inbox.workspace, address="other@acme.test"))
    make_message(inbox)
    deliver_due()
    signed = [kept.sender for kept in relay.kept if b"DKIM-Signature" in kept.data]
    assert len(relay.kept) == 3 and signed == [inbox.address]


def test_a_provider_and_the_house_itself_get_it_unsigned(
    inbox: Inbox, domain: Domain, name_server: NameServer, sink: SmtpSink, settings
):
    make_active_key(domain, name_server)
    settings.MAIL_PORT = sink.port
    make_message(inbox, letter_to(inbox.address))
    deliver_due()
    assert b"DKIM-Signature" not in sink.kept[0].data
    settings.PROVIDER_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    message = make_message(inbox)
    deliver_due()
    assert "signature" not in Attempt.objects.get(delivery__message=message).sent


def test_every_try_sends_the_same_bytes_though_the_key_was_rotated(
    inbox: Inbox, domain: Domain, name_server: NameServer, start_sink: StartSink, settings
):
    relay = start_sink(Rule(at="rcpt", match=BOB, reply="450 4.2.1 Later", times=1))
    settings.SMTP_URL = relay.url
    first = make_active_key(domain, name_server, selector="first")
    message = make_message(inbox, letter_to(ANN, BOB), files=[make_file(inbox.workspace)])
    deliver_due()
    assert outcomes(message) == {ANN: "accepted", BOB: "deferred"}
    second = make_active_key(domain, name_server, selector="second")
    private_key = second.private_key
    SigningKey.objects.update(private_key="")  # what is signed needs none
    SigningKey.objects.filter(pk=first.pk).update(retired_at=timezone.now() - timedelta(days=99))
    Message.objects.update(created_at=timezone.now() - timedelta(days=100))
    with pytest.raises(KeyNeeded, match="is still being tried"):
        remove_signing_key(key=first)
    try_again()
    assert outcomes(message)[BOB] == "accepted"
    one, other = relay.kept
    assert one.data == other.data and selector_in(one.data) == "first"
    SigningKey.objects.filter(pk=second.pk).update(private_key=private_key)
    make_message(inbox)
    deliver_due()
    assert selector_in(relay.kept[2].data) == "second"
    assert all(is_valid(kept.data, name_server) for kept in relay.kept)
    remove_signing_key(key=first)
    assert [key.selector for key in SigningKey.objects.all()] == ["second"]


def test_what_was_not_sent_to_anybody_is_signed_with_the_key_of_the_day(
    inbox: Inbox, domain: Domain, name_server: NameServer, start_sink: StartSink, settings
):
    relay = start_sink(Rule(at="rcpt", reply="450 4.2.1 Later", times=1))
    settings.SMTP_URL = relay.url
    make_active_key(domain, name_server, selector="first")
    make_message(inbox)
    deliver_due()
    make_active_key(domain, name_server, selector="second")
    try_again()
    (kept,) = relay.kept
    assert selector_in(kept.data) == "second" and is_valid(kept.data, name_server)


def test_a_key_that_cannot_be_read_holds_mail_back_and_says_so(
    inbox: Inbox, domain: Domain, name_server: NameServer, relay: SmtpSink, settings
):
    key = make_active_key(domain, name_server)
    other = make_message(make_inbox(inbox.workspace, address="other@acme.test"))
    message = make_message(inbox, files=[make_file(inbox.workspace)])
    kept_keys = settings.FIELD_KEYS
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    deliver_due()
    assert outcomes(message) == {"ann@example.com": "pending"}
    delivery = delivery_of(message)
    assert delivery.state == "queued"
    assert f"private key {key.selector} of {domain} cannot be read" in delivery.reason
    told = Event.objects.get(kind="message.deferred", subject_id=message.pk)
    assert told.payload["reason"] == delivery.reason
    assert outcomes(other) == {"ann@example.com": "accepted"} and len(relay.kept) == 1
    settings.FIELD_KEYS = kept_keys
    try_again()
    assert outcomes(message) == {"ann@example.com": "accepted"}
    assert is_valid(relay.kept[1].data, name_server)


def test_many_over_one_connection_are_each_signed(
    inbox: Inbox, domain: Domain, name_server: NameServer, relay: SmtpSink, monkeypatch
):
    monkeypatch.setattr("messaging.outbox.drain.CONNECTIONS", 1)
    make_active_key(domain, name_server)
    file = make_file(inbox.workspace, CONTENT)
    for number in range(6):
        make_message(inbox, letter_to(f"r{number}@example.com"), files=[file] * (number % 2))
    deliver_due()
    assert len(relay.kept) == 6
    assert all(is_valid(kept.data, name_server) for kept in relay.kept)


def test_without_its_file_a_signed_mail_does_not_leave(
    inbox: Inbox, domain: Domain, name_server: NameServer, relay: SmtpSink
):
    make_active_key(domain, name_server)
    file = make_file(inbox.workspace)
    message = make_message(inbox, files=[file])
    assert file.blob
    attachment_storage().delete(file.blob.key)
    deliver_due()
    assert relay.kept == []
    assert "The storage does not have a.pdf." in Attempt.objects.get().reply
    assert outcomes(message) != {"ann@example.com": "accepted"}
