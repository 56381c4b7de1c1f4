"""Files that are not what their type or their name says"""

from __future__ import annotations

import pytest

from attachments.disguises import disguise_of, does_not_look_like, endings_of
from attachments.filenames import clean_filename


@pytest.mark.parametrize(
    ("declared", "sniffed", "odd"),
    [
        ("image/png", "image/png", False),
        ("image/jpg", "image/jpeg", False),
        ("image/png", "image/jpeg", True),
        ("application/pdf", "text/plain", True),
        ("application/pdf", "application/octet-stream", False),
        ("application/octet-stream", "application/pdf", False),
        ("text/plain; charset=utf-8", "application/pdf", True),
        ("text/csv", "text/plain", False),
        ("application/json", "text/plain", False),
        ("image/svg+xml", "text/xml", False),
        ("text/plain", "application/zip", True),
        ("application/pdf", "application/x-dosexec", True),
        ("application/x-msdownload", "application/x-dosexec", False),
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/zip",
            False,
        ),
        ("application/x-tar", "application/gzip", False),
        ("application/x-zip-compressed", "application/zip", False),
    ],
)
def test_it_knows_what_may_look_like_what(declared, sniffed, odd):
    assert does_not_look_like(declared=declared, sniffed=sniffed) is odd


@pytest.mark.parametrize(
    ("name", "sniffed", "shown", "is_really"),
    [
        ("invoice.pdf.exe", "application/x-dosexec", "pdf", ".exe"),
        ("photo.jpg.html", "text/html", "jpg", ".html"),
        ("photo.JPG      .Scr", "application/octet-stream", "jpg", ".scr"),
        ("plan.docx.js", "text/plain", "docx", ".js"),
        ("a.pdf.b.lnk", "application/octet-stream", "pdf", ".lnk"),
        ("invoice.pdf", "application/x-dosexec", "pdf", "application/x-dosexec"),
        ("invoice.pdf.dat", "application/x-dosexec", "pdf", "application/x-dosexec"),
        ("photo.jpg", "text/html", "jpg", "text/html"),
        ("notes.txt", "application/x-dosexec", "txt", "application/x-dosexec"),
        ("archive.zip", "image/png", "zip", "image/png"),
    ],
)
def test_a_name_that_shows_what_the_file_is_not_misleads(name, sniffed, shown, is_really):
    disguise = disguise_of(name, sniffed=sniffed)
    assert disguise is not None
    assert (disguise.shown, disguise.is_really) == (shown, is_really)


@pytest.mark.parametrize(
    ("name", "sniffed"),
    [
        ("invoice.pdf", "application/pdf"),
        ("report.final.v2.pdf", "application/pdf"),
        ("report.pdf.gz", "application/gzip"),
        ("backup.tar.gz", "application/gzip"),
        ("photo.jpg.zip", "application/zip"),
        ("plan.docx", "application/zip"),
        ("setup-1.2.exe", "application/x-dosexec"),
        ("page.html", "text/html"),
        ("logo.svg", "image/svg+xml"),
        ("contract.pdf.asc", "text/plain"),
        ("notes.md", "text/html"),
        ("photo.jpg", "application/octet-stream"),
        ("noending", "application/x-dosexec"),
        (".bashrc", "text/plain"),
        ("...", "text/plain"),
    ],
)
def test_an_honest_name_does_not(name, sniffed):
    assert disguise_of(name, sniffed=sniffed) is None


def test_a_name_that_runs_backwards_is_told_by_its_ending():
    assert clean_filename("photo\u202egpj.exe") == "photogpj.exe"
    assert endings_of(clean_filename("photo.jpg\u202e.exe")) == ["jpg", "exe"]
