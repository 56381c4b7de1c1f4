from __future__ import annotations

import pytest
from django.test import Client

from tests.attachments.make import make_attachment
from tests.attachments.tus.client import make_upload
from tests.make import make_user


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("model", ["attachment", "blob", "upload"])
def test_operators_can_look_and_not_touch(operator, alice, model):
    attachment = make_attachment(alice.workspace)
    upload = make_upload(alice.workspace)
    row = {"attachment": attachment, "blob": attachment.blob, "upload": upload}[model]
    address = f"/admin/attachments/{model}/"
    for page in (address, f"{address}?q=foo", f"{address}{row.pk}/change/"):
        assert operator.get(page).status_code == 200
    assert operator.get(f"{address}add/").status_code == 403
    assert operator.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 403
