"""Bodies: JSON with and without files in it, forms, and their limits."""

import contextlib
import io
import json
import os
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given, settings
from hypothesis import strategies as st

from project.api.bodies import LONG, Content, decode_json, read_json, take_content
from project.api.bodies import MalformedJson as Malformed
from project.errors import Invalid
from tests.people import Person
from tests.project.api.sample import TestSink
from tests.project.api.test_errors import error_in

pytestmark = pytest.mark.urls("tests.project.api.sample")

PATH = "/api/v1/files"
JSON = "application/json"
LARGE = os.urandom(300_000)


class Trickle:
    """A stream that gives a few bytes at a time."""

    def __init__(self, body: bytes, step: int) -> None:
        self.stream, self.step = io.BytesIO(body), step

    def read(self, size: int, /) -> bytes:
        return self.stream.read(min(size, self.step))


def parse(body: bytes, *, step: int = 262_144) -> Any:
    return read_json(Trickle(body, step), keys=frozenset({"content"}), open=TestSink)


def content_of(found: Any) -> bytes:
    assert isinstance(found, Content) and not found.broken
    assert isinstance(found.sink, TestSink)
    found.sink.file.seek(0)
    return found.sink.file.read()


# Over the wire ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1000, 49_151, 49_152, 49_153, 300_000])
def test_it_takes_a_file_in_base64(alice: Person, size: int) -> None:
    file = LARGE[:size]
    body = {"filename": "a", "content": b64encode(file).decode()}
    answer = alice.api.post(PATH, body)
    assert answer.json()["sha256"] == sha256(file).hexdigest()
    assert answer.json()["rest"] == {"filename": "str"}


