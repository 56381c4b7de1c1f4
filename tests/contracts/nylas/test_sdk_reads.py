"""The official libraries, unmodified, find mail on a live server and keep it in order."""

from __future__ import annotations

from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "sdk"
BOTH = ["two é", "one a&b/c"]


@pytest.mark.parametrize(("language", "ending"), [("python", "py"), ("node", "mjs")])
def test_r8_r9_r13_r35_r36_r39_r66_r69_r70_r80_reading(request, live_url, language, ending):
    live_url.work()
    runner = request.getfixturevalue(f"{language}_sdk")
    office = live_url.session
    address = f"{language}@acme.test"
    made = office.post(f"{live_url.url}/api/v1/inboxes", json={"address": address})
    assert made.status_code == 201
    said = runner(SCRIPTS / f"reads.{ending}", URL=live_url.url, KEY=live_url.key, GRANT=address)
    pages = said.pop("pages")
    assert pages == ([BOTH, None] if language == "python" else BOTH)
    assert said == {
        "found": {
            "subject": BOTH[1:],
            "any email": BOTH[:1],
            "to": BOTH,
            "metadata": BOTH[1:],
            "thread": BOTH[:1],
            "in": BOTH,
            "flags": BOTH,
            "time": BOTH,
            "nothing": [],
        },
        "headers": {"X-A": "1", "Subject": "two é"},
        "tracking": [True, "l"],
        "raw": True,
        "changed": [True, True, {"key1": "a"}],
        "moved": True,
        "folder": ["Invoices", "folder", 1],
        "renamed": "Bills",
        "folders": ["Drafts", "Inbox", "Sent", "Archive", "Trash", "Bills"],
        "thread": [1, True, "two é", False],
        "thread changed": True,
        "cleaned": ["one a&b/c", "two é"],
        "folder destroyed": True,
        "destroyed": True,
        "thread destroyed": True,
        "left": [],
        "trash": BOTH,
        "grants": [address, "imap", "valid"],
    }
