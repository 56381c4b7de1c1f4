"""HTML of strangers, as a document for a frame."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest

from messaging.models import Inbox, Message
from project.desk.bodies import fold_quote, has_colours, has_remote_pictures, read_passages
from project.ids import spell
from tests.desk.bodies import HOSTILE
from tests.desk.mails import received
from tests.desk.reading import parsed
from tests.messaging.make import receive
from tests.people import Person


def body_of(person: Person, message: Message, query: str = "") -> Any:
    return person.browser.get(f"/mail/messages/{spell('msg', message.pk)}/body{query}")


def test_nothing_of_it_runs_or_fetches(alice: Person, inbox: Inbox) -> None:
    answer = body_of(alice, received(inbox, html=HOSTILE))
    text = answer.content.decode()
    assert "Hello" in text
    assert "evil.example" not in text
    assert "alert" not in text
    for word in ("<script", "<form", "<input", "<base", "<iframe", "<svg", "refresh", "position"):
        assert word not in text
    page = parsed(answer)
    assert [one.attributes.get("href", "") for one in page.all("a")] == ["", "", ""]
    assert [one.attributes for one in page.all("img")] == [{}, {}]


def test_its_policy_is_its_own(alice: Person, inbox: Inbox) -> None:
    answer = body_of(alice, received(inbox, html="<p>Hello</p>"))
    assert answer["Content-Security-Policy"] == (
        "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    )
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert answer["Referrer-Policy"] == "no-referrer"


def test_remote_images_come_when_they_are_asked_for(alice: Person, inbox: Inbox) -> None:
    message = received(inbox, html='<p>Look</p><img src="https://t.example/a.gif" alt="A cat">')
    assert "t.example" not in body_of(alice, message).content.decode()
    shown = body_of(alice, message, "?images=remote")
    assert parsed(shown).one("img").attributes["src"] == "https://t.example/a.gif"
    assert "img-src 'self' data: http: https:;" in shown["Content-Security-Policy"]


def test_pictures_of_the_mail_itself_are_shown(alice: Person, inbox: Inbox) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"] = "ann@example.com", "desk@acme.test"
    letter.set_content("Look")
    letter.add_alternative('<img src="cid:cat@x"><img src="cid:dog@x">', subtype="html")
    letter.get_payload()[1].add_related(b"\x89PNG\r\n\x1a\n", "image", "png", cid="<cat@x>")  # type: ignore[index, union-attr]
    message = receive(inbox, letter.as_bytes())
    cat, dog = parsed(body_of(alice, message)).all("img")
    assert cat.attributes["src"].endswith("/content?inline=true")
    content = alice.browser.get(cat.attributes["src"])
    assert b"".join(content.streaming_content) == b"\x89PNG\r\n\x1a\n"
    assert "src" not in dog.attributes


def test_links_open_a_new_page_that_knows_nothing_of_us(alice: Person, inbox: Inbox) -> None:
    message = received(inbox, html='<a href="https://a.example/" target="_top">a</a>')
    link = parsed(body_of(alice, message)).one("a")
    assert link.attributes["target"] == "_blank"
    assert link.attributes["rel"] == "noopener noreferrer"


def test_the_quote_at_the_end_is_folded(alice: Person, inbox: Inbox) -> None:
    html = "<p>Yes.</p><blockquote>Shall we?<blockquote>Hm</blockquote></blockquote><br>"
    page = parsed(body_of(alice, received(inbox, html=html)))
    assert page.one("details").one("summary").text == "Quoted text"
    assert len(page.one("details").all("blockquote")) == 2


@pytest.mark.parametrize(
    "html",
    [
        "<p>No quote.</p>",
        "<blockquote>Shall we?</blockquote><p>Yes, as I say below it.</p>",
        "<blockquote>one</blockquote><img>",
        "<p></blockquote></p>",
        "<blockquote>never closed",
    ],
)
def test_a_quote_that_is_answered_stays_open(html: str) -> None:
    assert fold_quote(html) == html


def test_own_colours_stay_on_white() -> None:
    for html in (
        '<font color="red">x</font>',
        '<td bgcolor="#fff">x</td>',
        '<p style="color:red">x</p>',
        '<p style="margin:0;background-color:#eee">x</p>',
    ):
        assert has_colours(html), html
    for html in ("<p>What color: red?</p>", '<p style="margin:0">x</p>', "<b>x</b>"):
        assert not has_colours(html), html


def test_looking_for_pictures_takes_no_time() -> None:
    assert not has_remote_pictures("<img " * 200_000)
    assert not has_remote_pictures("<img src " * 100_000)
    assert not has_remote_pictures("<img src=" + " " * 200_000)


def test_long_lines_of_odd_text_take_no_time() -> None:
    for text in ("http://" * 20_000, "www." * 20_000, "http://a" + ")" * 90_000, ">" * 90_000):
        assert read_passages(text)


def test_a_link_ends_where_the_sentence_does() -> None:
    (passage,) = read_passages("(see http://a.example/b_(c).) Or www.b.example, please.")
    assert 'href="http://a.example/b_(c"' in passage.html or "b_(c)" in passage.html
    assert 'href="http://www.b.example"' in passage.html
    assert passage.html.endswith(", please.")


def test_bob_sees_it_and_charlie_does_not(bob: Person, charlie: Person, inbox: Inbox) -> None:
    message = received(inbox, html="<p>Hello</p>")
    assert "Hello" in body_of(bob, message).content.decode()
    assert body_of(charlie, message).status_code == 404
    assert body_of(bob, received(inbox)).status_code == 404
