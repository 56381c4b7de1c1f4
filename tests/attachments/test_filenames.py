from __future__ import annotations

import pytest

from attachments.errors import InvalidFilename
from attachments.filenames import clean_filename, extension_of


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\TEMP\\a.png", "a.png"),
        ("/abs/olute.txt", "olute.txt"),
        ("Re\u0301sume\u0301.pdf", "Résumé.pdf"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("a\u200bb\ufeff.txt", "ab.txt"),
        ("می\u200cخواهم.txt", "می\u200cخواهم.txt"),
        ('a&amp;b %22 "quoted"; c.pdf', 'a&amp;b %22 "quoted"; c.pdf'),
        ("  two words  ", "two words"),
        ("..", "attachment"),
        (".", "attachment"),
        ("folder/", "attachment"),
        ("\u202e", "attachment"),
        ("x" * 255, "x" * 255),
        ("dir/" * 100 + "short.txt", "short.txt"),
    ],
)
def test_it_keeps_the_base_name_as_people_read_it(given, clean):
    assert clean_filename(given) == clean


@pytest.mark.parametrize(
    "name", ["", "   ", "a\r\nb", "a\0b", "a\x1bb", "a\x7fb", "a\u2028b", "\ud800"]
)
def test_it_refuses_what_is_no_name(name):
    with pytest.raises(InvalidFilename) as refused:
        clean_filename(name, field="attachments[0].filename")
    assert refused.value.field == "attachments[0].filename"


def test_it_refuses_a_name_over_the_limit_with_both_numbers():
    with pytest.raises(InvalidFilename) as refused:
        clean_filename("x" * 256)
    assert (refused.value.limit, refused.value.actual) == (255, 256)


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a.tar.GZ", "gz"), ("setup.exe. ", "exe"), ("README", ""), (".bashrc", ""), ("a.", "")],
)
def test_it_knows_the_last_ending(name, extension):
    assert extension_of(name) == extension
