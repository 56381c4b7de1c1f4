"""`manage.py verify_manifest`: where it gets things from, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from pytest_django.live_server_helper import LiveServer

from messaging.manifest.keys import public_keys, sign
from messaging.manifest.parts import part_of
from messaging.models import Inbox, Message
from messaging.outbox.drain import deliver_due
from messaging.source import source_of, with_first_sent
from project.ids import spell
from tests.messaging.make import make_file, make_message
from tests.messaging.manifest.saved import verify
from tests.messaging.mime.written import MESSAGE_ID, make_letter, make_writer
from tests.people import Person


def signed_mail() -> tuple[bytes, dict[str, Any]]:
    """A mail and its manifest, as if it had been sent."""
    writer = make_writer(make_letter(text="Hello"))
    raw = b"".join(writer.blocks())
    manifest = {
        "message": "msg_x",
        "message_id": MESSAGE_ID,
        "sent_at": "2026-03-01T09:30:00.000Z",
        "mime": {"sha256": sha256(raw).hexdigest(), "size": len(raw)},
        "parts": [part_of(leaf) for leaf in writer.leaves],
        "replies": [],
    }
    return raw, sign(manifest)


def test_it_needs_no_database(tmp_path: Path):
    """In a process whose database is nowhere, with the key in the environment only."""
    raw, signed = signed_mail()
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(public_keys()))
    (tmp_path / "mail.eml").write_bytes(raw)
    (tmp_path / "manifest.json").write_text(json.dumps(signed))
    words = "verify_manifest mail.eml --manifest manifest.json --keys keys.json"
    done = subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), *words.split()],
        cwd=tmp_path,
        env={
            **os.environ,
            "DATABASE_URL": "postgres://nobody@127.0.0.1:9/nowhere",
            "DATA_DIR": str(tmp_path / "data"),
            "DJANGO_SETTINGS_MODULE": "project.settings",
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.startswith("This is the mail that was sent: msg_x"), done.stderr
    assert done.returncode == 0


def test_it_trusts_the_keys_that_it_is_given_and_no_others(tmp_path: Path):
    raw, signed = signed_mail()
    keys = tmp_path / "others.json"
    keys.write_text(json.dumps({"keys": []}))
    assert "This is the mail" in verify(tmp_path, raw, signed)
    with pytest.raises(CommandError, match="none of those known"):
        verify(tmp_path, raw, signed, "--keys", str(keys))


def test_it_says_what_it_cannot_read(tmp_path: Path):
    raw, signed = signed_mail()
    with pytest.raises(CommandError, match="is no JSON"):
        call_command("verify_manifest", __file__, "--manifest", __file__)
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("verify_manifest", __file__, "--manifest", str(tmp_path / "none"))
    with pytest.raises(CommandError, match="This is no manifest"):
        verify(tmp_path, raw, signed["manifest"])
    for nonsense in ("[]", '{"keys": 1}', '{"keys": [1]}'):
        (tmp_path / "keys.json").write_text(nonsense)
        with pytest.raises(CommandError, match="The keys are no JWK Set"):
            verify(tmp_path, raw, signed, "--keys", str(tmp_path / "keys.json"))
    with pytest.raises(CommandError, match="required"):
        call_command("verify_manifest", __file__)
    with pytest.raises(CommandError, match="gives no manifest"):
        call_command("verify_manifest", __file__, "--url", "http://127.0.0.1:1/manifest")


@pytest.mark.django_db(transaction=True)
def test_it_gets_manifest_and_keys_from_the_house(
    alice: Person, charlie: Person, inbox: Inbox, live_server: LiveServer, tmp_path: Path, capsys
):
    message = make_message(inbox, files=[make_file(alice.workspace)])
    deliver_due()
    mail, key = tmp_path / "mail.eml", tmp_path / "key"
    message = with_first_sent(Message.objects.in_full()).get(pk=message.pk)
    mail.write_bytes(b"".join(source_of(message, at=message.created_at).blocks()))
    url = f"{live_server.url}/api/v1/messages/{spell('msg', message.pk)}/manifest"
    key.write_text(f"{alice.key}\n")
    call_command("verify_manifest", str(mail), "--url", url, "--api-key-file", str(key))
    assert "This is the mail that was sent" in capsys.readouterr().out
    mail.write_bytes(mail.read_bytes().replace(b"a.pdf", b"b.pdf"))
    with pytest.raises(CommandError, match="it is called 'b.pdf', not 'a.pdf'"):
        call_command("verify_manifest", str(mail), "--url", url, "--api-key-file", str(key))
    key.write_text(charlie.key)
    with pytest.raises(CommandError, match="404"):
        call_command("verify_manifest", str(mail), "--url", url, "--api-key-file", str(key))
