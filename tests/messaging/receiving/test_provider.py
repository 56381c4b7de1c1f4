"""What providers say by Anymail's webhooks, in the words that they document."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from email.message import EmailMessage
from importlib import reload
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent, EventType, tracking
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.urls import clear_url_caches

import project.urls
from attachments.errors import StorageUnavailable
from messaging.models import Arrival, Delivery, Inbox, Message, Recipient, Suppression
from messaging.outbox.provider import METADATA, NAMES
from messaging.receiving import provider
from messaging.receiving.parsing import parse_arrival
from project.events.models import Event
from project.tenancy.models import Workspace
from tests.attachments.make import make_attachment
from tests.messaging.make import letter_to, make_inbox, make_message
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

ANN = "ann@example.com"
SECRET, KEY = "provider:correct horse", "key-0123456789"
FILE = bytes(range(256)) * 64 + b"\r\n.\r\nlone\nlone\r\r\n"
IMAGE = b"\x89PNG\r\n\x1a\n" + bytes(99)


@pytest.fixture
def door(settings: Any) -> Iterator[Client]:
    """A provider's client, at an installation that has given it a secret."""
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": KEY}
    build_urls()
    yield client_with(SECRET)
    settings.ANYMAIL = {}
    build_urls()


def build_urls() -> None:
    clear_url_caches()
    reload(project.urls)


def client_with(secret: str) -> Client:
    word = b64encode(secret.encode()).decode()
    return Client(HTTP_AUTHORIZATION=f"Basic {word}", raise_request_exception=False)


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address="hello@acme.test")


# Mail that comes in -----------------------------------------------------------------------------


def written(*, to: str = "hello@acme.test", file: bytes = FILE) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ann <ann@example.com>", to, "Größe"
    mail["Message-ID"] = "<1@example.com>"
    mail["X-Long"] = "word " * 40
    mail.set_content("Please see the file.\n")
    mail.add_attachment(file, maintype="application", subtype="pdf", filename="Überblick.pdf")
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def signed(**fields: Any) -> dict[str, Any]:
    """Mailgun, "Securing webhooks"."""
    token, timestamp = "a" * 50, "1529006854"
    digest = hmac.new(KEY.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"token": token, "timestamp": timestamp, "signature": digest, **fields}


def by_mailgun(client: Client, raw: bytes, *, recipient: str = "hello@acme.test") -> Any:
    """Mailgun, "Receiving messages via HTTP", MIME messages."""
    form = signed(recipient=recipient, sender=ANN, **{"body-mime": raw.decode()})
    return client.post("/anymail/mailgun/inbound_mime/", form)


def read_all() -> list[Message]:
    for id in Arrival.objects.filter(state="received").values_list("pk", flat=True):
        assert parse_arrival(id)
    return list(Message.objects.filter(direction="inbound").order_by("pk"))


def files_of(message: Message) -> dict[str, str]:
    rows = message.enclosures.select_related("attachment")
    return {one.filename: one.attachment.sha256 for one in rows}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_whole_mail_is_kept_byte_for_byte(door: Client, inbox: Inbox) -> None:
    raw = written()
    assert by_mailgun(door, raw).status_code == 200
    arrival = Arrival.objects.get()
    assert (arrival.via, arrival.inbox, arrival.mail_from) == ("provider", inbox, ANN)
    assert arrival.sha256 == digest(raw)
    (message,) = read_all()
    assert message.subject == "Größe"
    assert files_of(message) == {"Überblick.pdf": digest(FILE)}


def test_what_is_told_twice_is_one_message(door: Client, inbox: Inbox) -> None:
    raw = written()
    for _ in range(2):
        assert by_mailgun(door, raw).status_code == 200
    assert len(read_all()) == 1
    assert Arrival.objects.count() == 2


def test_it_is_kept_for_everybody_whom_one_event_names(
    door: Client, alice: Person, inbox: Inbox
) -> None:
    other = make_inbox(alice.workspace, address="other@acme.test")
    to = ["hello@acme.test", "nobody@acme.test", "other+news@acme.test"]
    assert by_sendgrid(door, written(), to).status_code == 200
    rows = Arrival.objects.order_by("recipient").values_list("inbox", "recipient")
    assert list(rows) == [(inbox.pk, to[0]), (other.pk, to[2])]
    assert len(read_all()) == 2


