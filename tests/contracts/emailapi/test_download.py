"""GET /api/email/attachments/{id}/download"""

from __future__ import annotations

import pytest

from attachments.models import Attachment
from attachments.storage import attachment_storage
from tests.contracts.emailapi.wire import FILES, UNKNOWN_FILE, content_of, error_of, upload

pytestmark = pytest.mark.django_db(transaction=True)

BYTES = bytes(range(256)) * 40


def url_of(file):
    return f"{FILES}/{file['id']}/download"


def test_r19_it_gives_the_bytes_with_type_name_and_length(alice, bob):
    response = bob.api.get(url_of(upload(alice.api, BYTES)))
    assert response.status_code == 200
    assert content_of(response) == BYTES
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="document.pdf"'
    assert response["Content-Length"] == str(len(BYTES))
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ('a "b".pdf', 'attachment; filename="a \\"b\\".pdf"'),
        (
            "Übersicht.pdf",
            "attachment; filename=\"Ubersicht.pdf\"; filename*=UTF-8''%C3%9Cbersicht.pdf",
        ),
        (
            "日本.pdf",
            "attachment; filename=\"__.pdf\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.pdf",
        ),
    ],
)
def test_r19_names_are_quoted_and_have_a_plain_form(alice, name, header):
    response = alice.api.get(url_of(upload(alice.api, filename=name)))
    assert response["Content-Disposition"] == header


def test_r19_head_has_the_same_headers_and_no_body(alice):
    response = alice.api.head(url_of(upload(alice.api, BYTES)))
    assert (response.status_code, content_of(response)) == (200, b"")
    assert response["Content-Length"] == str(len(BYTES))


def test_a_part_may_be_asked_for(alice):
    file = upload(alice.api, BYTES)
    response = alice.api.get(url_of(file), HTTP_RANGE="bytes=1-3")
    assert (response.status_code, content_of(response)) == (206, b"\1\2\3")
    error = error_of(alice.api.get(url_of(file), HTTP_RANGE="bytes=999999-"), 416)
    assert error["code"] == "RANGE_NOT_SATISFIABLE"


def test_what_is_there_already_is_not_sent_again(alice):
    file = upload(alice.api, BYTES)
    etag = alice.api.get(url_of(file))["ETag"]
    assert alice.api.get(url_of(file), HTTP_IF_NONE_MATCH=etag).status_code == 304


def test_other_bytes_than_those_that_were_asked_for_are_not_sent(alice):
    response = alice.api.get(url_of(upload(alice.api, BYTES)), HTTP_IF_MATCH='"other"')
    assert error_of(response, 412)["code"] == "PRECONDITION_FAILED"


def test_accept_does_not_matter(alice):
    file = upload(alice.api, BYTES)
    assert alice.api.get(url_of(file), HTTP_ACCEPT="application/pdf").status_code == 200
    assert alice.api.get(f"{FILES}/{file['id']}", HTTP_ACCEPT="text/html").status_code == 200


def test_r31_lost_bytes_are_not_found(alice):
    file = upload(alice.api, BYTES)
    attachment_storage().delete(Attachment.objects.get().blob.key)
    response = alice.api.get(url_of(file))
    assert (response.status_code, response.json()) == (404, UNKNOWN_FILE)
