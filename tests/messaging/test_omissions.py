"""The notes of files that were too large to keep (agentsend R24)."""

from __future__ import annotations

import pytest

from messaging.omissions import Omitted, annotation_of, omitted_from, with_notes
from tests.messaging.make import make_inbox, make_message
from tests.people import Person

BIG = Omitted(filename="big.iso", size=31_457_280, limit=26_214_400)
ODD = Omitted(filename='a"<b>&\r\n.bin', size=26_214_401, limit=26_214_400)
NOTE = '[Attachment "big.iso" (31457280 bytes) was removed: exceeds the 25 MB limit]'


def test_r24_the_note_names_file_size_and_limit():
    assert BIG.note == NOTE


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        ("Hello", f"Hello\n\n{NOTE}"),
        ("Hello\r\n\r\n", f"Hello\n\n{NOTE}"),
        ("", NOTE),
        (None, NOTE),
    ],
)
def test_r24_it_is_the_last_line_of_the_text(text: str | None, noted: str):
    assert with_notes(text, None, [BIG]) == (noted, None)


@pytest.mark.parametrize(
    ("html", "noted"),
    [
        ("<p>Hello</p>", f"<p>Hello</p><p>{NOTE}</p>"),
        ("<body>Hello</body>", f"<body>Hello<p>{NOTE}</p></body>"),
        ("<HTML><BODY>Hi</BODY >\n</HTML>\n", f"<HTML><BODY>Hi<p>{NOTE}</p></BODY >\n</HTML>\n"),
        ("", f"<p>{NOTE}</p>"),
    ],
)
def test_r24_it_stands_at_the_end_of_the_html(html: str, noted: str):
    assert with_notes("Hello", html, [BIG]) == (f"Hello\n\n{NOTE}", noted)


def test_r24_each_file_has_a_note_and_its_name_does_no_harm():
    text, html = with_notes("Hello", "<p>Hello</p>", [BIG, ODD])
    assert text is not None and html is not None
    lines = text.splitlines()
    assert len(lines) == 4 and lines[3].startswith('[Attachment "a"<b>& .bin" (26214401 bytes)')
    assert "<b>" not in html and 'a"&lt;b&gt;&amp; .bin' in html


def test_without_any_the_bodies_stay_as_they_are():
    assert with_notes("Hello\n", None, []) == ("Hello\n", None)
    assert annotation_of([]) == {}


def test_a_message_remembers_them(alice: Person):
    message = make_message(make_inbox(alice.workspace))
    assert omitted_from(message) == []
    message.annotations = annotation_of([BIG, ODD])
    message.save()
    message.refresh_from_db()
    assert omitted_from(message) == [BIG, ODD]