@pytest.mark.parametrize(
    "head",
    [
        "Subject: a\x0cb",
        "SUBJECT:no blank",
        "X-Odd: \u2028 line",
        "From ann Mon Jan  1\r\nSubject: x",
    ],
)
def test_what_a_provider_gives_whole_is_not_written_anew(
    door: Client, inbox: Inbox, head: str
) -> None:
    """Each of these is other bytes, or another mail, once Python has parsed and written it."""
    raw = (
        f"{head}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\n\r\ntext\r\n"
        "--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nlone\rCR\r\n--b--\r\n"
    ).encode()
    assert by_mailgun(door, raw).status_code == 200
    assert Arrival.objects.get().sha256 == digest(raw)
    (message,) = read_all()
    assert files_of(message) == {"a.pdf": digest(b"lone\rCR")}


def test_a_mail_for_nobody_does_not_cost_those_that_come_with_it(
    door: Client, inbox: Inbox, settings: Any
) -> None:
    """Mandrill, "Inbound email webhook format": several mails in one request."""
    url = "https://mail.example.com/anymail/mandrill/"
    keys = {"MANDRILL_WEBHOOK_KEY": "m", "MANDRILL_WEBHOOK_URL": url}
    settings.ANYMAIL = {**settings.ANYMAIL, **keys}
    events = [
        {"event": "inbound", "ts": 1, "msg": {"email": to, "raw_msg": written(to=to).decode()}}
        for to in ("nobody@acme.test", "hello@acme.test")
    ]
    fields = {"mandrill_events": json.dumps(events)}
    signed_text = f"{url}mandrill_events{fields['mandrill_events']}"
    signature = b64encode(hmac.new(b"m", signed_text.encode(), hashlib.sha1).digest()).decode()
    place = "/anymail/mandrill/"
    answer = door.post(place, fields, headers={"X-Mandrill-Signature": signature})
    assert answer.status_code == 200, answer.content
    assert [one.recipient for one in Arrival.objects.all()] == ["hello@acme.test"]


def pieces() -> dict[str, Any]:
    """Mailgun, "Receiving messages via HTTP", fully parsed."""
    headers = [
        ["From", "Ann <ann@example.com>"],
        ["To", "hello@acme.test"],
        ["Subject", "Größe"],
        ["Message-Id", "<2@example.com>"],
    ]
    return signed(
        recipient="hello+news@acme.test",
        sender=ANN,
        **{
            "message-headers": json.dumps(headers),
            "body-plain": "Grüße\n",
            "body-html": '<p>Grüße <img src="cid:logo"></p>',
            "attachment-count": "3",
            "content-id-map": '{"<logo>": "attachment-2"}',
            "attachment-1": SimpleUploadedFile("a.bin", FILE, "application/octet-stream"),
            "attachment-2": SimpleUploadedFile("logo.png", IMAGE, "image/png"),
            "attachment-3": SimpleUploadedFile("lines.txt", b"a\nb\r\nc\r", "text/plain"),
        },
    )


def test_a_mail_in_pieces_has_the_bytes_of_its_files(door: Client, inbox: Inbox) -> None:
    assert door.post("/anymail/mailgun/inbound/", pieces()).status_code == 200
    assert Arrival.objects.get().recipient == "hello+news@acme.test"
    (message,) = read_all()
    assert (message.text or "").rstrip() == "Grüße"
    assert message.html and "cid:logo" in message.html
    assert files_of(message) == {
        "a.bin": digest(FILE),
        "logo.png": digest(IMAGE),
        "lines.txt": digest(b"a\nb\r\nc\r"),
    }
    (image,) = message.enclosures.filter(inline=True)
    assert image.content_id == "logo"


def test_a_mail_in_pieces_is_put_together_the_same_each_time(door: Client, inbox: Inbox) -> None:
    for _ in range(2):
        assert door.post("/anymail/mailgun/inbound/", pieces()).status_code == 200
    assert len(set(Arrival.objects.values_list("sha256", flat=True))) == 1
    assert len(read_all()) == 1
    other = {**pieces(), "body-plain": "Other\n"}
    assert door.post("/anymail/mailgun/inbound/", other).status_code == 200
    assert len(read_all()) == 2


def by_sendgrid(client: Client, raw: bytes, to: list[str]) -> Any:
    """SendGrid, "Inbound Parse Webhook", raw: one request for all recipients of a mail."""
    form = {"envelope": json.dumps({"from": ANN, "to": to}), "email": raw.decode()}
    return client.post("/anymail/sendgrid/inbound/", form)


