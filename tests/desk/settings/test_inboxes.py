"""Inboxes in the settings: made, named, signed, tried and closed."""

from __future__ import annotations

import re

import pytest

from messaging.inboxes import MAX_SIGNATURE
from messaging.models import Inbox, Message
from messaging.outbox.drain import deliver_due
from messaging.outbox.relay import Relay
from project.ids import spell
from tests.desk.settings.visit import SETTINGS, errors_at, field_in, post, text_of
from tests.messaging.make import make_inbox, make_message
from tests.people import Person
from tests.services.sinks import StartSink
from tests.services.smtp_rules import Rule, Rules

OWN = "smtps://ann:hunter2%2F@mail.example.com:4650"
SERVER = {"own": "yes", "host": "smtp.example.com", "port": "", "security": "smtps"}


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address="hello@acme.test", name="Acme")


def path_of(inbox: Inbox, *rest: str) -> str:
    return "/".join(["inboxes", spell("inb", inbox.pk), *rest])


def test_it_makes_one(alice: Person):
    page = post(alice.browser, "inboxes/new", local="Sales", domain="acme.test", name="Sales")
    assert "sales@acme.test is there." in text_of(page)
    inbox = Inbox.objects.get()
    assert (inbox.address, inbox.name, inbox.workspace) == (
        "sales@acme.test", "Sales", alice.workspace,
    )  # fmt: skip
    assert inbox.folders.count() == 4


def test_it_offers_the_domains_of_the_workspace_and_no_others(alice: Person, charlie: Person):
    alice.workspace.domains.create(name="example.com")
    charlie.workspace.domains.create(name="stranger.example")
    page = alice.browser.get(f"{SETTINGS}/inboxes/new").text
    assert re.findall(r'<option value="([^"]+)"', page) == ["example.com", "acme.test"]
    refused = post(alice.browser, "inboxes/new", local="a", domain="stranger.example")
    assert refused.status_code == 422 and errors_at(refused, "domain")
    listed = text_of(alice.browser.get(f"{SETTINGS}/inboxes"))
    assert "example.com Yours alone" in listed and "acme.test Shared" in listed


@pytest.mark.parametrize(
    ("local", "words"),
    [("", "required"), ("hello", "already"), ("not an address", "address"), ("a@b", "address")],
)
def test_what_is_wrong_is_said_at_the_field(alice: Person, inbox: Inbox, local: str, words: str):
    page = post(alice.browser, "inboxes/new", local=local, domain="acme.test", name="Kept")
    assert page.status_code == 422 and words in errors_at(page, "local")
    field = field_in(page, "local")
    assert "autofocus" in field and 'aria-invalid="true"' in field
    assert 'aria-describedby="id_local_error"' in field
    assert "autofocus" not in field_in(page, "name") and 'value="Kept"' in field_in(page, "name")
    assert Inbox.objects.count() == 1


def test_it_names_and_signs(alice: Person, inbox: Inbox):
    page = post(alice.browser, path_of(inbox), name="Sales", signature="Ann\r\n  Acme\r\n\r\n")
    assert "Saved." in text_of(page) and ">\nAnn\n  Acme</textarea>" in page.text
    inbox.refresh_from_db()
    assert (inbox.name, inbox.signature) == ("Sales", "Ann\n  Acme")
    post(alice.browser, path_of(inbox), name="Sales", signature="")
    inbox.refresh_from_db()
    assert inbox.signature == ""


def test_a_name_that_would_be_two_lines_of_a_header_is_refused(alice: Person, inbox: Inbox):
    page = post(alice.browser, path_of(inbox), name="Acme\r\nBcc: eve@example.com", signature="")
    assert page.status_code == 422 and "one line" in errors_at(page, "name")
    inbox.refresh_from_db()
    assert inbox.name == "Acme"


def test_a_signature_has_an_end(alice: Person, inbox: Inbox):
    page = post(alice.browser, path_of(inbox), signature="x" * (MAX_SIGNATURE + 1))
    assert page.status_code == 422 and "10001" in errors_at(page, "signature")


def test_a_signature_is_shown_as_text(alice: Person, inbox: Inbox):
    page = post(alice.browser, path_of(inbox), signature="</textarea><script>alert(1)</script>")
    assert "<script>alert" not in page.text and "&lt;/textarea&gt;" in page.text


def test_a_mail_server_of_its_own_is_kept_without_ever_showing_its_password(
    alice: Person, inbox: Inbox
):
    fields = {**SERVER, "port": "4650", "username": "ann@x", "password": "hünter/2:@"}
    page = post(alice.browser, path_of(inbox, "relay"), **fields)
    inbox.refresh_from_db()
    assert inbox.smtp_url == "smtps://ann%40x:h%C3%BCnter%2F2%3A%40@smtp.example.com:4650"
    assert "smtp.example.com:4650 as ann@x" in text_of(page)
    form = alice.browser.get(f"{SETTINGS}/{path_of(inbox, 'relay')}")
    assert "hünter" not in page.text + form.text and "%C3" not in form.text
    assert 'value="smtp.example.com"' in field_in(form, "host")
    assert "value" not in field_in(form, "password") and "One is set" in text_of(form)


