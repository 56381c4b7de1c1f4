"""Manifests, for the description; `manifest.evidence` spells them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from messaging.models import Recipient
from project.api.fields import ChoiceField, IdField, TimeField


class EnvelopeOut(serializers.Serializer[Any]):
    """What the servers were told, whatever the header says."""

    recipients = serializers.ListField(
        child=serializers.CharField(), help_text="Everybody it was to be taken for, unseen or not."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        sender = serializers.CharField(help_text="Where a bounce goes.")
        return {"from": sender, **super().get_fields()}


class MimeOut(serializers.Serializer[Any]):
    """The mail as it was sent, from its first header field to its last line end."""

    sha256 = serializers.CharField(help_text="In hex, with CRLF line ends and undoubled dots.")
    size = serializers.IntegerField(help_text="Bytes.")


class PartOut(serializers.Serializer[Any]):
    """A text of the letter, or a file."""

    place = serializers.CharField(help_text="Counted from 1 at each level, as in `1.2`.")
    name = serializers.CharField(allow_null=True, help_text="Null: a text of the letter.")
    content_type = serializers.CharField(help_text="Without parameters.")
    size = serializers.IntegerField(help_text="Decoded bytes.")
    sha256 = serializers.CharField(
        help_text="Of the decoded bytes, in hex; of a text of the letter with CRLF line ends, and "
        "without those at its end."
    )
    transfer_encoding = serializers.CharField(help_text="As in Content-Transfer-Encoding.")
    disposition = serializers.CharField(
        allow_null=True, help_text="`attachment`, `inline`, or null: a text of the letter."
    )
    content_id = serializers.CharField(allow_null=True, help_text="Without angle brackets.")
    verdict = serializers.CharField(
        allow_null=True,
        help_text="What the scanner had said of a file by then: `unscanned`, `clean`, "
        "`unscannable`, `infected`; null: a text of the letter.",
    )


class ReplyOut(serializers.Serializer[Any]):
    """What was said of one recipient."""

    at = TimeField(help_text="When it was put down.")
    attempt = serializers.IntegerField(
        allow_null=True, help_text="Which try on its route, from 1; null: heard of it later."
    )
    relay = serializers.CharField(allow_null=True, help_text="Who said it: host and port.")
    mime_sha256 = serializers.CharField(
        allow_null=True,
        help_text="Of the mail that was handed over in that try; null: none was, or a provider "
        "wrote its own.",
    )
    recipient = serializers.CharField(help_text="The bare address.")
    state = ChoiceField(Recipient.State.choices, help_text="How it left them.")
    code = serializers.IntegerField(allow_null=True, help_text="Of SMTP.")
    reply = serializers.CharField(help_text="The words.")


class ManifestOut(serializers.Serializer[Any]):
    """What is signed."""

    format = serializers.CharField(help_text="`enclose-manifest-1`")
    workspace = IdField("wsp", help_text="`wsp_…`")
    message = IdField("msg", help_text="`msg_…`")
    message_id = serializers.CharField(help_text="With angle brackets.")
    sent_at = TimeField(help_text="When the first server took it.")
    envelope = EnvelopeOut(help_text="Who sent it to whom.")
    mime = MimeOut(allow_null=True, help_text="Null: a provider wrote the mail, of the same files.")
    parts = PartOut(many=True, help_text="In the order of the mail.")
    replies = ReplyOut(
        many=True,
        help_text="The oldest first: of each try, and of each recipient the last heard later.",
    )


class SignedManifestOut(serializers.Serializer[Any]):
    """A manifest that whoever has the public key can trust."""

    manifest = ManifestOut(help_text="What is signed, in the form of RFC 8785.")
    signature = serializers.CharField(help_text="Ed25519 (RFC 8032), in base64url.")
    key_id = serializers.CharField(help_text="The key's thumbprint (RFC 7638).")
