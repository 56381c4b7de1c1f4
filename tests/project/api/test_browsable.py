"""The API in a browser: forms and links, and nothing that a stranger wrote comes alive."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.drafts.make import URL, make_draft, url_of
from tests.make import make_member
from tests.messaging.make import make_file, make_inbox
from tests.people import Person

PAGE = {"Accept": "text/html"}


def page_of(browser: Client, path: str, status: int = 200) -> str:
    answer = browser.get(path, headers=PAGE)
    assert answer.status_code == status
    return str(answer.text)


def test_it_links_what_an_answer_names(alice: Person) -> None:
    inbox = make_inbox(alice.workspace)
    file = make_file(alice.workspace)
    draft = make_draft(inbox, files=[file])
    page = page_of(alice.browser, url_of(draft))
    named = alice.api.get(url_of(draft)).json()
    assert f'<a href="/api/v1/inboxes/{named["inbox_id"]}">' in page
    assert f'<a href="/api/v1/attachments/{named["attachments"][0]["id"]}">' in page
    assert "/dl/" in page


def test_it_offers_what_can_be_done_with_a_draft(alice: Person) -> None:
    draft = make_draft(make_inbox(alice.workspace))
    page = page_of(alice.browser, url_of(draft))
    for method, rest in (("POST", "/send"), ("DELETE", "/send"), ("POST", "/attachments")):
        assert f'data-method="{method}" data-path="{url_of(draft)}{rest}"' in page
    assert f'data-method="PATCH" data-path="{url_of(draft)}"' in page
    assert f'href="{url_of(draft)}/check"' in page


def test_it_offers_only_what_the_person_may_do(alice: Person) -> None:
    auditor = Client()
    auditor.force_login(make_member(workspace=alice.workspace, role="auditor"))
    assert "data-method" not in page_of(auditor, URL)
    assert "data-method" in page_of(alice.browser, URL)


def test_it_sends_a_stranger_to_sign_in(db: None) -> None:
    page = page_of(Client(), URL, 401)
    assert "/accounts/login/?next=/api/v1/drafts" in page
    assert "data-method" not in page


def test_it_does_not_show_another_workspace(alice: Person, charlie: Person) -> None:
    draft = make_draft(make_inbox(alice.workspace), subject="Secret")
    assert "Secret" not in page_of(charlie.browser, url_of(draft), 404)


def test_it_escapes_what_people_wrote(alice: Person) -> None:
    evil = "\"</pre><script>alert(1)</script>\" 'x' &amp; <a href=javascript:alert(1)>"
    draft = make_draft(make_inbox(alice.workspace), subject=evil, metadata={evil: evil})
    page = page_of(alice.browser, url_of(draft))
    assert "<script>alert" not in page and "<a href=javascript" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_it_keeps_the_query_on_the_way_to_the_next_page(alice: Person) -> None:
    inbox = make_inbox(alice.workspace)
    for _ in range(2):
        make_draft(inbox)
    assert 'href="?limit=1&amp;state=open&amp;after=' in page_of(
        alice.browser, f"{URL}?limit=1&state=open"
    )


def test_it_needs_no_exception_from_the_policy(alice: Person) -> None:
    answer = alice.browser.get(URL, headers=PAGE)
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_the_root_says_who_is_asking(alice: Person, charlie: Person) -> None:
    told: dict[str, Any] = alice.api.get("/api/v1").json()
    assert told["workspace"]["name"] == "Acme"
    assert told["actor"].startswith("key:key_")
    assert told["scopes"] == ["admin", "draft", "files", "read", "send"]
    for address in told["links"].values():
        assert alice.api.get(address).status_code == 200
    assert charlie.api.get("/api/v1").json()["workspace"]["name"] == "Stranger"
    assert Client().get("/api/v1").status_code == 401
