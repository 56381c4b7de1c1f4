"""What no honest client sends, to every operation: refused in our shape, and never with 5xx.

Schemathesis builds on the description; these are the bytes that no description allows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from tests.openapi.house import House, lead_to, make_house
from tests.people import Person

NUMBERS = ["-1", "0", "1e400", "9" * 400, str(2**63), str(2**31)]
TIMES = [
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "2026-02-30T00:00:00Z",
    "2026-01-31T09:00:60Z",
    "2026-01-31T09:00:00+99:99",
    "1-1-1",
]
#: as they stand in an address, so already escaped
QUERIES = [
    *(quote(text) for text in [*NUMBERS, *TIMES, "１", "٣", "NaN", "Infinity"]),
    *["", "%00", "a%00b", "%FF", "%C3", "%ED%A0%80", "%F4%90%80%80", "%", "%zz", "+", "%0D%0A"],
    *["W10", "WyJhIl0", "W251bGxd", "WzFlNDAwXQ", "WzEsMl0", "====", "%C3%A9", "A" * 10_000],
    "WzEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAsMV0",
    quote("\N{RIGHT-TO-LEFT OVERRIDE}\U0001f600İſ"),
]
#: as they stand in JSON
VALUES = [
    *NUMBERS,
    *["null", "true", "[]", "{}", '""', '" "', "1.5", "[null]", "[{}]", "[[]]", '[[[["a"]]]]'],
    *[r'"a\u0000b"', r'"\udfff\ud800"', r'"\r\n"', r'"\u202e"', "[" * 60 + "]" * 60],
    *[r'{"a\u0000": 1}', r'{"a": "\u0000"}', '{"": ""}', '{"a": ' + str(2**70) + "}"],
    *[r'["\u0000"]', r'[{"email": "\u0000"}]', r'[{"id": "\u0000"}]', '[{"filename": 1}]'],
]
BODIES = [
    *[b"", b"\xff", b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b"\xef\xbb\xbf{}", b"null", b"[]"],
    *[b"0", b'""', b"{", b'{"a"', b'{"a": 1,}', b"{} {}", b'{"a": 1, "a": 2}', b"\x00" * 100],
    *[b'{"content": "' + b"A" * 70_000, b'{"content": "' + b"A" * 70_001 + b'"}'],
    *[b'{"a": NaN}', b'{"to": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", b'{"to": 1e999999999}'],
    *[b'{"to": [' + b'"a@b.test",' * 5_000 + b'"a@b.test"]}', b'{"text": "\\ud800"}'],
    *["{}".encode("utf-16"), b"{" * 100_000, b'{"__proto__": {}}', b'{"\\ud800": 1}'],
]
TYPES = [
    *["application/json", "application/json; charset=utf-16", "application/json; charset=no"],
    *["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x"],
    *["multipart/form-data; boundary=\xff", "text/plain", "", "/", "a/b; c", "x" * 5_000],
    "application/x-www-form-urlencoded",
]
HEADERS = {
    "If-Match": ['"0"', '"9999999999999999999"', "é", "*", '"1", "2"', "W/", '"' + "9" * 5000],
    "Idempotency-Key": ["", "é", "x" * 256, "\x7f", " "],
    "Range": [
        "bytes=",
        "bytes=-0",
        "bytes=9-1",
        "bytes=0-" + "9" * 400,
        "lines=1-2",
        "bytes=1-,2-",
    ],
    "If-Range": ["é", '"', "Sat, 31 Feb 2026 00:00:00 GMT"],
    "If-None-Match": ["é", '"', "W/*", "," * 500],
    "Accept": ["text/html", "image/png", "*/*;q=nonsense", ",", "application/json; indent=9999"],
    "X-Request-Id": ["é", "x" * 500, ""],
    "Authorization": ["Bearer", "Bearer é", "Basic Og==", "Bearer " + "x" * 9_000, "\xff"],
    "Content-Encoding": ["gzip", "é"],
    "Tus-Resumable": ["", "é", "1.0.0, 1.0.0", "1.0.0\t", "１.0.0"],
    "Upload-Length": [*NUMBERS, "", "é", "٣", "1, 2"],
    "Upload-Offset": [*NUMBERS, "", "é", "٣", "1, 2"],
    "Upload-Metadata": ["", ",", "é YQ==", "filename AA==", "filename /w==", "a b c", "x" * 8_000],
    "Upload-Checksum": ["", "sha1", "é YQ==", "sha1 é", "shake_128 YQ==", "sha1 " + "A" * 8_000],
    "X-HTTP-Method-Override": ["", "é", "PATCH", "BREW", "OPTIONS", "get"],
}
FORM = "multipart/form-data; boundary=x"
PARTS = [
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\x00"\r\n\r\nfoo\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\nfoo\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="\xff"\r\n\r\nfoo\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="filename"\r\n\r\n\x00\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="draft"\r\n\r\n{"to": \xff}\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="draft"\r\n\r\n[]\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="message"\r\n\r\n"\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--\r\n",
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
    b"Content-Type: \xff/\x01; charset=no\r\n\r\nfoo\r\n--x--\r\n",
    b"--x\r\n\r\n\r\n--x--\r\n",
    b"--y--\r\n",
    b"--x\r\nContent-Disposition: form-data",
]


@cache
def description() -> dict[str, Any]:
    from drf_spectacular.generators import SchemaGenerator

    found = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    assert isinstance(found, dict)
    return found


def operations(*, writing: bool) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            if not writing or "requestBody" in operation:
                yield method.upper(), path, operation


class Questioner:
    """Asks each question in the house as it was, and keeps the answers that are wrong."""

    def __init__(self, client: APIClient) -> None:
        self.client = client
        self.client.raise_request_exception = False
        self.wrong: list[str] = []

    def ask(self, method: str, path: str, **words: Any) -> None:
        with transaction.atomic():
            answer = self.client.generic(method, path, **words)
            blocks = b"".join(answer) if answer.streaming else answer.content
            transaction.set_rollback(True)
        question = f"{method} {path[:200]} {str(words)[:300]}"
        if answer.status_code >= 500:
            self.wrong.append(f"{answer.status_code}: {question}")
        elif answer.status_code >= 400 and answer["Content-Type"] != "text/html; charset=utf-8":
            body = json.loads(blocks) if answer["Content-Type"] == "application/json" else {}
            if not isinstance(body.get("error", {}).get("message"), str):
                self.wrong.append(f"not our shape: {question}: {blocks[:200]!r}")


@pytest.fixture
def house(alice: Person) -> House:
    return make_house(alice)


@pytest.fixture
def asked(alice: Person) -> Iterator[Questioner]:
    questioner = Questioner(alice.api)
    yield questioner
    assert questioner.wrong == []


def test_it_survives_odd_queries(asked: Questioner, house: House) -> None:
    for method, path, operation in operations(writing=False):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                for value in QUERIES:
                    query = f"{parameter['name']}={value}"
                    asked.ask(method, lead_to(path, house), QUERY_STRING=query)


def test_it_survives_odd_ids(asked: Questioner, house: House) -> None:
    for method, path, _ in operations(writing=False):
        for id in ["%00", "%FF", "é", "att_", "att_" + "z" * 26, "x" * 9_000, "%2F", "%0A", "."]:
            asked.ask(method, lead_to(path, dict.fromkeys(house, id)))


def test_it_survives_odd_values_in_every_field(asked: Questioner, house: House) -> None:
    for method, path, operation in operations(writing=True):
        for name in fields_of(operation):
            for value in [*VALUES, *map(json.dumps, TIMES)] if name.endswith("_at") else VALUES:
                body = f'{{"{name}": {value}}}'
                asked.ask(
                    method,
                    lead_to(path, house),
                    data=body.encode(),
                    content_type="application/json",
                )


def test_it_survives_odd_bodies(asked: Questioner, house: House) -> None:
    for method, path, _ in operations(writing=True):
        for body in BODIES:
            asked.ask(method, lead_to(path, house), data=body, content_type="application/json")
        for content_type in TYPES:
            asked.ask(method, lead_to(path, house), data=b"{}", content_type=content_type)
        for part in PARTS:
            asked.ask(method, lead_to(path, house), data=part, content_type=FORM)


def test_it_survives_odd_headers(asked: Questioner, house: House) -> None:
    for method, path, _ in operations(writing=False):
        for name, values in HEADERS.items():
            for value in values:
                words: dict[str, Any] = {} if method == "GET" else {"data": b"{}"}
                asked.ask(
                    method,
                    lead_to(path, house),
                    content_type="application/json",
                    headers={name: value},
                    **words,
                )


def fields_of(operation: dict[str, Any]) -> list[str]:
    """The fields of an operation's JSON body, in any of its shapes."""
    content = operation["requestBody"]["content"]
    shapes = [content["application/json"]["schema"]] if "application/json" in content else []
    found: dict[str, None] = {"": None}
    while shapes:
        shape = shapes.pop()
        if "$ref" in shape:
            shape = description()["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
        shapes += shape.get("oneOf", [])
        found |= dict.fromkeys(shape.get("properties", {}))
    return list(found)