@pytest.mark.parametrize("size", [10, 300_000])
@pytest.mark.parametrize("spoil", ["!", "=", " ", "\\n", "data:;base64,", "A", "é", '\\"'])
def test_it_refuses_what_is_no_base64(alice: Person, size: int, spoil: str) -> None:
    text = b64encode(LARGE[: size // 3 * 3]).decode()
    body = f'{{"filename": "a", "content": "{text[:8]}{spoil}{text[8:]}"}}'
    answer = alice.api.post(PATH, body.encode(), content_type=JSON)
    assert error_in(answer, 400)["code"] in ("invalid_base64", "malformed_json")


@pytest.mark.parametrize("content", [None, 5, [], {}])
def test_it_refuses_content_that_is_no_string(alice: Person, content: Any) -> None:
    answer = alice.api.post(PATH, {"content": content})
    assert error_in(answer, 400)["field"] == "content"


def test_it_closes_every_sink_after_the_answer(alice: Person) -> None:
    TestSink.closed.clear()
    TestSink.made = 0
    text = b64encode(LARGE).decode()
    body = {"content": text, "other": {"content": text}}
    assert alice.api.post(PATH, body).status_code == 201
    alice.api.post(PATH, {"content": "AAAA"})
    alice.api.post(PATH, {"content": text + "!"})
    assert len(TestSink.closed) == TestSink.made == 4


def test_it_takes_a_form(alice: Person) -> None:
    form = {"file": SimpleUploadedFile("a.txt", LARGE)}
    answer = alice.api.post(PATH, form, format="multipart")
    assert answer.json()["sha256"] == sha256(LARGE).hexdigest()


def test_it_gives_form_files_to_the_views_own_handlers(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.files.uploadhandler import MemoryFileUploadHandler

    from tests.project.api.sample import Files

    asked = []

    def upload_handlers(self: Files, request: Any) -> list[Any]:
        asked.append(request)
        return [MemoryFileUploadHandler(request)]

    monkeypatch.setattr(Files, "upload_handlers", upload_handlers, raising=False)
    form = {"file": SimpleUploadedFile("a.txt", b"small")}
    answer = alice.api.post(PATH, form, format="multipart")
    assert answer.json()["sha256"] == sha256(b"small").hexdigest()
    assert len(asked) == 1


def test_it_refuses_a_broken_form(alice: Person) -> None:
    answer = alice.api.post(PATH, b"--x\r\n", content_type="multipart/form-data")
    error_in(answer, 400)


@pytest.mark.parametrize(
    "body",
    [b"{", b"{]", b'{"a":1}x', b'"\xff"', b"NaN", b"{'a':1}", b'{"a":"\\ud800"}', b"[" * 200_000,
     b'{"a":' * 100 + b"1" + b"}" * 100],
)  # fmt: skip
@pytest.mark.parametrize("path", [PATH, "/api/v1/domains"])
def test_it_refuses_malformed_json(alice: Person, body: bytes, path: str) -> None:
    error = error_in(alice.api.post(path, body, content_type=JSON), 400)
    assert error["code"] == "malformed_json"


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"true"])
def test_it_refuses_json_that_is_no_object(alice: Person, body: bytes) -> None:
    error = error_in(alice.api.post("/api/v1/domains", body, content_type=JSON), 400)
    assert error["code"] == "invalid_request"


def test_it_tells_the_limit_and_the_size_of_what_is_too_large(alice: Person) -> None:
    size = 40 * 1024 * 1024 + 1
    answer = alice.api.post("/api/v1/domains", b" " * size, content_type=JSON)
    error = error_in(answer, 413)
    assert (error["code"], error["limit"], error["actual"]) == (
        "body_too_large", 40 * 1024 * 1024, size,
    )  # fmt: skip


def test_it_takes_any_type_where_the_view_says_so(alice: Person) -> None:
    answer = alice.api.post("/api/v1/raw", b"x" * 100_000, content_type="message/rfc822")
    assert answer.json() == {"size": 100_000}


# The scanner ------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1000, 4097, 65_536, 262_144])
def test_it_finds_files_wherever_they_are(step: int) -> None:
    first, second = LARGE[:200_000], LARGE[:70_001]
    body = {
        "html": 'say \\"content\\":\\"' + "x" * 100_000,
        "attachments": [
            {"filename": "a", "content": b64encode(first).decode()},
            {"content": b64encode(second).decode(), "filename": "ünï"},
            {"content": b64encode(b"short").decode()},
        ],
        "text": "content",
    }
    found = parse(json.dumps(body, indent=3).encode(), step=step)
    assert content_of(found["attachments"][0]["content"]) == first
    assert content_of(found["attachments"][1]["content"]) == second
    assert found["attachments"][2]["content"] == b64encode(b"short").decode()
    assert found["attachments"][1]["filename"] == "ünï"
    assert found["html"] == body["html"] and found["text"] == "content"


@pytest.mark.parametrize("step", [997, 262_144])
@pytest.mark.parametrize(("plain", "escape"), [("/", "\\/"), ("+", "\\u002B"), ("A", "\\u0041")])
def test_it_undoes_the_escapes_of_php_and_dotnet(step: int, plain: str, escape: str) -> None:
    text = b64encode(LARGE).decode().replace(plain, escape)
    found = parse(f'{{"content":"{text}"}}'.encode(), step=step)
    assert content_of(found["content"]) == LARGE


def test_it_takes_no_string_for_a_key() -> None:
    trap = json.dumps({"a": ',"content":"' + "A" * 100_000, "b": ["content", "A" * 100_000]})
    assert parse(trap.encode()) == json.loads(trap)


def test_it_cannot_be_fooled_by_a_mark() -> None:
    text = b64encode(LARGE).decode()
    body = {"content": text, "a": "content-0", "b": "content-" + "0" * 32 + "-0"}
    found = parse(json.dumps(body).encode())
    assert (found["a"], found["b"]) == (body["a"], body["b"])


def test_it_reports_a_body_that_ends_in_a_file() -> None:
    with pytest.raises(Malformed):
        parse(b'{"content":"' + b"A" * 200_000)


def test_padding_ends_the_file() -> None:
    text = b"AAA=" + b"A" * (LONG * 8)
    found = parse(b'{"content":"' + text + b'"}', step=4096)
    assert found["content"].broken


@settings(max_examples=40)
@given(
    file=st.binary(max_size=50),
    repeat=st.integers(0, 4000),
    step=st.integers(100, 70_000),
    space=st.sampled_from(["", " ", "\n\t "]),
    before=st.text(max_size=20),
)
def test_it_reads_what_json_reads(
    file: bytes, repeat: int, step: int, space: str, before: str
) -> None:
    whole = file * repeat
    inner = json.dumps({"before": before})[:-1]
    body = f'[{inner},{space}"content"{space}:{space}"{b64encode(whole).decode()}"{space}}}]'
    entry = parse(body.encode(), step=step)[0]
    assert entry["before"] == before
    sink = take_content(entry, open=TestSink)
    assert isinstance(sink, TestSink)
    assert sink.digest.digest() == sha256(whole).digest()


@settings(max_examples=100)
@given(body=st.binary(max_size=60))
def test_it_never_does_worse_than_refuse(body: bytes) -> None:
    for text in (body, b'{"content":"' + b"A" * LONG + body):
        with contextlib.suppress(Invalid):
            parse(text, step=LONG + 20)


def test_it_bounds_the_depth() -> None:
    assert decode_json("[" * 64 + "]" * 64)
    with pytest.raises(Malformed):
        decode_json("[" * 65 + "]" * 65)
    assert decode_json("[" + "[]," * 500 + "[]]")
