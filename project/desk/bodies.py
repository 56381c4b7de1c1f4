"""The words of a message, harmless and good to read: HTML for a frame, text for the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from messaging.html import display_html
from messaging.models import Message, MessageAttachment
from project.desk.access import Desk, at_desk
from project.errors import NotFound
from project.ids import read, spell

POLICY = (
    "default-src 'none'; img-src 'self' data:{remote}; style-src 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
MAX_TEXT = 100_000  # characters that a page shows; the mail itself has the rest
CODE = re.compile(r"</?blockquote\b[^>]*>", re.IGNORECASE)
TAGS = re.compile(r"<[^>]*>")
BLANK = re.compile(r"(?:\s|&nbsp;|\xa0)*")
REMOTE = re.compile(r"""<img\b[^<>]*?\bsrc\s*+=\s*+["']?\s*+(?:https?:)?//""", re.IGNORECASE)
COLOUR = re.compile(r"""\s(?:bgcolor|color)=|[";\s](?:background-)?color:""", re.IGNORECASE)
LINK = re.compile(r"https?://[^\s<>\"]+|www\.[^\s<>\"]+\.[^\s<>\"]+", re.IGNORECASE)
ENDS = ".,:;!?'*_)]}"


@dataclass(frozen=True)
class Passage:
    """A part of a text body, fit for a page; quoted ones are shown on demand."""

    html: SafeString
    is_quoted: bool


@require_safe
@at_desk
def body(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """The HTML of a message, as a document for a sandboxed frame.

    Pictures of other servers are not in it unless they are asked for: fetching them tells their
    sender that the mail was read, and where.
    """
    message = desk.messages.filter(pk=read("msg", id)).first()
    if message is None or not message.html:
        raise NotFound(f"There is no message {id} with HTML here.")
    remote = request.GET.get("images") == "remote"
    content = fold_quote(display_html(message.html, picture=_pictures(message, remote=remote)))
    return frame(content, remote=remote)


def frame(content: str, *, remote: bool = False) -> HttpResponse:
    """The document of a sandboxed frame that shows the HTML of a mail, made harmless before.

    With `remote` it may get pictures of other servers.
    """
    facts = {"content": mark_safe(content), "has_colours": has_colours(content)}  # nosec B308, B703
    response = HttpResponse(render_to_string("desk/body.html", facts))
    response["Content-Security-Policy"] = POLICY.format(remote=" http: https:" if remote else "")
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    return response


def has_remote_pictures(html: str) -> bool:
    """Whether an HTML body would show pictures of other servers."""
    return REMOTE.search(html) is not None


def has_colours(html: str) -> bool:
    """Whether an HTML body has colours of its own, which were chosen for white paper."""
    return any(COLOUR.search(tag) for tag in TAGS.findall(html))


def fold_quote(html: str) -> str:
    """The clean HTML with the quote at its end, if there is one, shown on demand."""
    found = _last_quote(html)
    if found is None:
        return html
    start, end = found
    quote = f"<details><summary>Quoted text</summary>{html[start:end]}</details>"
    return f"{html[:start]}{quote}{html[end:]}"


def read_passages(text: str) -> list[Passage]:
    """A text body in passages: what is said, and what is quoted."""
    passages: list[Passage] = []
    lines: list[str] = []
    quoted = False
    for line in text[:MAX_TEXT].replace("\r\n", "\n").strip("\n").split("\n"):
        is_quote = line.startswith(">")
        if is_quote != quoted and lines:
            passages.append(Passage(_linked("\n".join(lines)), quoted))
            lines = []
        quoted = is_quote
        lines.append(line)
    return [*passages, Passage(_linked("\n".join(lines)), quoted)]


def _pictures(message: Message, *, remote: bool) -> Callable[[str], str | None]:
    """Where the pictures of a message are to be had: its own here, those of others if wanted."""
    rows = MessageAttachment.objects.filter(message=message).exclude(content_id="")
    own = dict(rows.values_list("content_id", "attachment_id"))

    def picture(url: str) -> str | None:
        scheme, _, rest = url.strip().partition(":")
        if scheme.lower() == "cid":
            id = own.get(unquote(rest))
            return _content_url(message, id) if id else None
        return url if remote and scheme.lower() in ("http", "https") else None

    return picture


def _content_url(message: Message, attachment_id: UUID) -> str:
    names = [spell("msg", message.pk), spell("att", attachment_id)]
    return reverse("messaging:message-file", args=names) + "?inline=true"


def _last_quote(html: str) -> tuple[int, int] | None:
    """Where the outermost blockquote begins and ends behind which nothing is said."""
    depth, start, last = 0, 0, None
    for tag in CODE.finditer(html):
        is_end = tag[0].startswith("</")
        if not is_end and depth == 0:
            start = tag.start()
        depth += -1 if is_end else 1
        if depth == 0:
            last = start, tag.end()
    if last is None:
        return None
    rest = TAGS.sub("", html[last[1] :])
    return last if BLANK.fullmatch(rest) and "<img" not in html[last[1] :] else None


def _linked(text: str) -> SafeString:
    """The text, escaped, with its web addresses as links."""
    return mark_safe("".join(_pieces(text)))  # nosec B308, B703


def _pieces(text: str) -> Iterator[str]:
    place = 0
    for match in LINK.finditer(text):
        url = match[0].rstrip(ENDS)
        target = url if url.lower().startswith("http") else f"http://{url}"
        yield escape(text[place : match.start()])
        yield (
            f'<a href="{escape(target)}" target="_blank" rel="noopener noreferrer" '
            f'hx-boost="false">{escape(url)}</a>'
        )
        place = match.start() + len(url)
    yield escape(text[place:])
