"""Doors that take a file's type as it is given."""

from __future__ import annotations

import dataclasses

import pytest

from attachments.errors import TypeBlocked
from attachments.limits import Limits
from attachments.services import put_blob, store_attachment
from tests.attachments.make import PNG, make_incoming
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("filename", "declared", "looked_at", "believed"),
    [
        ("photo", "", "image/png", "application/octet-stream"),
        ("a.pdf", "application/octet-stream", "application/pdf", "application/octet-stream"),
        ("a.pdf", "", "application/pdf", "application/pdf"),
        ("a.pdf", "text/plain", "text/plain", "text/plain"),
    ],
)
def test_a_type_is_found_or_believed(
    filename: str, declared: str, looked_at: str, believed: str, alice: Person
) -> None:
    native = Limits.for_workspace(alice.workspace)
    with make_incoming(PNG) as incoming:
        blob = put_blob(workspace=alice.workspace, incoming=incoming, limits=native)
    for limits, found in (
        (native, looked_at),
        (dataclasses.replace(native, believes_types=True), believed),
    ):
        attachment = store_attachment(
            workspace=alice.workspace,
            blob=blob,
            filename=filename,
            content_type=declared,
            limits=limits,
        )
        assert attachment.content_type == found


def test_what_is_blocked_is_so_by_what_is_said(alice: Person) -> None:
    limits = dataclasses.replace(
        Limits.for_workspace(alice.workspace),
        believes_types=True,
        blocked_types=frozenset({"image/png"}),
    )
    with make_incoming(PNG) as incoming:
        blob = put_blob(workspace=alice.workspace, incoming=incoming, limits=limits)
    store_attachment(workspace=alice.workspace, blob=blob, filename="photo", limits=limits)
    with pytest.raises(TypeBlocked):
        store_attachment(
            workspace=alice.workspace,
            blob=blob,
            filename="photo",
            content_type="image/png",
            limits=limits,
        )
