"""A part of a mail as manifests spell it, and back; what it does not have is null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from messaging.mime.writer import Leaf


def part_of(leaf: Leaf, *, verdict: str | None = None) -> dict[str, Any]:
    """The spelling of a part, and what a scan said of it before it was sent."""
    return {
        "place": leaf.place,
        "name": leaf.filename or None,
        "content_type": leaf.content_type,
        "size": leaf.size,
        "sha256": leaf.sha256,
        "transfer_encoding": leaf.encoding,
        "disposition": leaf.disposition or None,
        "content_id": leaf.content_id or None,
        "verdict": verdict,
    }


def leaf_of(part: Mapping[str, Any]) -> Leaf:
    """The part that was spelt so."""
    return Leaf(
        place=part["place"],
        filename=part["name"] or "",
        content_type=part["content_type"],
        size=part["size"],
        sha256=part["sha256"],
        encoding=part["transfer_encoding"],
        disposition=part["disposition"] or "",
        content_id=part["content_id"] or "",
    )
