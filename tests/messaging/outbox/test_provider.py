"""Mail handed to a back-end: what it said, and what it did not say."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest
import requests
from anymail.exceptions import AnymailAPIError, AnymailUnsupportedFeature
from anymail.message import AnymailRecipientStatus
from anymail.utils import UNSET
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend

from attachments.limits import Limits
from attachments.storage import attachment_storage
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.letter import Letter
from messaging.models import Recipient
from messaging.outbox import drain
from messaging.outbox.drain import deliver_due
from messaging.outbox.provider import METADATA, NAMES
from messaging.outbox.record import BACK_OFF
from messaging.services import cancel_message, send_message
from tests.messaging.make import (
    delivery_of,
    letter_to,
    make_file,
    make_inbox,
    make_message,
    outcomes,
)
from tests.messaging.outbox.steps import events_of, history_of, state_of, try_again, turn

pytestmark = pytest.mark.django_db(transaction=True)

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"


class Failing(BaseEmailBackend):
    """Raises what the test wants, and takes the next mail."""

    errors: list[Exception] = []
    answer: int | None = 1

    def send_messages(self, email_messages):
        if self.errors:
            raise self.errors.pop()
        mail.outbox.extend(email_messages)
        return self.answer


@pytest.fixture(autouse=True)
def locmem(settings):
    settings.PROVIDER_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def failing(settings, monkeypatch):
    monkeypatch.setattr(Failing, "errors", [])
    monkeypatch.setattr(Failing, "answer", 1)
    settings.PROVIDER_BACKEND = f"{__name__}.Failing"
    return Failing


@pytest.fixture
def anymail(settings):
    settings.PROVIDER_BACKEND = "anymail.backends.test.EmailBackend"


def test_it_hands_over_the_whole_mail(inbox):
    letter = Letter(
        to=(Address(ANN, "Ann, née Bé"),),
        cc=(Address(BOB),),
        bcc=(Address(EVE),),
        reply_to=(Address("desk@acme.test"),),
        subject="Grüße",
        text="Hello\n",
        html="<p>Hello</p>",
        headers={"X-Case": "7"},
    )
    content = b"a\nb\r\nc\0" * 100
    message = make_message(inbox, letter, files=[make_file(inbox.workspace, content)])
    deliver_due()
    (sent,) = mail.outbox
    assert (
        sent.recipients() == ['"Ann, née Bé" <ann@example.com>', BOB, EVE]
        or len(sent.recipients()) == 3
    )
    assert (sent.subject, sent.body, sent.reply_to) == ("Grüße", "Hello\n", ["desk@acme.test"])
    assert sent.extra_headers == {"X-Case": "7", "Message-ID": message.rfc_message_id}
    assert [one.content for one in sent.alternatives] == ["<p>Hello</p>"]
    (part,) = sent.attachments
    assert part.get_payload(decode=True) == content
    assert part.get_filename() == "a.pdf"
    assert sent.message()["Bcc"] is None
    assert set(outcomes(message).values()) == {"accepted"}
    assert (state_of(message), history_of(message)) == ("done", [(1, "accepted")])
    assert events_of(message) == ["sent"]


def send_inline(inbox):
    image = make_file(inbox.workspace, b"\x89PNG\r\n\x1a\n" + bytes(50), filename="logo.png")
    return send_message(
        inbox=inbox,
        letter=Letter(to=(Address(ANN),), html='<img src="cid:logo@acme.test">'),
        enclosures=[Enclosure(image, inline=True, content_id="logo@acme.test")],
        limits=Limits.for_workspace(inbox.workspace),
    )


def test_an_inline_image_keeps_its_id(inbox):
    send_inline(inbox)
    deliver_due()
    (part,) = mail.outbox[0].attachments
    assert part["Content-ID"] == "<logo@acme.test>"
    assert part.get_content_disposition() == "inline"
    assert part.get_content_type() == "image/png"


def test_anymail_sees_an_inline_image(inbox, anymail):
    message = send_inline(inbox)
    deliver_due()
    (sent,) = mail.outbox
    (attached,) = sent.anymail_test_params["attachments"]
    assert (attached.inline, attached.cid) == (True, "logo@acme.test")
    assert outcomes(message) == {ANN: "accepted"}
    assert delivery_of(message).history.get().relay == "anymail.backends.test.EmailBackend"


def test_it_takes_a_crowd(inbox):
    messages = [make_message(inbox, letter_to(f"r{n}@example.com")) for n in range(60)]
    deliver_due()
    assert len(mail.outbox) == 60
    assert {state_of(message) for message in messages} == {"done"}


def test_nobody_gets_it_twice_who_is_named_twice(inbox):
    letter = Letter(
        to=(Address(ANN), Address(BOB)), cc=(Address(ANN),), bcc=(Address(BOB),), text="x"
    )
    make_message(inbox, letter)
    deliver_due()
    assert sorted(mail.outbox[0].recipients()) == [ANN, BOB]


@pytest.mark.parametrize(
    ("error", "state", "delivery"),
    [
        (smtplib.SMTPRecipientsRefused({ANN: (550, b"No")}), "refused", "done"),
        (smtplib.SMTPRecipientsRefused({ANN: (450, b"Later")}), "deferred", "queued"),
        (smtplib.SMTPDataError(451, b"Later"), "deferred", "queued"),
        (smtplib.SMTPDataError(554, "No"), "refused", "done"),
        (smtplib.SMTPServerDisconnected("gone"), "unknown", "done"),
        (ConnectionRefusedError("nobody there"), "deferred", "queued"),
        (TimeoutError("too long"), "unknown", "done"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_it_puts_down_what_a_back_end_says(inbox, failing, error, state, delivery):
    failing.errors.append(error)
    message = make_message(inbox)
    deliver_due()
    assert outcomes(message) == {ANN: state}
    assert state_of(message) == delivery
    try_again()
    assert len(mail.outbox) == (state == "deferred")
    assert outcomes(message) == {ANN: "accepted" if state == "deferred" else state}


def api_error(status):
    response = requests.Response()
    response.status_code, response.reason, response._content = status or 0, "No", b"\0"
    return AnymailAPIError("No", status_code=status, response=response)


@pytest.mark.parametrize(
    ("status", "state"),
    [(400, "refused"), (401, "deferred"), (403, "deferred"), (422, "refused"), (429, "deferred")]
    + [(500, "unknown"), (502, "unknown"), (None, "unknown")],
)
def test_it_reads_a_providers_status(inbox, failing, status, state):
    """What an operator can put right is tried again; 5xx may come after the mail was taken."""
    failing.errors.append(api_error(status))
    message = make_message(inbox)
    deliver_due()
    assert outcomes(message) == {ANN: state}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_leaves_a_doubt_at_once(inbox, failing):
    failing.errors.append(KeyError("what?"))
    message, other = make_message(inbox), make_message(inbox)
    deliver_due()
    states = sorted(state for one in (message, other) for state in outcomes(one).values())
    assert states == ["accepted", "unknown"]


def test_a_back_end_that_took_nothing_leaves_a_doubt(inbox, failing):
    failing.answer = 0
    message = make_message(inbox)
    deliver_due()
    assert outcomes(message) == {ANN: "unknown"}


def test_a_provider_speaks_of_each_recipient(inbox, anymail, monkeypatch):
    verdicts = {ANN: "sent", BOB: "rejected", EVE: "invalid"}

    def post(self, payload, message):
        mail.outbox.append(message)
        return {
            "recipient_status": {
                email: AnymailRecipientStatus(message_id="1", status=verdicts[email])
                for email in payload.recipient_emails
            }
        }

    monkeypatch.setattr("anymail.backends.test.EmailBackend.post_to_esp", post)
    message = make_message(inbox, letter_to(ANN, BOB, EVE))
    deliver_due()
    assert outcomes(message) == {ANN: "accepted", BOB: "refused", EVE: "refused"}
    assert history_of(message) == [(1, "partial")]
    assert events_of(message) == ["partial"]


def test_it_keeps_what_the_provider_calls_the_mail(inbox, anymail, monkeypatch):
    names = {ANN: "<1@provider.example>", BOB: "x" * 300, EVE: None}

    def post(self, payload, message):
        return {
            "recipient_status": {
                email: AnymailRecipientStatus(
                    message_id=names[email], status="rejected" if email == BOB else "queued"
                )
                for email in payload.recipient_emails
            }
        }

    monkeypatch.setattr("anymail.backends.test.EmailBackend.post_to_esp", post)
    message = make_message(inbox, letter_to(ANN, BOB, EVE))
    deliver_due()
    rows = Recipient.objects.filter(delivery__message=message)
    assert dict(rows.values_list("email", "provider_id")) == {
        ANN: "<1@provider.example>",
        BOB: "x" * 255,
        EVE: "",
    }


def test_the_provider_is_given_our_name_of_the_message_to_keep(inbox, anymail):
    message = make_message(inbox)
    deliver_due()
    (sent,) = mail.outbox
    named = sent.anymail_test_params["metadata"][METADATA]
    assert NAMES.unsign(named) == message.pk.hex


def test_a_provider_that_keeps_nothing_beside_a_mail_gets_it_without(inbox, failing):
    failing.errors.append(AnymailUnsupportedFeature("no metadata"))
    message = make_message(inbox)
    deliver_due()
    (sent,) = mail.outbox
    assert sent.metadata is UNSET
    assert outcomes(message) == {ANN: "accepted"}
    assert history_of(message) == [(1, "accepted")]


def test_what_a_provider_cannot_do_at_all_is_refused(inbox, failing):
    failing.errors += [AnymailUnsupportedFeature("no such thing") for _ in range(2)]
    message = make_message(inbox)
    deliver_due()
    try_again()
    assert mail.outbox == []
    assert outcomes(message) == {ANN: "refused"}
    assert state_of(message) == "done"


def test_a_provider_that_refuses_everybody_has_refused(inbox, anymail, monkeypatch):
    def post(self, payload, message):
        status = AnymailRecipientStatus(message_id=None, status="rejected")
        return {"recipient_status": dict.fromkeys(payload.recipient_emails, status)}

    monkeypatch.setattr("anymail.backends.test.EmailBackend.post_to_esp", post)
    message = make_message(inbox)
    deliver_due()
    assert outcomes(message) == {ANN: "refused"}
    assert events_of(message) == ["failed"]


@pytest.mark.parametrize("change", [b"who", b"whole and more"])
def test_it_hands_over_no_file_that_is_not_as_long_as_it_was(inbox, change):
    file = make_file(inbox.workspace, b"whole")
    message = make_message(inbox, files=[file])
    Path(attachment_storage().path(file.blob.key)).write_bytes(change)
    deliver_due()
    assert mail.outbox == []
    assert (state_of(message), history_of(message)) == ("queued", [(1, "lost")])


def test_it_hands_over_nothing_without_its_bytes(inbox):
    file = make_file(inbox.workspace, b"whole")
    message = make_message(inbox, files=[file])
    attachment_storage().delete(file.blob.key)
    deliver_due()
    assert mail.outbox == []
    assert history_of(message) == [(1, "lost")]


@pytest.mark.parametrize("how", ["cancel", "turn"])
def test_the_last_gate_is_before_the_hand_over(inbox, monkeypatch, how):
    file = make_file(inbox.workspace)
    message = make_message(inbox, files=[file])
    commit = drain.commit

    def commit_late(begins, ends):
        if begins and how == "turn":
            turn(file, "refused")
        elif begins:
            cancel_message(message=message)
        return commit(begins, ends)

    monkeypatch.setattr(drain, "commit", commit_late)
    deliver_due()
    assert mail.outbox == []
    assert state_of(message) == ("canceled" if how == "cancel" else "queued")


def test_an_inbox_with_a_relay_of_its_own_goes_past_the_provider(inbox, sink):
    special = make_inbox(inbox.workspace, smtp_url=sink.url)
    make_message(special)
    make_message(inbox)
    deliver_due()
    assert (len(sink.kept), len(mail.outbox)) == (1, 1)


def test_a_retry_is_the_same_mail(inbox, failing):
    failing.errors.append(smtplib.SMTPDataError(451, b"Later"))
    message = make_message(inbox)
    deliver_due()
    assert delivery_of(message).reason == "451 Later"
    assert BACK_OFF[0].total_seconds() == 15
    try_again()
    assert mail.outbox[0].extra_headers["Message-ID"] == message.rfc_message_id
