"""The signature of an inbox under what people write: put in once, changed with the inbox."""

from __future__ import annotations

from html import escape

MARK = "-- "  # on a line of its own: a signature follows (RFC 3676, section 4.3)


def signature_text(signature: str) -> str:
    """A signature as it stands in a plain text; blank when there is none."""
    return f"{MARK}\n{signature}" if signature else ""


def signature_html(signature: str) -> str:
    """The same in HTML; the desk knows it again by its class."""
    lines = "<br>".join(escape(line, quote=False) for line in [MARK, *signature.split("\n")])
    return f'<div class="signature">{lines}</div>' if signature else ""


def signed_text(text: str, signature: str) -> str:
    """What is newly written, with the signature below."""
    signed = signature_text(signature)
    return f"{text}\n\n{signed}" if signed else text


def resigned_text(text: str, *, old: str, new: str) -> str:
    """The text with another inbox's signature; one that was touched stays as it is."""
    if not old:
        return text
    head, mark, rest = text.partition(f"\n{signature_text(old)}")
    if not mark or not (rest == "" or rest.startswith("\n")):
        return text
    if new:
        return f"{head}\n{signature_text(new)}{rest}"
    return f"{head.rstrip()}{rest}"