def test_a_password_left_blank_stays_with_its_server_and_user(alice: Person, inbox: Inbox):
    Inbox.objects.update(smtp_url=OWN)
    same = {"own": "yes", "host": "mail.example.com", "port": "4650", "security": "smtps",
            "username": "ann"}  # fmt: skip
    post(alice.browser, path_of(inbox, "relay"), **same)
    inbox.refresh_from_db()
    assert inbox.smtp_url == OWN


@pytest.mark.parametrize(
    "change",
    [{"host": "evil.example"}, {"port": "25"}, {"security": "smtp"}, {"username": "eve"}],
)
def test_a_password_goes_to_no_other_server(alice: Person, inbox: Inbox, change: dict[str, str]):
    Inbox.objects.update(smtp_url=OWN)
    same = {"own": "yes", "host": "mail.example.com", "port": "4650", "security": "smtps",
            "username": "ann"}  # fmt: skip
    page = post(alice.browser, path_of(inbox, "relay"), **{**same, **change})
    assert page.status_code == 422 and "password again" in errors_at(page, "password")
    inbox.refresh_from_db()
    assert inbox.smtp_url == OWN


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"host": ""}, "host"),
        ({"host": "smtp.example.com/x"}, "host"),
        ({"host": "a@smtp.example.com"}, "host"),
        ({"port": "70000"}, "port"),
        ({"security": "none"}, "security"),
        ({"password": "x"}, "username"),
    ],
)
def test_a_mail_server_that_is_none_is_refused(
    alice: Person, inbox: Inbox, fields: dict[str, str], field: str
):
    page = post(alice.browser, path_of(inbox, "relay"), **{**SERVER, **fields})
    assert page.status_code == 422 and errors_at(page, field)
    inbox.refresh_from_db()
    assert inbox.smtp_url == ""


@pytest.mark.parametrize("host", ["mail.example.com", "::1", "xn--mnchen-3ya.example"])
@pytest.mark.parametrize("password", ["", "p@:/?#[] %é"])
def test_a_mail_server_is_read_as_it_was_written(host: str, password: str):
    relay = Relay(host=host, port=2525, security="smtps", username="a@b", password=password)
    assert Relay.read(relay.url) == relay


def test_it_goes_back_to_the_installations_server(alice: Person, inbox: Inbox):
    Inbox.objects.update(smtp_url=OWN)
    post(alice.browser, path_of(inbox, "relay"), own="no", security="smtps", host="left over")
    inbox.refresh_from_db()
    assert inbox.smtp_url == OWN  # a field that is wrong is said, not lost
    post(alice.browser, path_of(inbox, "relay"), own="no", security="smtps")
    inbox.refresh_from_db()
    assert inbox.smtp_url == ""


@pytest.mark.django_db(transaction=True)
def test_a_test_message_leaves_and_the_servers_words_are_shown(
    alice: Person, inbox: Inbox, start_sink: StartSink
):
    rule = Rule(at="rcpt", reply="550 5.7.1 We <b>know</b> you")
    server = start_sink(rule, like=Rules(login=("ann", "hunter2"), tls="")).url
    Inbox.objects.update(smtp_url=server)
    page = post(alice.browser, path_of(inbox, "test"))
    assert "Ready to leave" in text_of(page) and "load delay" in page.text
    message = Message.objects.get()
    assert message.to == [{"email": "alice@acme.test", "name": "alice"}]
    deliver_due()
    here = page.redirect_chain[-1][0]
    after = alice.browser.get(here)
    assert "Not delivered" in text_of(after) and "load delay" not in after.text
    assert "550 5.7.1 We &lt;b&gt;know&lt;/b&gt; you" in after.text


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_not_there_is_said_in_a_test(alice: Person, inbox: Inbox):
    Inbox.objects.update(smtp_url="smtp://127.0.0.1:1")
    page = post(alice.browser, path_of(inbox, "test"))
    deliver_due()
    after = text_of(alice.browser.get(page.redirect_chain[-1][0]))
    assert "127.0.0.1:1" in after and "refused" in after.lower()


def test_the_test_page_is_for_messages_of_that_inbox(alice: Person, inbox: Inbox):
    other = make_message(make_inbox(alice.workspace))
    path = path_of(inbox, "test", spell("msg", other.pk))
    assert alice.browser.get(f"{SETTINGS}/{path}").status_code == 404


def test_closing_is_asked_for_and_done(alice: Person, inbox: Inbox):
    question = text_of(alice.browser.get(f"{SETTINGS}/{path_of(inbox, 'close')}"))
    assert "neither people nor programs" in question and "stay" in question
    page = post(alice.browser, path_of(inbox, "close"))
    assert "hello@acme.test is closed." in text_of(page)
    inbox.refresh_from_db()
    assert inbox.state == "deleted"
    assert alice.browser.get(f"{SETTINGS}/{path_of(inbox)}").status_code == 404


def test_one_with_mail_on_its_way_is_not_closed(alice: Person, inbox: Inbox):
    make_message(inbox)
    assert "cancel it first" in text_of(post(alice.browser, path_of(inbox, "close")))
    inbox.refresh_from_db()
    assert inbox.state == "active"
