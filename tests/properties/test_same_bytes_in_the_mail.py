"""P4 through the whole house: any bytes under any name, by every road into one mail, and out."""

from __future__ import annotations

from base64 import b64encode
from email import message_from_bytes
from email.policy import default
from hashlib import sha256
from typing import Any

import fast_mail_parser
import msgspec
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attachments.test_same_bytes import (
    CONTENTS,
    NAMES,
    TYPES,
    by_form,
    by_json,
    by_put,
    expected_name,
)
from tests.attachments.wire import Answer, send
from tests.messaging.make import make_inbox
from tests.people import Person

API = "/api/v1"
#: as they must come out: the name, and the digest
Found = list[tuple[str, str]]

FILES = st.lists(st.tuples(NAMES, TYPES, CONTENTS), min_size=4, max_size=4)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)


def ask(method: str, path: str, key: str, body: Any = None, **headers: str) -> Answer:
    content = b"" if body is None else msgspec.json.encode(body)
    headers = {"HTTP_X_API_KEY": key, "CONTENT_TYPE": "application/json", **headers}
    return send(method, f"{API}{path}", content, **headers)


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def read_by_stdlib(mail: bytes) -> Found:
    """Its files, in order, as Python's own parser finds them."""
    leaves = message_from_bytes(mail, policy=default).walk()
    return [
        (str(leaf.get_filename()), digest(leaf.get_payload(decode=True)))
        for leaf in leaves
        if leaf.get_content_disposition()
    ]


def read_by_stranger(mail: bytes) -> Found:
    """Its files, in order, as a parser written in another language finds them."""
    root = fast_mail_parser.parse_email_tree(mail, mode="full")
    leaves = [leaf for leaf in fast_mail_parser.walk(root) if leaf.disposition]
    return [(leaf.filename, digest(bytes(leaf.content))) for leaf in leaves]


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(files=FILES, text=TEXTS, shown=st.booleans(), cut=st.integers(0, 700_000))
def test_what_goes_in_by_any_road_comes_out_of_the_mail(
    alice: Person, files: list[tuple[str, str, bytes]], text: str, shown: bool, cut: int
) -> None:
    with transaction.atomic():
        inbox = make_inbox(alice.workspace)
        roads = zip((by_json, by_form, by_put), files[:3], strict=True)
        ids = [road(alice.key, *file).json()["id"] for road, file in roads]
        name, type, content = files[3]
        written = {"filename": name, "content": b64encode(content).decode()}
        first = {"id": ids[0], "inline": shown, "content_id": "first"}
        draft = {
            "from": inbox.address,
            "to": ["Ann <ann@example.com>"],
            "subject": "Files",
            "text": text,
            "html": '<img src="cid:first">' if shown else None,
            "attachments": [
                first,
                *ids[1:],
                {**written, "content_type": type} if type else written,
            ],
        }
        made = ask("POST", "/drafts", alice.key, draft)
        assert made.status == 201, made.json()
        sent = ask("POST", f"/drafts/{made.json()['id']}/send", alice.key, {})
        assert sent.status == 202, sent.json()
        message = f"/messages/{sent.json()['message_id']}"

        wanted = [(expected_name(name), digest(content)) for name, _, content in files]
        told = ask("GET", message, alice.key).json()
        assert [(one["filename"], one["sha256"]) for one in told["attachments"]] == wanted

        mail = ask("GET", f"{message}/raw", alice.key)
        assert mail.status == 200
        assert len(mail.body) == told["size"]
        assert sorted(read_by_stdlib(mail.body)) == sorted(wanted)
        assert sorted(read_by_stranger(mail.body)) == sorted(wanted)

        for file, (_, _, content) in zip(told["attachments"], files, strict=True):
            address = f"{message}/attachments/{file['id']}/content"
            assert ask("GET", address, alice.key).body == content
            if place := cut % (len(content) or 1):
                pieces = [f"bytes=0-{place - 1}", f"bytes={place}-"]
                parts = [ask("GET", address, alice.key, HTTP_RANGE=piece) for piece in pieces]
                assert [part.status for part in parts] == [206, 206]
                assert b"".join(part.body for part in parts) == content
        transaction.set_rollback(True)
