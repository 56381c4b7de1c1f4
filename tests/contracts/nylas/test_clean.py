"""Messages as what was said in them."""

from __future__ import annotations

import pytest

from messaging.models import Inbox
from project.ids import new_id, spell_hex
from tests.contracts.nylas.make import receive
from tests.contracts.nylas.wire import data_of, error_of, url_of
from tests.make import api_with
from tests.messaging.make import letter_to, make_file, make_inbox, make_message
from tests.people import Person

HTML = """<html><head><title>No</title><style>p {color: red}</style></head><body>
<script>alert("no")</script>
<h1>News</h1>
<p>Dear Ann,<br>see <a href="https://example.com/?a=1&amp;b=2">our <b>site</b></a>.</p>
<p><img src="cid:logo" alt="Our logo"></p>
<table><tr><td>Apples</td><td>3</td></tr><tr><td>Pears</td><td>4</td></tr></table>
<ul><li>One</li><li>Two</li></ul>
<p>Best regards,<br>Bo</p>
</body></html>"""


def clean(person: Person, grant: Inbox, *ids: str, **fields: object):
    body = {"message_id": list(ids), **fields}
    return person.api.put(url_of(grant, "messages", "clean"), body, format="json")


def said(person: Person, grant: Inbox, html: str, **fields: object) -> str:
    """What is left of an HTML body."""
    message = receive(grant, text=None, html=html)
    (row,) = data_of(clean(person, grant, spell_hex(message.pk), **fields))
    return row["conversation"]


def test_r80_the_words_alone(alice: Person, grant: Inbox):
    assert said(alice, grant, HTML) == (
        "News\n\nDear Ann,\nsee our site.\n\nApples 3\nPears 4\n\nOne\nTwo\n\nBo"
    )


def test_r80_what_else_can_be_kept(alice: Person, grant: Inbox):
    links = said(alice, grant, HTML, ignore_links=False)
    assert "see [our site](https://example.com/?a=1&b=2)." in links
    images = said(alice, grant, HTML, ignore_images=False)
    assert "![Our logo](cid:logo)" in images
    tags = said(alice, grant, HTML, ignore_images=False, images_as_markdown=False)
    assert '<img src="cid:logo" alt="Our logo">' in tags
    tables = said(alice, grant, HTML, ignore_tables=False)
    assert "Apples | 3\nPears | 4" in tables
    assert "Best regards," in said(alice, grant, HTML, remove_conclusion_phrases=False)
    marks = said(alice, grant, HTML, html_as_markdown=True, ignore_links=False)
    assert marks.startswith("# News") and "- One\n- Two" in marks
    assert "[our **site**](https://example.com/?a=1&b=2)" in marks
    for text in (links, images, tags, tables, marks):
        assert "alert" not in text and "color" not in text and "No" not in text.split()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain &lt;text&gt; &amp; more", "plain <text> & more"),
        ("<p>a<p>b", "a\n\nb"),
        ("<div>a<div>b</div></div>c", "a\nb\nc"),
        ("<b>unclosed <i>marks", "unclosed marks"),
        ("</div></a></p>ends first", "ends first"),
        ("a<script>never closed <p>b", "a"),
        ("<ol><li>x<li>y</ol>", "1. x\n2. y"),
        ("<pre>two  blanks</pre>", "two blanks"),
        ("<p>Thanks!</p><p>I say thanks again and again.</p>", "I say thanks again and again."),
        ("<!-- no --><![CDATA[no]]>yes<?no?>", "yes"),
    ],
)
def test_r80_bodies_of_every_kind(alice: Person, grant: Inbox, html: str, text: str):
    assert said(alice, grant, html) == text


def test_r80_plain_text_stays_as_it_is(alice: Person, grant: Inbox):
    message = receive(grant, text="Hi <Ann>,\n\n  see this.\n\nCheers,\nBo\n")
    (row,) = data_of(clean(alice, grant, spell_hex(message.pk)))
    assert row["conversation"] == "Hi <Ann>,\n\n  see this.\n\nBo"
    empty = receive(grant, text=None)
    assert data_of(clean(alice, grant, spell_hex(empty.pk)))[0]["conversation"] == ""


def test_r80_the_answer_has_the_whole_messages_in_the_order_asked(
    alice: Person, grant: Inbox, django_assert_num_queries
):
    first = make_message(grant, files=[make_file(alice.workspace)])
    second = make_message(grant, letter_to("bo@example.com"))
    ids = [spell_hex(one.pk) for one in (second, first, second)]
    with django_assert_num_queries(4):
        rows = data_of(clean(alice, grant, *ids))
    assert [row["id"] for row in rows] == ids
    whole = data_of(alice.api.get(url_of(grant, "messages", ids[1])))
    assert {name: rows[1][name] for name in whole} == whole


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "message_id: "),
        ({"message_id": []}, "message_id: "),
        ({"message_id": "x"}, "message_id: "),
        ({"message_id": ["0" * 24] * 21}, "message_id: These are 21 messages; at most 20"),
        (
            {"message_id": ["0" * 24], "html_as_markdown": True, "images_as_markdown": False},
            "html_as_markdown: html_as_markdown does not go with",
        ),
        ({"message_id": ["0" * 24], "ignore_links": "perhaps"}, "ignore_links: "),
    ],
)
def test_r80_it_refuses(alice: Person, grant: Inbox, fields: dict, words: str):
    answer = alice.api.put(url_of(grant, "messages", "clean"), fields, format="json")
    assert error_of(answer, 400)["message"].startswith(words)


def test_r64_it_takes_20_ids(alice: Person, grant: Inbox):
    ids = [spell_hex(receive(grant).pk) for _ in range(20)]
    assert len(data_of(clean(alice, grant, *ids))) == 20


def test_tenancy_of_cleaning(alice: Person, bob: Person, charlie: Person, grant: Inbox):
    id = spell_hex(receive(grant).pk)
    own = make_inbox(charlie.workspace)
    assert len(data_of(clean(bob, grant, id))) == 1
    error_of(clean(charlie, grant, id), 404)
    error_of(clean(charlie, own, id), 404)
    error_of(clean(alice, make_inbox(alice.workspace), id), 404)
    error_of(clean(alice, grant, id, spell_hex(new_id())), 404)


def test_r28_it_needs_the_scope_read(alice: Person, grant: Inbox):
    id = spell_hex(receive(grant).pk)
    api, url = api_with(alice.workspace, "read"), url_of(grant, "messages", "clean")
    assert data_of(api.put(url, {"message_id": [id]}, format="json"))
    api = api_with(alice.workspace, "draft")
    error_of(api.put(url, {"message_id": [id]}, format="json"), 403)
