import pytest

from messaging.errors import NoSender
from tests.messaging.mime.written import make_letter, make_part, outline, read, write

SHOWN = '<img src="cid:logo@acme">'
LOGO = {"filename": "logo.png", "content_type": "image/png", "content_id": "logo@acme"}
RELATED = ("related", "text/html", "image/png")


def test_it_nests_related_in_alternative_in_mixed():
    message = read(
        write(
            make_letter(text="Hi", html=SHOWN),
            make_part(**LOGO, inline=True),
            make_part(),
        )
    )
    assert outline(message) == ("mixed", ("alternative", "text/plain", RELATED), "application/pdf")


@pytest.mark.parametrize(
    "text, html, files, wanted",
    [
        (None, None, [], "text/plain"),
        ("", None, [], "text/plain"),
        ("", "", [], "text/plain"),
        ("Hi", None, [], "text/plain"),
        ("Hi", "", [], "text/plain"),
        (None, "<p>", [], "text/html"),
        ("", "<p>", [], "text/html"),
        ("Hi", "<p>", [], ("alternative", "text/plain", "text/html")),
        (None, None, ["file"], "application/pdf"),
        (None, "", ["file"], "application/pdf"),
        ("", None, ["file"], ("mixed", "text/plain", "application/pdf")),
        (None, None, ["file", "file"], ("mixed", "application/pdf", "application/pdf")),
        ("Hi", None, ["file"], ("mixed", "text/plain", "application/pdf")),
        (None, "<p>", ["file"], ("mixed", "text/html", "application/pdf")),
        (None, SHOWN, ["logo"], RELATED),
        ("Hi", SHOWN, ["logo"], ("alternative", "text/plain", RELATED)),
        (None, SHOWN, ["logo", "file"], ("mixed", RELATED, "application/pdf")),
        ("Hi", None, ["logo"], ("mixed", "text/plain", "image/png")),
        ("Hi", "<p>", ["logo"], ("mixed", ("alternative", "text/plain", "text/html"), "image/png")),
        (None, None, ["logo"], "image/png"),
    ],
)
def test_it_leaves_out_levels_with_one_child(text, html, files, wanted):
    parts = [make_part(**LOGO, inline=True) if file == "logo" else make_part() for file in files]
    assert outline(read(write(make_letter(text=text, html=html), *parts))) == wanted


def test_it_says_that_the_root_of_related_is_html():
    message = read(write(make_letter(html=SHOWN), make_part(**LOGO, inline=True)))
    assert message.get_param("type") == "text/html"


def test_it_keeps_an_inline_image_that_the_html_does_not_show_inline_beside_it():
    message = read(write(make_letter(html="<p>"), make_part(**LOGO, inline=True)))
    _, image = message.iter_parts()
    assert image.get_content_disposition() == "inline"
    assert image["Content-ID"] == "<logo@acme>"


def test_it_never_hides_a_true_attachment_in_related():
    message = read(write(make_letter(html=SHOWN), make_part(**LOGO)))
    assert outline(message) == ("mixed", "text/html", "image/png")
    _, image = message.iter_parts()
    assert image.get_content_disposition() == "attachment"
    assert image["Content-ID"] == "<logo@acme>"


@pytest.mark.parametrize(
    "url",
    [
        '"cid:a%2Bb@x"',
        '"CID:a+b@x"',
        "'cid:a+b@x'",
        '" cid:a+b@x "',
        "cid:a+b@x",
        '"cid:a&#43;b&#64;x"',
        '"" style="background: url(cid:a+b@x)"',
        '"" style="background: url(&quot;cid:a+b@x&quot;)"',
        '"" style="background: url(\'cid:a+b@x\')"',
        '"" srcset="b.png 1x, cid:a+b@x 2x"',
    ],
)
def test_it_finds_the_image_that_a_cid_url_means(url):
    image = make_part(content_type="image/png", content_id="a+b@x", inline=True)
    assert outline(read(write(make_letter(html=f"<img src={url}>"), image))) == RELATED


@pytest.mark.parametrize("content_id", ["logo@acm", "ogo@acme", "logo@acme2", "LOGO@acme"])
def test_it_does_not_mistake_one_cid_for_another(content_id):
    image = make_part(content_type="image/png", content_id=content_id, inline=True)
    assert outline(read(write(make_letter(html=SHOWN), image)))[0] == "mixed"


def test_it_keeps_files_in_their_order():
    names = ["c.pdf", "a.pdf", "b.pdf"]
    message = read(write(make_letter(text="Hi"), *(make_part(filename=name) for name in names)))
    assert [part.get_filename() for part in message.iter_attachments()] == names


def test_it_names_each_header_of_the_message_once():
    message = read(write(make_letter(text="Hi", html=SHOWN), make_part(**LOGO, inline=True)))
    for part in message.walk():
        assert len(part.keys()) == len({name.lower() for name in part})
    assert [part for part in message.walk() if part["MIME-Version"]] == [message]


def test_it_does_not_write_a_message_of_nobody():
    with pytest.raises(NoSender) as refusal:
        write(make_letter(sender=None))
    assert refusal.value.field == "from"
