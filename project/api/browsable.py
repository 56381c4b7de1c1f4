"""The API for people with a browser: every answer as a page, with what can be done from there.

The forms come from the OpenAPI description, so what a newcomer finds in them is what it documents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.urls import get_urlconf
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from rest_framework import renderers
from rest_framework.request import Request

from project.api.caller import Caller
from project.api.renderers import JSONRenderer

ROOT = "/api/v1"
FORM = "multipart/form-data"

#: what an id begins with -> the list that it is in
LISTS = {
    "att": "attachments",
    "cus": "customers",
    "drf": "drafts",
    "inb": "inboxes",
    "key": "keys",
    "msg": "messages",
    "thr": "threads",
    "whk": "webhooks",
}
ID = re.compile(rf"({'|'.join(LISTS)})_[0-9a-z]{{26}}")
TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)"
)


#: how the forms of a page follow each other
ORDER = {"POST": 1, "PATCH": 2, "PUT": 3, "DELETE": 4}


@dataclass(frozen=True)
class Example:
    """Something to send, as JSON."""

    label: str
    text: str

    @property
    def lines(self) -> int:
        return self.text.count("\n") + 1


@dataclass(frozen=True)
class Field:
    """A field of a form with files; `kind` says how it is shown."""

    name: str
    kind: str
    help: str
    value: str = ""


@dataclass(frozen=True)
class Action:
    """Something that can be done with one request; `path` may hold `{…}` still."""

    method: str
    path: str
    scope: str
    summary: SafeString
    examples: tuple[Example, ...]
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """An answer, links to what it names, and a form for each thing that can be done next."""

    template = "api/answer.html"

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        given = dict(renderer_context or {})
        request, response = given["request"], given["response"]
        here = _route(request)
        problem = data.get("error") if isinstance(data, dict) else None
        return {
            "title": _title(request, here),
            "summary": _summary(here),
            "trail": list(_trail(request)),
            "request": request,
            "status": f"{response.status_code} {HTTPStatus(response.status_code).phrase}",
            "problem": problem if response.status_code >= 400 else None,
            "etag": response.headers.get("ETag"),
            "content": _content(data),
            "next": _next_page(request, data),
            "is_known": isinstance(request.auth, Caller),
            "actions": list(_actions(request, here)),
            "below": list(_below(request, here)),
        }


# Where we are -----------------------------------------------------------------------------------


def _route(request: Request) -> str:
    match = request.resolver_match
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", match.route if match else "")


def _title(request: Request, here: str) -> str:
    last = request.path.rpartition("/")[2]
    if here == ROOT:
        return "API"
    if not here.endswith("}"):
        return last.capitalize()
    plural = here.split("/")[-2]
    single = re.sub("(ch|sh|s|x)es$", r"\1", plural) if plural.endswith("es") else plural
    return f"{single.removesuffix('s').capitalize()} {last}"


def _summary(here: str) -> SafeString:
    """What looking here gives; blank where there is nothing to look at."""
    found = (one.summary for one in _known_actions() if (one.method, one.path) == ("GET", here))
    return next(found, SafeString(""))


def _trail(request: Request) -> Iterator[tuple[str, str]]:
    """Names and addresses on the way from the root to here."""
    path = ""
    for part in request.path.removeprefix(f"{ROOT}").strip("/").split("/")[:-1]:
        path += f"/{part}"
        yield part, ROOT + path


# What can be done -------------------------------------------------------------------------------


def _known_actions() -> tuple[Action, ...]:
    return _described_actions(get_urlconf() or settings.ROOT_URLCONF)


@cache
def _described_actions(urlconf: str) -> tuple[Action, ...]:
    # DRF imports its renderers with its views, which this imports: not before there are any.
    from drf_spectacular.generators import SchemaGenerator

    found = SchemaGenerator(urlconf=urlconf).get_schema(public=True)  # type: ignore[no-untyped-call]
    return tuple(
        _action(method.upper(), path, operation)
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    )


def _action(method: str, path: str, operation: Mapping[str, Any]) -> Action:
    content = operation.get("requestBody", {}).get("content", {})
    examples = tuple(
        Example(example.get("summary", name), _pretty(example["value"]))
        for name, example in content.get("application/json", {}).get("examples", {}).items()
    )
    if "application/json" in content and not examples:
        examples = (Example("Empty", "{}"),)
    shape = content.get(FORM, {}).get("schema", {}).get("properties", {})
    fields = tuple(_field(name, facts) for name, facts in shape.items())
    return Action(
        method=method,
        path=path,
        scope=operation.get("x-scope", ""),
        summary=_marked(operation["description"].partition("\n")[0]),
        examples=examples,
        fields=fields,
    )


def _marked(text: str) -> SafeString:
    """A line of the description, its `words` as code."""
    return mark_safe(re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text)))  # nosec B308, B703


def _field(name: str, facts: Mapping[str, Any]) -> Field:
    kinds = {"boolean": "checkbox", "array": "files"}
    kind = "file" if facts.get("format") == "binary" else kinds.get(facts["type"], "text")
    value = str(facts.get("example", ""))
    if value.startswith("{"):
        kind, value = "json", _pretty(json.loads(value))
    return Field(name=name, kind=kind, help=facts.get("description", ""), value=value)


def _actions(request: Request, here: str) -> Iterator[Action]:
    """What the caller may do here, and at addresses just below that cannot be looked at."""
    if not isinstance(request.auth, Caller):
        return
    known = sorted(_known_actions(), key=lambda one: ORDER.get(one.method, 0))
    readable = {action.path for action in known if action.method == "GET"}
    for action in known:
        close = action.path == here or (
            _is_below(action.path, here) and action.path not in readable
        )
        if close and action.method != "GET" and action.scope in request.auth.scopes:
            yield replace(action, path=request.path + action.path.removeprefix(here))


def _below(request: Request, here: str) -> Iterator[Action]:
    """What can be looked at just below."""
    if isinstance(request.auth, Caller):
        for action in _known_actions():
            if action.method == "GET" and _is_below(action.path, here):
                yield replace(action, path=request.path + action.path.removeprefix(here))


def _is_below(path: str, here: str) -> bool:
    rest = path.removeprefix(f"{here}/")
    return here != ROOT and rest != path and "/" not in rest and "{" not in rest


# The answer itself ------------------------------------------------------------------------------


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _content(data: Any) -> SafeString:
    """The answer as JSON with its parts marked, and a link on whatever it names."""
    if data is None:
        return SafeString("")
    text = JSONRenderer().render(data, renderer_context={"indent": 2}).decode()
    parts, end, key = [], 0, ""
    for token in TOKEN.finditer(text):
        kind, piece = str(token.lastgroup), token[0]
        key = piece if kind == "key" else key
        shown = _linked(piece, key) if kind == "text" else escape(piece)
        parts.append(f'{escape(text[end : token.start()])}<span class="{kind}">{shown}</span>')
        end = token.end()
    return mark_safe("".join(parts) + escape(text[end:]))  # nosec B308, B703


def _linked(piece: str, key: str) -> str:
    text, shown = json.loads(piece), escape(piece[1:-1])
    address = ""
    if match := ID.fullmatch(text):
        address = f"{ROOT}/{LISTS[match[1]]}/{text}"
    elif text.startswith(f"{ROOT}/") or (key == '"download_url"' and text.startswith("http")):
        address = text
    return f'"<a href="{escape(address)}">{shown}</a>"' if address else f'"{shown}"'


def _next_page(request: Request, data: Any) -> str:
    following = data.get("next") if isinstance(data, dict) else None
    if not isinstance(following, str):
        return ""
    query = request.query_params.copy()
    query["after"] = following
    return f"?{query.urlencode()}"
