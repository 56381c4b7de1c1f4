"""To, Cc and Bcc as people write them: addresses in a row, with commas between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from drafts.models import Draft

LABELS = {"to": "To", "cc": "Cc", "bcc": "Bcc"}

#: an address, up to the comma, semicolon or line's end behind it; those in quotes belong to it
ENTRY = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^",;\n])+|"[^,;\n]*')
PLAIN_NAME = re.compile(r"[^\W_][\w .'’()-]*")


@dataclass(frozen=True, kw_only=True)
class RecipientField:
    """One of the three, as a form has it; `problem` says what is wrong with the text."""

    name: str
    label: str
    text: str
    problem: str = ""

    @property
    def is_asked_for(self) -> bool:
        """Whether it is to be seen before somebody asks for it."""
        return self.name == "to" or bool(self.text)


def recipient_fields(
    draft: Draft,
    *,
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
) -> list[RecipientField]:
    """The three of a draft; what was `typed` and not taken, with its problems, goes before."""
    return [
        RecipientField(
            name=name,
            label=label,
            text=(typed or {}).get(name) or spell_list(getattr(draft, name)),
            problem=(problems or {}).get(name, ""),
        )
        for name, label in LABELS.items()
    ]


def spell_list(people: Iterable[Mapping[str, Any]]) -> str:
    """Addresses in a row, which `read_list` takes apart again."""
    return ", ".join(_spell(str(one["email"]), one.get("name") or "") for one in people)


def read_list(text: str) -> list[str]:
    """The addresses in a row, each as it was written."""
    entries = (entry.strip() for entry in ENTRY.findall(text))
    return [entry for entry in entries if entry]


def _spell(email: str, name: str) -> str:
    if not name:
        return email
    if PLAIN_NAME.fullmatch(name):
        return f"{name} <{email}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{email}>'