def by_postmark(client: Client, **facts: Any) -> Any:
    """Postmark, "Inbound webhook"."""
    event = {
        "FromFull": {"Email": ANN, "Name": "Ann", "MailboxHash": ""},
        "ToFull": [{"Email": "hello@acme.test", "Name": "Hello", "MailboxHash": ""}],
        "CcFull": [],
        "BccFull": [],
        "OriginalRecipient": "451d9b70cf9364d23ff6f9d51d870251569e@inbound.example",
        "Subject": "Test subject",
        "MessageID": "73e6d360-66eb-11e1-8e72-a8904824019b",
        "Date": "Fri, 1 Aug 2014 16:45:32 -04:00",
        "TextBody": "This is a test text body.",
        "HtmlBody": "<p>This is a test html body.</p>",
        "Headers": [
            {"Name": "Return-Path", "Value": "<ann@example.com>"},
            {"Name": "Message-ID", "Value": "<3@example.com>"},
        ],
        "Attachments": [
            {
                "Name": "myimage.png",
                "Content": b64encode(IMAGE).decode(),
                "ContentType": "image/png",
                "ContentLength": len(IMAGE),
            },
        ],
        **facts,
    }
    return client.post("/anymail/postmark/inbound/", event, content_type="application/json")


def test_who_was_meant_is_read_from_the_mail_where_the_envelope_does_not_say(
    door: Client, inbox: Inbox
) -> None:
    other = make_inbox(inbox.workspace, address="desk@acme.test")
    people = [{"Email": "Desk@acme.test", "Name": "", "MailboxHash": ""}]
    assert by_postmark(door, CcFull=people).status_code == 200
    assert set(Arrival.objects.values_list("inbox", "mail_from")) == {
        (inbox.pk, ANN),
        (other.pk, ANN),
    }
    messages = read_all()
    assert [files_of(one) for one in messages] == [{"myimage.png": digest(IMAGE)}] * 2
    assert {one.rfc_message_id for one in messages} == {"<3@example.com>"}


def test_the_envelope_decides_alone_where_it_says(door: Client, inbox: Inbox) -> None:
    other = make_inbox(inbox.workspace, address="desk@acme.test")
    raw = written(to="hello@acme.test")
    assert by_mailgun(door, raw, recipient="desk@acme.test").status_code == 200
    assert Arrival.objects.get().inbox == other


def test_a_mail_for_nobody_here_is_refused_aloud(door: Client, inbox: Inbox) -> None:
    answer = by_mailgun(door, written(to="x@acme.test"), recipient="y@acme.test")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "no_such_inbox"
    assert not Arrival.objects.exists()


def test_mail_for_a_workspace_without_room_stays_with_its_provider(
    door: Client, inbox: Inbox, charlie: Person
) -> None:
    his = make_inbox(charlie.workspace, address="his@acme.test")
    make_attachment(inbox.workspace, b"four")
    Workspace.objects.filter(pk=inbox.workspace_id).update(max_stored_bytes=4)
    mail = written()

    def told() -> int:
        return by_sendgrid(door, mail, [inbox.address, his.address]).status_code

    assert (told(), told()) == (503, 503)
    assert [message.inbox for message in read_all()] == [his]
    Workspace.objects.update(max_stored_bytes=None)
    assert told() == 200
    assert {message.inbox for message in read_all()} == {his, inbox}


@pytest.mark.parametrize(
    ("trouble", "status"), [(StorageUnavailable(), 503), (OperationalError("locked"), 503)]
)
def test_trouble_of_ours_is_to_be_tried_again(
    door: Client,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Exception,
    status: int,
) -> None:
    def fail(**_: object) -> None:
        raise trouble

    with monkeypatch.context() as patch:
        patch.setattr(provider, "keep_arrivals", fail)
        assert by_mailgun(door, written()).status_code == status
    assert by_mailgun(door, written()).status_code == 200
    assert len(read_all()) == 1


@pytest.mark.parametrize("secret", ["", "provider:wrong", "provider", "other:correct horse"])
def test_nobody_else_is_listened_to(door: Client, inbox: Inbox, secret: str) -> None:
    client = client_with(secret) if secret else Client(raise_request_exception=False)
    for answer in (by_postmark(client), by_mailgun(client, written())):
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "bad_request"
    assert not Arrival.objects.exists()
    assert by_postmark(door).status_code == 200


def test_without_a_secret_there_is_no_such_address(inbox: Inbox) -> None:
    assert by_postmark(client_with(SECRET)).status_code == 404
    assert not Arrival.objects.exists()


