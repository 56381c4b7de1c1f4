"""Values that a send puts in place of the names in its texts: `{{ name }}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from project.api.renderers import encode_json
from project.contracts.bird.limits import MAX_BODY, MAX_SUBJECT
from project.errors import Invalid

TOKEN = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def fill_texts(fields: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, str]:
    """Subject, text and HTML of a send with its parameters filled in; those that there are.

    A name without a value leaves nothing; values are escaped in HTML. Raises Invalid for a text
    that would become too long, or a subject that would have a line break.
    """
    plain = {name: _plain(value) for name, value in parameters.items()}
    safe = {name: escape(value) for name, value in plain.items()}
    filled = {
        "subject": _fill(fields, "subject", plain, MAX_SUBJECT),
        "text": _fill(fields, "text", plain, MAX_BODY),
        "html": _fill(fields, "html", safe, MAX_BODY),
    }
    if re.search(r"[\r\n]", filled["subject"]):
        raise Invalid("must not have a line break once its parameters are in", field="subject")
    if not filled["subject"].strip():
        raise Invalid("must not be blank once its parameters are in", field="subject")
    return {name: text for name, text in filled.items() if name in fields}


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else encode_json(value).decode()


def _fill(fields: Mapping[str, Any], name: str, values: Mapping[str, str], limit: int) -> str:
    text: str = fields.get(name) or ""
    length = len(text)
    for token in TOKEN.finditer(text):  # before it is built: a short text may become endless
        length += len(values.get(token[1], "")) - len(token[0])
    if length > limit:
        message = f"has {length} characters once its parameters are in; at most {limit} are taken"
        raise Invalid(message, field=name, limit=limit, actual=length)
    return TOKEN.sub(lambda token: values.get(token[1], ""), text)
