"""Whether a text speaks of a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drafts.wording import new_text, new_text_of_html, speaks_of_file

LANGUAGES = [
    "Please find attached the report.",
    "I am attaching the report.",
    "See the attachment",
    "The form is enclosed",
    "Anbei die Rechnung.",
    "Im Anhang findest du alles",
    "Die Rechnung ist angehängt",
    "die beigefügten Unterlagen",
    "Siehe Anlage",
    "Veuillez trouver ci-joint la facture",
    "En pièce jointe, le devis",
    "Je vous joins le devis",
    "Adjunto la factura",
    "Le envío adjunta la factura",
    "In allegato la fattura",
    "Vi allego la fattura",
    "Zie de bijlage",
    "Bijgevoegd vindt u de factuur",
    "Segue em anexo a fatura",
    "Os documentos anexados",
]
SILENT = [
    "",
    "Hello, how are you?",
    "The attaché called",
    "Die Anlage läuft wieder",
    "See you tomorrow",
    "unattached",
]


def speaks(text: str | None = None, *, subject: str = "", html: str | None = None) -> bool:
    return speaks_of_file(subject=subject, text=text, html=html)


@pytest.mark.parametrize("text", LANGUAGES)
def test_it_hears_seven_languages(text):
    assert speaks(text)
    assert speaks(text.upper())
    assert speaks(html=f"<p>{text}</p>")
    assert speaks(subject=text)


@pytest.mark.parametrize("text", SILENT)
def test_it_hears_nothing_in_other_words(text):
    assert not speaks(text)


@pytest.mark.parametrize(
    "old",
    [
        "> {}",
        "  >> {}",
        "-- \n{}",
        "--\n{}",
        "On Mon, 3 Nov 2026 at 10:00, Ann <ann@example.com> wrote:\n{}",
        "Am 03.11.26 um 10:00 schrieb Ann:\n{}",
        "Le lun. 3 nov. 2026 à 10:00, Ann a écrit :\n{}",
        "El lun, 3 nov 2026 a las 10:00, Ann escribió:\n{}",
        "Il giorno lun 3 nov 2026 Ann ha scritto:\n{}",
        "Op ma 3 nov 2026 om 10:00 schreef Ann:\n{}",
        "Em seg., 3 de nov. de 2026, Ann escreveu:\n{}",
        "-----Original Message-----\n{}",
        "---------- Forwarded message ---------\n{}",
        "________________________________\n{}",
    ],
)
def test_what_others_wrote_does_not_count(old):
    text = old.format("Please find attached the report.")
    assert not speaks(f"Thank you!\n\n{text}")
    assert speaks(f"It is attached.\n\n{text}")


@pytest.mark.parametrize("subject", ["Re: Invoice attached", "AW: x attached", "Fwd: attached"])
def test_the_subject_of_an_answer_does_not_count(subject):
    assert not speaks("Thank you!", subject=subject)


@pytest.mark.parametrize(
    "html",
    [
        "<p>Hi</p><blockquote>It is attached<blockquote>attached</blockquote>attached</blockquote>",
        '<div>Hi</div><div class="gmail_quote x"><div>attached</div></div>',
        "<style>.attached { color: red }</style><script>attached</script>Hi",
        "<head><title>attached</title></head><body>Hi</body>",
        '<a href="https://x/attached">Hi</a>',
        "<p>Hi</p><p>On Monday Ann wrote:</p><p>attached</p>",
        "<p>Hi</p>-- <br>attached",
    ],
)
def test_quotes_and_names_in_html_do_not_count(html):
    assert not speaks(html=html)


def test_words_after_a_quote_count():
    assert speaks(html="<blockquote>old</blockquote><p>It is attached</p>")
    assert speaks("> old\n\nIt is attached")


def test_the_plain_text_is_asked_before_the_html():
    assert not speaks("Hi", html="<p>attached</p>")


@given(st.lists(st.text()))
def test_quoted_lines_never_count(lines):
    quoted = "\n".join("> " + " ".join(line.split()) for line in [*lines, "attached"])
    assert not speaks(f"Hi\n{quoted}")


@given(st.text(), st.text())
def test_it_reads_whatever_people_write(text, html):
    new_text(text)
    new_text_of_html(html)
    speaks_of_file(subject=text, text=None, html=html)


@pytest.mark.parametrize("html", ["<p>Hi <![x</p>", "<a " * 33_000, "<!" * 50_000])
def test_html_that_is_none_is_read_as_far_as_it_goes(html: str):
    assert not speaks_of_file(subject="", text=None, html=html)