# What became of ours ----------------------------------------------------------------------------


def sent(inbox: Inbox, *to: str, state: str = "accepted", **fields: str) -> Message:
    """A message that a provider has, its recipients in a state."""
    message = make_message(inbox, letter_to(*(to or (ANN,))))
    Recipient.objects.filter(delivery__message=message).update(state=state, **fields)
    Delivery.objects.filter(message=message).update(state="done", due_at=None)
    return message


def states(message: Message) -> dict[str, str]:
    rows = Recipient.objects.filter(delivery__message=message)
    return dict(rows.values_list("email", "state"))


def told(message: Message) -> list[str]:
    rows = Event.objects.filter(subject_id=message.pk).exclude(kind="message.accepted")
    return list(rows.in_order().values_list("kind", flat=True))


def named(row: Message | Inbox) -> dict[str, str]:
    """What our provider gives back of a mail."""
    return {METADATA: NAMES.sign(row.pk.hex)}


def tell(kind: str, **facts: Any) -> None:
    """Let Anymail tell of an event."""
    event = AnymailTrackingEvent(event_type=kind, **{"recipient": ANN, "metadata": {}, **facts})
    tracking.send(sender=object, event=event, esp_name="Provider")


NEVER = ["pending", "deferred", "refused", "suppressed", "bounced", "complained"]
LEADS_TO: dict[str, dict[str, str]] = {
    EventType.QUEUED: {"unknown": "accepted"},
    EventType.SENT: {"unknown": "accepted"},
    EventType.DEFERRED: {"unknown": "accepted"},
    EventType.DELIVERED: {"unknown": "delivered", "accepted": "delivered"},
    EventType.BOUNCED: {"unknown": "bounced", "accepted": "bounced", "delivered": "bounced"},
    EventType.REJECTED: {"unknown": "refused", "accepted": "refused"},
    EventType.FAILED: {"unknown": "refused", "accepted": "refused"},
    EventType.COMPLAINED: {
        "unknown": "complained",
        "accepted": "complained",
        "delivered": "complained",
    },
    EventType.OPENED: {},
    EventType.UNKNOWN: {},
}
KIND_OF = {
    "accepted": "message.sent",
    "delivered": "message.delivered",
    "bounced": "message.bounced",
    "refused": "message.failed",
    "complained": "message.complained",
}


@pytest.mark.parametrize("before", [*NEVER, "unknown", "accepted", "delivered"])
def test_every_outcome_leads_where_a_report_would(inbox: Inbox, before: str) -> None:
    for kind, leads in LEADS_TO.items():
        message = sent(inbox, ANN, "bo@example.com", state=before)
        tell(kind, metadata=named(message))
        after = leads.get(before, before)
        assert states(message) == {ANN: after, "bo@example.com": before}, kind
        assert told(message) == ([KIND_OF[after]] if before in leads else []), kind
        message.refresh_from_db()
        is_reached = before in leads and after in ("accepted", "delivered", "complained")
        assert (message.sent_at is not None) is is_reached, kind
        tell(kind, metadata=named(message))  # once more, as providers do
        assert states(message)[ANN] == leads.get(after, after)


def test_the_words_of_the_other_server_are_kept(inbox: Inbox) -> None:
    message = sent(inbox, provider_id="p1")
    tell("bounced", message_id="p1", mta_response="550 5.1.1 No\0body")
    one = Recipient.objects.get(delivery__message=message)
    assert (one.code, one.reply) == (550, "550 5.1.1 No\N{REPLACEMENT CHARACTER}body")
    assert not Suppression.objects.exists()


def test_an_answer_that_is_not_written_down_yet_is_no_reason_to_miss_a_word(inbox: Inbox) -> None:
    message = sent(inbox, state="pending")
    rows = Delivery.objects.filter(message=message)
    rows.update(state="data", claim=message.pk, due_at=message.created_at)
    tell("bounced", metadata=named(message))
    assert states(message) == {ANN: "bounced"}


