"""A mail as somebody has kept it, held against the manifest of the one that was sent.

On its way a mail gets header fields on top (Return-Path, Received, …), and a Maildir ends lines
with LF alone. Neither is a difference; everything else is. Nothing here needs a database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from messaging.manifest.parts import leaf_of
from messaging.mime.fields import Fields, read_fields
from messaging.mime.reader import Mail, Part, clean_name, read_mail
from messaging.mime.writer import Leaf, shown_text

END = b"\r\n"

#: fields that say what a mail is: on top of it they would speak in its name
SPEAKING = frozenset(
    {
        "bcc",
        "cc",
        "comments",
        "date",
        "from",
        "in-reply-to",
        "message-id",
        "mime-version",
        "references",
        "reply-to",
        "sender",
        "subject",
        "to",
    }
)
#: field of a part -> how a difference in it is said
SAID = {
    "filename": "it is called {found!r}, not {sent!r}",
    "content_type": "its type is {found}, not {sent}",
    "encoding": "its transfer encoding is {found}, not {sent}",
    "disposition": "it is there as {found!r}, not as {sent!r}",
    "content_id": "its Content-ID is {found!r}, not {sent!r}",
    "place": "it stands at place {found}, not at {sent}",
}
#: what a provider, which writes the mail itself, leaves as it is
OF_PROVIDERS = ("filename",)


def differences(raw: bytes, manifest: Mapping[str, Any]) -> list[str]:
    """In what a mail differs from the one that was sent, in sentences; none: in nothing.

    `manifest` has been opened with its key.
    """
    raw = raw.replace(END, b"\n").replace(b"\n", END)
    mail = read_mail(raw)
    found = [
        *_differing_id(mail, manifest["message_id"]),
        *_differing_parts(mail, manifest),
    ]
    if manifest["mime"] is None:
        return found
    start = _start(raw, manifest["mime"])
    if start is None:
        return [*found, _around(bool(found))]
    return [*found, *_added_on_top(raw, start)]


def _differing_id(mail: Mail, sent: str) -> Iterator[str]:
    id = mail.fields.raw("Message-ID")
    if id != sent:
        yield f"It is another mail: its Message-ID is {id or 'missing'}, not {sent}."


def _around(has_others: bool) -> str:
    if has_others:
        return "Byte by byte it is not the mail that was sent."
    return (
        "Its parts are those that were sent, but byte by byte it is not the mail that was sent: "
        "a header field, or something else around the parts, was changed."
    )


# The whole --------------------------------------------------------------------------------------


def _start(raw: bytes, mime: Mapping[str, Any]) -> int | None:
    """Where the mail as it was sent begins in `raw`; None: it is not in there.

    It goes to the end, but for empty lines there, of which some may be too many or one missing.
    """
    _, body = read_fields(raw, 0, len(raw), is_top=True)
    text, size = raw.rstrip(END), int(mime["size"])
    for ends in range((len(raw) - len(text)) // len(END) + 2):
        start = len(text) + ends * len(END) - size
        if 0 <= start < body and (start == 0 or raw[start - len(END) : start] == END):
            digest = sha256(memoryview(text)[start:])
            digest.update(END * ends)
            if digest.hexdigest() == mime["sha256"]:
                return start
    return None


def _added_on_top(raw: bytes, start: int) -> Iterator[str]:
    """What stands above the mail and was not put there by servers to say how it came."""
    fields, _ = read_fields(raw, 0, start, is_top=True)
    own, _ = read_fields(raw, start, len(raw), is_top=True)
    # a server on the way may sign what is signed already; that says nothing in the mail's name
    names = (SPEAKING | _names(own)) - {"dkim-signature"}
    for name in sorted(_names(fields)):
        if name in names or name.startswith("content-"):
            yield f"Above it stands a field that was not sent with it: {name.title()}."


def _names(fields: Fields) -> frozenset[str]:
    return frozenset(field.name.lower() for field in fields)


# The parts --------------------------------------------------------------------------------------


def _differing_parts(mail: Mail, manifest: Mapping[str, Any]) -> Iterator[str]:
    sent = [_sent(leaf_of(part)) for part in manifest["parts"]]
    found = [_found(part) for part in mail.parts]
    compared = tuple(SAID)
    if manifest["mime"] is None:
        sent, found = _files(sent), _files(found)
        compared = OF_PROVIDERS
    pairs = _pairs(sent, found)
    for one in sent:
        other = pairs.get(one)
        yield from _compare(one, other, compared) if other else [f"{_label(one)} is missing."]
    for one in found:
        if one not in pairs.values():
            yield f"{_label(one)} was not in the mail that was sent."


def _sent(leaf: Leaf) -> Leaf:
    return replace(leaf, filename=clean_name(leaf.filename))  # as the reader gives names


def _found(part: Part) -> Leaf:
    content = part.content()
    if not part.disposition:
        content = shown_text(content)
    return Leaf(
        place=part.place,
        filename=part.filename,
        content_type=part.content_type,
        size=len(content),
        sha256=sha256(content).hexdigest(),
        encoding=part.encoding or "7bit",
        disposition=part.disposition,
        content_id=part.content_id,
    )


def _files(leaves: list[Leaf]) -> list[Leaf]:
    return [one for one in leaves if one.disposition]


def _pairs(sent: list[Leaf], found: list[Leaf]) -> dict[Leaf, Leaf]:
    """Which part is which: by bytes and place, then by bytes, then by place."""
    pairs: dict[Leaf, Leaf] = {}
    for alike in (("sha256", "place"), ("sha256",), ("place",)):
        for one in sent:
            taken = pairs.values()
            if one not in pairs:
                others = (other for other in found if other not in taken)
                match = next((other for other in others if _are_alike(one, other, alike)), None)
                pairs |= {one: match} if match else {}
    return pairs


def _are_alike(one: Leaf, other: Leaf, names: tuple[str, ...]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _compare(sent: Leaf, found: Leaf, names: tuple[str, ...]) -> Iterator[str]:
    if sent.sha256 != found.sha256:
        yield (
            f"{_label(sent)}: its bytes are not those that were sent: {found.size:,} bytes of the "
            f"SHA-256 {found.sha256}, not {sent.size:,} of {sent.sha256}."
        )
    for name in names:
        before, now = getattr(sent, name), getattr(found, name)
        if before != now:
            yield f"{_label(sent)}: {SAID[name].format(sent=before, found=now)}."


def _label(leaf: Leaf) -> str:
    return f"Part {leaf.place} ({leaf.filename or leaf.content_type})"
