"""A mail that somebody saved, its manifest, and what `verify_manifest` says of the two."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

PDF = b"%PDF-1.4 " + random.Random(7).randbytes(100_000)
PDF_NAME = "Übersicht – Größe 2026.pdf"
PNG = b"\x89PNG\r\n\x1a\n" + random.Random(8).randbytes(3000)
HTML = "<p>Grüße, und eine lange Zeile: " + "ä" * 400 + "</p>\n.\n\n"


@dataclass(frozen=True)
class Saved:
    """A mail as it lies in a Maildir, and the answer that has its manifest."""

    raw: bytes
    signed: Mapping[str, Any]

    def instead(self, before: bytes, after: bytes) -> bytes:
        """The mail with one thing in it changed."""
        assert self.raw.count(before) == 1
        return self.raw.replace(before, after)


def verify(folder: Path, raw: bytes, signed: Any, *words: str) -> str:
    """Run the command on two files; gives what it says, and raises CommandError."""
    mail, manifest = folder / "saved.eml", folder / "manifest.json"
    mail.write_bytes(raw)
    manifest.write_text(json.dumps(signed))
    said = StringIO()
    call_command("verify_manifest", str(mail), "--manifest", str(manifest), *words, stdout=said)
    return said.getvalue()
