"""A file as somebody wants it to be carried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from attachments.models import Attachment


@dataclass(frozen=True)
class Enclosure:
    """An attachment, and how a draft or message carries it."""

    attachment: Attachment
    inline: bool = False
    content_id: str = ""  # without angle brackets
    filename: str = ""  # blank: the attachment's own
    is_new: bool = False  # made in this transaction: nobody else can see it, let alone change it
    annotations: Mapping[str, object] = field(default_factory=dict, hash=False)  # see Message

    @property
    def name(self) -> str:
        return self.filename or self.attachment.filename
