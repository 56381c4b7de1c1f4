"""Which version of a thing a write expects to find."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.request import Request

from project.errors import Invalid

ENTITY_TAG = re.compile(r'(?:W/)?"(\d{1,18})"|(\d{1,18})')


def take_version(request: Request, fields: dict[str, Any]) -> int | None:
    """The version in `If-Match: "7"`, or in `version`, which is removed from `fields`.

    None when neither says one. Raises Invalid when they differ or If-Match is no version.
    """
    in_body: int | None = fields.pop("version", None)
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return in_body
    match = ENTITY_TAG.fullmatch(header)
    if not match:
        raise Invalid('If-Match must be a version, as in "7".', field="If-Match")
    in_header = int(match[1] or match[2])
    if in_body not in (None, in_header):
        raise Invalid("If-Match and version name different versions.", field="version")
    return in_header