def test_it_is_one_address_of_one_message_or_nobody(inbox: Inbox, charlie: Person) -> None:
    mine = sent(inbox, state="unknown", provider_id="same")
    theirs = sent(make_inbox(charlie.workspace), state="unknown", provider_id="same")
    for facts in (
        {"recipient": "eve@example.com", "metadata": named(mine)},
        {"recipient": "", "metadata": named(mine)},
        {"recipient": None, "message_id": mine.rfc_message_id},
        {"message_id": "same"},
        {"message_id": ""},
        {"message_id": None, "metadata": {"message": "no id"}},
        {"metadata": named(inbox)},
        {"metadata": {"message": mine.pk.hex}},  # as anybody can read it off the mail
        {"metadata": {"message": f"{mine.pk.hex}:forged"}},
        {"metadata": {"message": 7}},
        {"metadata": "message"},
    ):
        tell("delivered", **facts)
    assert states(mine) == states(theirs) == {ANN: "unknown"}
    tell("delivered", message_id="same", metadata=named(mine))
    assert (states(mine), states(theirs)) == ({ANN: "delivered"}, {ANN: "unknown"})
    tell("bounced", message_id=theirs.rfc_message_id, recipient="Ann@Example.com")
    assert (states(mine), states(theirs)) == ({ANN: "delivered"}, {ANN: "bounced"})


def test_a_recipient_is_known_by_every_spelling(inbox: Inbox) -> None:
    message = sent(inbox, "Jo@Bücher.example", "ann@example.com")
    id = named(message)
    tell("delivered", recipient="jo@xn--bcher-kva.example", metadata=id)
    assert states(message) == {"Jo@Bücher.example": "delivered", ANN: "accepted"}


def test_what_came_in_is_never_told(inbox: Inbox) -> None:
    message = sent(inbox)
    Message.objects.filter(pk=message.pk).update(direction="inbound")
    tell("bounced", metadata=named(message))
    assert states(message) == {ANN: "accepted"}


def test_who_unsubscribes_gets_no_more_of_what_nobody_asked_for(
    inbox: Inbox, charlie: Person
) -> None:
    message = sent(inbox, provider_id="p1", state="delivered")
    for _ in range(2):
        tell("unsubscribed", message_id="p1")
    tell("unsubscribed", message_id="p2")
    one = Suppression.objects.get()
    assert (one.workspace, one.email, one.reason) == (inbox.workspace, ANN, "unsubscribe")
    assert one.applies_to == "non_transactional"
    assert one.recipient == Recipient.objects.get(delivery__message=message)
    assert states(message) == {ANN: "delivered"}


def test_mailgun_bounces(door: Client, inbox: Inbox) -> None:
    """Mailgun, "Event structure", failed (permanent)."""
    message = sent(inbox, state="unknown")
    event = {
        "signature": signed(),
        "event-data": {
            "event": "failed",
            "severity": "permanent",
            "reason": "bounce",
            "timestamp": 1521472262.908181,
            "recipient": ANN,
            "message": {"headers": {"message-id": "1@sandbox.mailgun.example", "to": ANN}},
            "delivery-status": {"code": 550, "message": "5.1.1 Nobody", "description": None},
            "user-variables": named(message),
            "tags": [],
        },
    }
    url = "/anymail/mailgun/tracking/"
    assert client_with("a:b").post(url, event, "application/json").status_code == 400
    assert states(message) == {ANN: "unknown"}
    assert door.post(url, event, "application/json").status_code == 200
    assert states(message) == {ANN: "bounced"}
    assert Recipient.objects.get(delivery__message=message).reply == "5.1.1 Nobody"


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ({"RecordType": "Delivery", "Recipient": ANN, "Details": "250 Ok"}, "delivered"),
        ({"RecordType": "Bounce", "Type": "HardBounce", "Email": ANN, "ID": 42}, "bounced"),
        ({"RecordType": "Bounce", "Type": "Transient", "Email": ANN, "ID": 42}, "accepted"),
        ({"RecordType": "Bounce", "Type": "Blocked", "Email": ANN, "ID": 42}, "refused"),
        ({"RecordType": "SpamComplaint", "Type": "SpamComplaint", "Email": ANN}, "complained"),
        ({"RecordType": "Open", "Recipient": ANN}, "accepted"),
    ],
)
def test_postmark_speaks_of_what_it_took(
    door: Client, inbox: Inbox, words: dict[str, Any], state: str
) -> None:
    """Postmark, "Delivery webhook", "Bounce webhook", "Spam complaint webhook"."""
    id = "883953f4-6105-42a2-a16a-77a8eac79483"
    message, other = sent(inbox, provider_id=id), sent(inbox)
    event = {"MessageID": id, "Metadata": {}, **words}
    answer = door.post("/anymail/postmark/tracking/", event, "application/json")
    assert answer.status_code == 200
    assert (states(message), states(other)) == ({ANN: state}, {ANN: "accepted"})
