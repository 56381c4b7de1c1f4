"""Files that are elsewhere, and files that go with what they came with"""

from __future__ import annotations

import pytest
from django.utils import timezone

from attachments.discard import discard_attachments
from attachments.errors import InvalidLink
from attachments.limits import Limits
from attachments.linking import check_link, link_attachment
from attachments.models import Attachment
from attachments.retention import purge_expired
from attachments.services import UNUSED_LIFE
from tests.attachments.make import make_attachment, make_draft_with

LINK = "https://files.example.com/a.pdf?x=1#y"


def link(workspace, url: str = LINK) -> Attachment:
    return link_attachment(
        workspace=workspace,
        url=url,
        filename="a.pdf",
        size=7,
        limits=Limits.for_workspace(workspace),
    )


def test_a_link_has_a_name_a_size_and_no_bytes(alice):
    attachment = link(alice.workspace)
    assert (attachment.state, attachment.external_url, attachment.size) == ("linked", LINK, 7)
    assert (attachment.content_type, attachment.blob, attachment.sha256) == (
        "application/pdf",
        None,
        "",
    )


@pytest.mark.parametrize(
    "url", ["", "http://a.example", "https://", "https://u:p@a.example", "https://a.example/ x"]
)
def test_a_link_is_https_without_a_password(url):
    with pytest.raises(InvalidLink):
        check_link(url)


def test_the_native_door_gives_its_address(alice):
    link(alice.workspace)
    [row] = alice.api.get("/api/v1/attachments?state=linked").json()["data"]
    assert (row["download_url"], row["sha256"], "upload" in row) == (LINK, None, False)
    draft = alice.api.post("/api/v1/drafts", {"attachments": [row["id"]]})
    assert draft.json()["error"]["code"] == "attachment_elsewhere"
    assert alice.api.delete(f"/api/v1/attachments/{row['id']}").status_code == 204


def test_a_link_that_nothing_uses_expires(alice):
    link(alice.workspace)
    assert purge_expired(at=timezone.now() + UNUSED_LIFE) == 1
    gone = Attachment.objects.get()
    assert (gone.state, gone.external_url, gone.reason_code) == ("gone", "", "expired")


def test_what_came_with_something_goes_with_it_unless_it_is_used(alice):
    own, used = (make_attachment(alice.workspace, content, held=True) for content in (b"a", b"b"))
    uploaded = make_attachment(alice.workspace, b"c")
    make_draft_with(used)
    discard_attachments([own, used, uploaded])
    deleted = Attachment.objects.filter(deleted_at__isnull=False)
    assert list(deleted) == [own]
