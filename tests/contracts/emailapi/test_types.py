"""Which types are taken, and how they are known."""

from __future__ import annotations

import pytest

from attachments.models import Attachment
from project.contracts.emailapi.limits import LIMITS
from tests.contracts.emailapi.wire import error_of, inline, post_file, post_letter, upload

pytestmark = pytest.mark.django_db(transaction=True)

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TAKEN = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    WORD: "docx",
    "text/plain": "txt",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "application/vnd.ms-excel": "xls",
    SHEET: "xlsx",
    "text/csv": "csv",
    "application/zip": "zip",
    "application/gzip": "gz",
}


def test_r24_the_list_is_the_documents():
    assert frozenset(TAKEN) == LIMITS.allowed_types


@pytest.mark.parametrize(("declared", "ending"), TAKEN.items())
def test_r24_a_type_is_taken_as_declared_and_by_its_ending(alice, declared, ending):
    assert upload(alice.api, b"x", name="a", declared=declared)["contentType"] == declared
    by_name = upload(alice.api, b"x", name=f"a.{ending}", declared="application/octet-stream")
    assert by_name["contentType"] == declared


@pytest.mark.parametrize(
    ("declared", "kept"),
    [
        ("Application/PDF", "application/pdf"),
        ("text/plain; charset=utf-8", "text/plain"),
        ("text/csv;header=present", "text/csv"),
        ("application/x-gzip", "application/gzip"),
        ("application/x-zip-compressed", "application/zip"),
        ("image/jpg", "image/jpeg"),
        ("text/plain", "text/plain"),
    ],
)
def test_r24_a_type_is_read_without_case_and_parameters(alice, declared, kept):
    assert upload(alice.api, b"x", name="a.bin", declared=declared)["contentType"] == kept


def test_a_charset_is_kept_for_the_mail(alice):
    upload(alice.api, b"x", name="a.txt", declared="text/plain; charset=latin-1; format=flowed")
    assert Attachment.objects.get().content_type == "text/plain; charset=latin-1"


@pytest.mark.parametrize(
    ("custom", "original", "found"),
    [
        ("a.csv", "b.pdf", "text/csv"),
        ("a", "b.docx", WORD),
        ("a.unheard-of", "b.docx", WORD),
        ("a.XLSX", "b", SHEET),
        ("", "archive.tar.gz", "application/gzip"),
    ],
)
def test_r24_the_custom_name_decides_before_the_original(alice, custom, original, found):
    file = upload(
        alice.api, b"x", name=original, declared="application/octet-stream", filename=custom
    )
    assert file["contentType"] == found


@pytest.mark.parametrize(
    ("name", "declared", "told"),
    [
        ("a.exe", "application/octet-stream", "application/x-executable"),
        ("a.exe", "application/x-msdownload", "application/x-msdownload"),
        ("a", "application/octet-stream", "application/octet-stream"),
        ("a.html", "application/octet-stream", "text/html"),
        ("a.pdf", "text/html; charset=utf-8", "text/html"),
        ("a.pdf", "nonsense", "nonsense"),
        ("a.mp4", "video/mp4", "video/mp4"),
    ],
)
def test_r24_r30_others_are_refused_with_the_type_in_question(alice, name, declared, told):
    assert error_of(post_file(alice.api, b"x", name=name, declared=declared), 415) == {
        "code": "UNSUPPORTED_FILE_TYPE",
        "message": "File type not allowed",
        "contentType": told,
    }
    assert not Attachment.objects.exists()


def test_r24_r30_the_same_holds_inline(alice, sender):
    response = post_letter(alice.api, inline(b"x", "a.exe"))
    assert error_of(response, 415)["contentType"] == "application/x-executable"
    response = post_letter(alice.api, inline(b"x", "a.pdf", contentType="text/html"))
    assert error_of(response, 415)["contentType"] == "text/html"
