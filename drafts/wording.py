"""What somebody has newly written, and whether it speaks of a file."""

from __future__ import annotations

import re

from messaging.plain import Tag, pieces_of

MAX_CHARACTERS = 100_000  # of a text that is looked at

#: of each language the words that hardly mean anything else in a mail
WORDS = (
    # English
    r"attach(?:ed|ing|ments?)",
    r"enclosed",
    r"enclosing",
    # German
    r"anbei",
    r"anhang",
    r"anhänge",
    r"angeh[äa]e?ngt(?:e[nrms]?)?",
    r"beigefügte?[nrms]?",
    r"beiliegend(?:e[nrms]?)?",
    r"(?:siehe|in\ der|in\ den|als)\ anlagen?",
    # French
    r"ci-joints?",
    r"ci-jointes?",
    r"pi[èe]ces?[ -]jointes?",
    r"en\ annexe",
    r"je\ (?:vous\ |te\ )?joins",
    # Spanish and Portuguese
    r"adjunt(?:o|a|os|as|amos|ado|ada|ados|adas)",
    r"anex(?:o|os|ei|amos|ado|ada|ados|adas)",
    r"em\ anexo",
    # Italian
    r"allegat[oaie]",
    r"allego",
    r"alleghiamo",
    # Dutch
    r"bijlagen?",
    r"bijgevoegde?",
    r"bijgesloten",
)
SPEAKS = re.compile(rf"\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)

#: lines below which everything is somebody else's, or a signature
ENDS = re.compile(
    r"""
    --\ ?
    | -{2,}.{0,80}-{2,}
    | _{20,}
    | (?:on|am|le|el|il|op|em)\b.{0,300}
      (?:wrote|schrieb|écrit|escribió|scritto|schreef|escreveu)\b.{0,100}
    """,
    re.IGNORECASE | re.VERBOSE,
)
ANSWERED = re.compile(r"\s*(?:re|aw|sv|vs|antw|fwd?|wg|tr|rv|rif|enc|r|i)\s*(?:\[\d+\])?:", re.I)

SILENT = {"blockquote", "head"}
BREAKS = {"br", "div", "p", "li", "tr", "h1", "h2", "h3"}
VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}
QUOTES = {
    *("gmail_quote", "gmail_attr", "gmail_signature", "moz-cite-prefix", "yahoo_quoted"),
    *("quoted", "signature"),  # of our own desk
}


def speaks_of_file(*, subject: str, text: str | None, html: str | None) -> bool:
    """Whether what is newly written announces a file, in one of seven languages.

    Quotes, signatures and the subject of an answer do not count: others wrote them, or long ago.
    """
    written = new_text(text) if text else new_text_of_html(html or "")
    subject = "" if ANSWERED.match(subject) else subject
    return any(SPEAKS.search(part) for part in (subject, written))


def new_text(text: str) -> str:
    """A plain text without quoted lines, and only up to the older mail or the signature."""
    lines: list[str] = []
    for line in text[:MAX_CHARACTERS].splitlines():
        if ENDS.fullmatch(line.strip() if line.strip() != "--" else line):
            break
        if not line.lstrip().startswith(">"):
            lines.append(line)
    return "\n".join(lines)


def new_text_of_html(html: str) -> str:
    """The same of an HTML document, in which quotes are elements too."""
    texts: list[str] = []
    quote, depth = "", 0  # the element that is passed over, and how deep we are in its like
    for piece in pieces_of(html[:MAX_CHARACTERS]):
        if isinstance(piece, str):
            texts.append("" if quote else piece)
        elif quote:
            depth += 0 if piece.name != quote else -1 if piece.is_end else 1
            quote = quote if depth else ""
        else:
            texts.append("\n" if piece.name in BREAKS else "")
            if not piece.is_end and _is_passed_over(piece):
                quote, depth = piece.name, 1
    return new_text("".join(texts))


def _is_passed_over(tag: Tag) -> bool:
    classes = set(tag.attributes.get("class", "").split())
    return tag.name not in VOID and (tag.name in SILENT or bool(classes & QUOTES))
