"""HTML as text, whatever the HTML."""

from __future__ import annotations

from time import process_time

import pytest

from messaging.plain import Manner, Tag, first_words, pieces_of, read_html, unescape

EVERYTHING = Manner(links=True, images="markdown", tables=True, marks=True)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("a &lt; b &amp;&nbsp;c &copy", "a < b &\xa0c ©"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("I <3 you", "I <3 you"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("one<br>two<br/><br>four", "one\ntwo\n\nfour"),
        ("a<br><br><br><br>b", "a\n\nb"),
        ("<div>a</div> <div>b</div>", "a\nb"),
        ("  <p>  blank   s </p>\n ", "blank s"),
        ("<STYLE>p {}</Style >seen<Script>if (a < b) {}</SCRIPT>", "seen"),
        ("<head><title>no</title><meta name=x></head><body>yes", "yes"),
        ("a<!-- <p>no</p> -->b<!doctype html>c<?xml?>d", "abcd"),
        ("a<!-- never closed <p>b", "a"),
        ("<a title=\"a > b\" href='x'>link</a>", "link"),
        ('<a title="never closed>link</a>', "link"),
        ("<td>1<td>2", "1 2"),
        ("<noscript>no</noscript><template>no</template>yes", "yes"),
        ("last<", "last<"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "a\nb\nc"),
    ],
)
def test_it_reads(html: str, text: str):
    assert read_html(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a href="https://a.b/?x=1&amp;y=2">l</a>', "[l](https://a.b/?x=1&y=2)"),
        ("<a HREF=x>l</a> <a name=n>no link</a>", "[l](x) no link"),
        ("<a href=x><b>bold</b> <i>it</i></a>", "[**bold** _it_](x)"),
        ('<img alt="A &quot;b&quot;" src="cid:1">', '![A "b"](cid:1)'),
        ("<h2>Head</h2><p>Text", "## Head\n\nText"),
        ("<ol><li><p>one</p></li><li>two</li></ol>", "1. one\n2. two"),
        ("<ul><li>one<li>two</ul>after", "- one\n- two\n\nafter"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a | b\n1 | 2"),
        ("</a></ul></b>ends", "**\n\nends"),
    ],
)
def test_it_keeps_what_it_is_told_to(html: str, text: str):
    assert read_html(html, EVERYTHING) == text


def test_images_can_stay_html():
    html = "<img src='a\"b' alt='<x>'>"
    assert read_html(html, Manner(images="html")) == '<img src="a&quot;b" alt="&lt;x&gt;">'


def test_the_first_words_are_read_and_no_more():
    assert first_words("<p>Hello <b>wor</b>ld,</p><p>I am</p>", 100) == "Hello world, I am"
    assert first_words("<style>x</style>" + "word " * 50, 9) == "word word"
    assert first_words("x" * 200, 100) == "x" * 100
    assert first_words("<p> </p>", 100) == ""


def test_the_first_of_two_attributes_counts():
    (tag,) = pieces_of("<A b=1 B='2' c d = \"3\">")
    assert isinstance(tag, Tag)
    assert tag.attributes == {"b": "1", "c": "", "d": "3"}


@pytest.mark.parametrize("text", ["&#" + "9" * 6000 + ";", "&#x" + "f" * 6000, "&#55296;", "&#0;"])
def test_references_to_no_character(text: str):
    assert unescape(text) == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    "unit",
    [
        "<!--",
        "<",
        "<a ",
        "</",
        "<!",
        "&",
        "&#9",
        '<a a="',
        "<a '\"",
        "<script>",
        "<li>",
        "<script></s",
    ],
)
def test_its_time_is_in_the_length(unit: str):
    """What takes the parser of the standard library minutes takes a second at most."""
    before = process_time()
    for html in (unit * 50_000, unit * 50_000 + ">"):
        read_html(html, EVERYTHING)
        first_words(html, 100)
    assert process_time() - before < 5
