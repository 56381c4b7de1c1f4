"""Whatever comes, the answer is this door's, and never a fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.models import Message
from tests.contracts.emailapi.wire import FILES, LETTER, SEND, inline, post_file

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.every_case]

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text()
ODD = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("from", "to", "cc", "bcc", "subject", "text", "html", "replyTo", "headers", "attachments")
ENTRIES = st.dictionaries(
    st.sampled_from(["id", "filename", "content", "contentType", "x"]), ODD, max_size=4
)
few = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def is_ours(response: Any) -> bool:
    body = response.json()
    keys = {"success", "data", "message"} if body["success"] else {"success", "error"}
    return response.status_code < 500 and set(body) == keys


@few
@given(changes=st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=3))
def test_an_odd_field(alice, sender, changes):
    assert is_ours(alice.api.post(SEND, {**LETTER, **changes}))


@few
@given(entries=st.lists(ENTRIES, min_size=1, max_size=3))
def test_an_odd_file(alice, sender, entries):
    response = alice.api.post(SEND, {**LETTER, "attachments": entries})
    assert is_ours(response)
    assert response.status_code >= 400 or Message.objects.exists()


@few
@given(name=st.text(max_size=300), kind=st.text(st.characters(codec="ascii"), max_size=40))
def test_an_odd_name_and_type(alice, sender, name, kind):
    entry = inline(b"x", name, contentType=kind)
    assert is_ours(alice.api.post(SEND, {**LETTER, "attachments": [entry]}))


@few
@given(name=st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_an_odd_form(alice, name):
    assert is_ours(post_file(alice.api, filename=name))


@few
@given(
    id=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/?#"), min_size=1),
    method=st.sampled_from(["GET", "DELETE"]),
)
def test_an_odd_id(alice, id, method):
    response = alice.api.generic(method, f"{FILES}/{id}")
    assert (is_ours(response), response.status_code) in ((True, 404), (True, 405))


@few
@given(query=st.dictionaries(st.sampled_from(["limit", "offset", "search"]), st.text()))
def test_an_odd_query(alice, query):
    assert is_ours(alice.api.get(FILES, query))


@pytest.mark.parametrize(
    "part",
    [
        b'name="file"; filename="a.pdf"\r\nContent-Type: application/pdf; charset=\xff',
        b'name="file"; filename="a\x00.pdf"',
        b'name="file"; filename=""',
        b'name="file"; filename="\xff.pdf"',
        b'name="file"',
        b'name="filename"\r\n\r\n\x00',
        b'name="filename"\r\n\r\n\xff',
        b"",
    ],
)
def test_an_odd_part(alice, part):
    body = b"--x\r\nContent-Disposition: form-data; " + part + b"\r\n\r\nfoo\r\n--x--\r\n"
    response = alice.api.generic("POST", FILES, body, "multipart/form-data; boundary=x")
    assert is_ours(response)
