"""Files that come with drafts: in JSON, and in forms."""

from __future__ import annotations

import json

import pytest

from attachments.models import Attachment, Blob
from drafts.models import Draft
from messaging.models import Inbox
from project.contracts.nylas.limits import MAX_FORM_BYTES, MAX_JSON_BYTES, MAX_RAW_JSON_BYTES
from tests.contracts.nylas.wire import (
    ICS,
    JACOB,
    PNG,
    base64,
    data_of,
    digest,
    download,
    error_of,
    file_of,
    file_part,
    form_part,
    message_part,
    send_form,
    url_of,
)
from tests.people import Person

TOO_LARGE = "max size of attachments for json is 3MB, received '"


@pytest.fixture
def drafts(grant: Inbox) -> str:
    return url_of(grant, "drafts")


def lay_out(content: bytes, *, sep: str, length: int = 76) -> str:
    text = base64(content)
    return sep.join(text[start : start + length] for start in range(0, len(text), length))


# JSON -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1000, 200_000])
@pytest.mark.parametrize("sep", ["\r\n", "\n", "\r"])
def test_r46_line_ends_in_base64_are_nothing(alice: Person, grant, drafts, size, sep):
    content = bytes(n % 251 for n in range(size))
    file = {"filename": "a.bin", "content": lay_out(content, sep=sep)}
    draft = data_of(alice.api.post(drafts, {"attachments": [file]}))
    assert draft["attachments"][0]["size"] == size
    assert digest(download(alice.api, grant, draft)) == digest(content)


@pytest.mark.parametrize("size", [1000, 200_000])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:100] + " " + text[100:],
        lambda text: text[:100] + "\t" + text[100:],
        lambda text: text[:-1],
        lambda text: text.rstrip("=") + "=" * 7,
        lambda text: "data:image/png;base64," + text,
        lambda text: text.replace("+", "-").replace("/", "_"),
    ],
)
def test_r46_anything_else_is_no_base64(alice: Person, drafts, size, spoil):
    content = bytes(n % 251 for n in range(size))
    file = {"filename": "a.bin", "content": spoil(base64(content))}
    error = error_of(alice.api.post(drafts, {"attachments": [file]}), 400)
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith("attachments[0].content: This is not base64")
    assert not Attachment.objects.exists()


def test_r47_a_missing_type_is_guessed(alice: Person, drafts: str):
    files = [file_of(b"hello", "a.txt"), file_of(b"\x00\x01", "b"), file_of(b"x", 'c "d".csv')]
    draft = data_of(alice.api.post(drafts, {"attachments": files}))
    assert [one["content_type"] for one in draft["attachments"]] == [
        'text/plain; name="a.txt"',
        'application/octet-stream; name="b"',
        'text/csv; name="c \\"d\\".csv"',
    ]


def test_r30_the_type_stays_as_it_was_given(alice: Person, drafts: str):
    given = 'text/plain; charset=iso-8859-1; name="other.txt"'
    files = [
        file_of(b"x", "a.txt", content_type=given),
        file_of(b"x", "ä.txt", content_type='text/plain; name="ä.txt"'),
        file_of(b"x", "b.txt", content_type="text/plain; charset=utf-8"),
    ]
    draft = data_of(alice.api.post(drafts, {"attachments": files}))
    assert [one["content_type"] for one in draft["attachments"]] == [
        given,
        'text/plain; name="ä.txt"',
        'text/plain; charset=utf-8; name="b.txt"',
    ]


def test_r53_a_given_is_inline_wins(alice: Person, drafts: str):
    files = [
        file_of(PNG, "a.png", content_id="a", is_inline=False),
        file_of(PNG, "b.png", content_id="b", is_inline=True),
        file_of(PNG, "c.png", content_id="<c>"),
        file_of(PNG, "d.png", content_id="d"),
        file_of(PNG, "e.png", is_inline=True),
    ]
    body = '<img src="cid:a"><img src=\'CID:c\'><img src="cid:dd">'
    draft = data_of(alice.api.post(drafts, {"body": body, "attachments": files}))
    assert [one["is_inline"] for one in draft["attachments"]] == [False, True, True, False, True]
    assert [one["content_id"] for one in draft["attachments"][:4]] == ["a", "b", "c", "d"]
    after = data_of(alice.api.put(f"{drafts}/{draft['id']}", {"body": "none"}))
    assert [one["is_inline"] for one in after["attachments"]] == [False, True, False, False, True]


def test_r54_a_given_disposition_is_kept(alice: Person, drafts: str):
    files = [
        file_of(PNG, "a.png", content_disposition="inline"),
        file_of(PNG, "b.png", content_disposition='attachment; filename="x.png"'),
        file_of(PNG, 'c"\\.png'),
    ]
    draft = data_of(alice.api.post(drafts, {"attachments": files}))
    assert [one["content_disposition"] for one in draft["attachments"]] == [
        "inline",
        'attachment; filename="x.png"',
        'attachment; filename="c\\"\\\\.png"'.replace("\\\\.", ".")
        if draft["attachments"][2]["filename"] == 'c".png'
        else f'attachment; filename="{draft["attachments"][2]["filename"]}"',
    ]
    assert [one["is_inline"] for one in draft["attachments"]] == [False, False, False]


def test_r55_r56_two_of_one_name_and_one_of_no_bytes(alice: Person, grant, drafts):
    files = [file_of(b"one"), file_of(b"two"), file_of(b"", "empty.txt"), file_of(b"one")]
    draft = data_of(alice.api.post(drafts, {"attachments": files}))
    assert [one["filename"] for one in draft["attachments"]] == [
        *("a.txt", "a.txt", "empty.txt", "a.txt")
    ]
    assert [one["size"] for one in draft["attachments"]] == [3, 3, 0, 3]
    found = [download(alice.api, grant, draft, place) for place in range(4)]
    assert found == [b"one", b"two", b"", b"one"]


def test_r20_one_content_id_twice_keeps_both_files(alice: Person, grant, drafts):
    files = [file_of(b"1", "1.png", content_id="x"), file_of(b"2", "2.png", content_id="x")]
    draft = data_of(alice.api.post(drafts, {"attachments": files}))
    assert [one["content_id"] for one in draft["attachments"]] == ["x", "x"]
    assert [download(alice.api, grant, draft, place) for place in (0, 1)] == [b"1", b"2"]


def json_body(total: int, *, sizes: list[int], subject: str = "") -> tuple[str, int]:
    """A body that counts for `total` bytes, and how long it is: the subject fills it up."""
    files = [file_of(b"x" * size, f"{n}.bin") for n, size in enumerate(sizes)]

    bare = json.dumps({"body": "", "attachments": files})
    encoded = sum(-(-size // 3) * 4 for size in sizes)
    counted = len(bare) - encoded + sum(sizes)
    body = json.dumps({"body": "b" * (total - counted), "attachments": files})
    return body, len(body)


@pytest.mark.parametrize("sizes", [[MAX_JSON_BYTES - 1000], [1_500_000, 1_500_000], []])
def test_r6_r59_json_takes_exactly_3_mib(alice: Person, grant, drafts, sizes):
    body, length = json_body(MAX_JSON_BYTES, sizes=sizes)
    draft = data_of(alice.api.post(drafts, body, content_type="application/json"))
    assert [one["size"] for one in draft["attachments"]] == sizes
    assert length > 4_190_000 or len(sizes) != 1
    body, _ = json_body(MAX_JSON_BYTES + 1, sizes=sizes)
    error = error_of(alice.api.post(drafts, body, content_type="application/json"), 400)
    assert error == {
        "type": "invalid_request_error",
        "message": f"{TOO_LARGE}{MAX_JSON_BYTES + 1}'",
    }
    assert Draft.objects.count() == 1
    assert Attachment.objects.count() == len(sizes)


def test_r59_a_raw_body_beyond_the_cap_is_not_even_read(alice: Person, drafts: str):
    size = MAX_RAW_JSON_BYTES + 1
    body = b"{" + b" " * (size - 2) + b"}"
    error = error_of(alice.api.post(drafts, body, content_type="application/json"), 400)
    assert error["message"] == f"{TOO_LARGE}{size}'"
    body = b"{" + b" " * (size - 3) + b"}"
    error = error_of(alice.api.post(drafts, body, content_type="application/json"), 400)
    assert error["message"] == f"{TOO_LARGE}{size - 1}'"


@pytest.mark.parametrize(
    "text", ['{"subject": NaN}', '{"a": Infinity}', "{", "[]", '"x"', "[" * 99]
)
def test_r23_r28_what_is_no_json_object_is_refused(alice: Person, drafts: str, text):
    error = error_of(alice.api.post(drafts, text, content_type="application/json"), 400)
    assert error["type"] == "invalid_request_error"


# Forms ------------------------------------------------------------------------------------------


def test_r48_r50_a_form_as_the_python_library_sends_it(alice: Person, grant, drafts):
    """Three files, the second with a content id; the message part has an empty file name."""
    big = bytes(range(256)) * 12_300
    draft = data_of(
        send_form(
            alice.api,
            drafts,
            form_part(
                "message",
                b'{"subject": "H\\u00e9", "to": [{"email": "a@b.c", "name": "A"}], '
                b'"metadata": {"k": "v"}}',
                head='; filename=""',
                lines=["Content-Type: application/json"],
            ),
            file_part("file0", big, "big.bin"),
            file_part("mycid", b"hello world\n", "small.txt", "text/plain"),
            file_part("file2", PNG, "pic.png", 'image/png; name="x y.png"'),
        )
    )
    assert (draft["subject"], draft["to"]) == ("Hé", [{"email": "a@b.c", "name": "A"}])
    assert draft["metadata"] == {"k": "v"}
    assert [(f["filename"], f["content_id"], f["size"]) for f in draft["attachments"]] == [
        ("big.bin", "file0", len(big)),
        ("small.txt", "mycid", 12),
        ("pic.png", "file2", len(PNG)),
    ]
    assert draft["attachments"][2]["content_type"] == 'image/png; name="pic.png"'
    assert not any(one["is_inline"] for one in draft["attachments"])
    found = [digest(download(alice.api, grant, draft, place)) for place in range(3)]
    assert found == [digest(big), digest(b"hello world\n"), digest(PNG)]


def test_r15_r49_a_form_as_the_node_library_sends_it(alice: Person, grant, drafts):
    draft = data_of(
        send_form(
            alice.api,
            drafts,
            message_part({"subject": "Hé ✓", "body": '<img src="cid:mycid"><img src="cid:file2">'}),
            file_part("file0", ICS, "invite.ics"),
            file_part("mycid", b"PNG", "pïc %22x%22.png", "image/png"),
            file_part("file2", b"hello", "b64.txt", "text/plain"),
        )
    )
    assert draft["subject"] == "Hé ✓"
    assert [one["filename"] for one in draft["attachments"]] == [
        *("invite.ics", 'pïc "x".png', "b64.txt")
    ]
    assert [one["is_inline"] for one in draft["attachments"]] == [False, True, True]


def test_r20_a_field_name_twice_keeps_both_files(alice: Person, grant, drafts):
    draft = data_of(
        send_form(
            alice.api,
            drafts,
            message_part({"body": '<img src="cid:x">'}),
            file_part("x", b"first", "1.png"),
            file_part("x", b"second", "2.png"),
        )
    )
    assert [one["content_id"] for one in draft["attachments"]] == ["x", "x"]
    assert [download(alice.api, grant, draft, place) for place in (0, 1)] == [b"first", b"second"]
    put = {"to": [JACOB]}
    after = data_of(alice.api.put(f"{drafts}/{draft['id']}", put))
    assert after["attachments"] == draft["attachments"]
    assert data_of(alice.api.post(f"{drafts}/{draft['id']}"))["attachments"] == draft["attachments"]


@pytest.mark.parametrize("name", ["a b", "x+y@z", "message", "ü", "x" * 300])
def test_r50_any_field_name_is_a_content_id(alice: Person, grant, drafts, name):
    draft = data_of(
        send_form(alice.api, drafts, message_part({"to": [JACOB]}), file_part(name, PNG, "a.png"))
    )
    assert draft["attachments"][0]["content_id"] == name
    assert download(alice.api, grant, draft) == PNG
    sent = data_of(alice.api.post(f"{drafts}/{draft['id']}"))
    assert sent["attachments"][0]["content_id"] == name


def test_r48_the_message_part_may_be_called_draft(alice: Person, drafts: str):
    draft = data_of(send_form(alice.api, drafts, message_part({"subject": "s"}, name="draft")))
    assert draft["subject"] == "s"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([file_part("file0", b"x", "a.txt")], "The message parameter is required."),
        ([message_part("[]")], "message: This must be a JSON object."),
        ([message_part("{")], "message: This is not JSON: "),
        ([message_part("{}"), form_part("file0", b"x")], "file0: A file needs a name."),
        (
            [message_part("{}"), form_part("file0", b"x", head='; filename=""')],
            "file0: A file needs a name.",
        ),
        (
            [message_part("{}"), file_part("file0", b"x", "a.txt", "nonsense")],
            "attachments[0].content_type: A content type looks like text/plain.",
        ),
        (
            [message_part({"to": "x"}), file_part("file0", b"x", "a.txt")],
            "to: ",
        ),
    ],
)
def test_r48_r60_a_bad_form_leaves_nothing(alice: Person, drafts: str, parts, message):
    error = error_of(send_form(alice.api, drafts, *parts), 400)
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith(message)
    assert not Draft.objects.exists()
    assert not Attachment.objects.exists()


def test_r7_a_long_message_part_is_read(alice: Person, drafts: str):
    body = "<p>" + "x" * 5_000_000
    draft = data_of(send_form(alice.api, drafts, message_part({"body": body})))
    assert draft["body"] == body
    assert draft["snippet"] == "x" * 100
    assert draft["attachments"] == []


def test_r60_a_form_takes_exactly_25_mib(alice: Person, grant, drafts):
    body = "b" * 1000
    half = (MAX_FORM_BYTES - len(body)) // 2
    one, two = b"\0" * half, b"\1" * (MAX_FORM_BYTES - len(body) - half)
    message = message_part({"body": body})
    draft = data_of(
        send_form(
            *(alice.api, drafts, message),
            file_part("a", one, "1.bin"),
            file_part("b", two, "2.bin"),
        )
    )
    assert digest(download(alice.api, grant, draft, 1)) == digest(two)
    response = send_form(
        *(alice.api, drafts, message),
        file_part("a", one, "1.bin"),
        file_part("b", two + b"x", "2.bin"),
    )
    error = error_of(response, 413)
    assert error == {
        "type": "invalid_request_error",
        "message": "The message would have 26,214,401 bytes; at most 26,214,400 are allowed.",
    }
    assert (Draft.objects.count(), Attachment.objects.count(), Blob.objects.count()) == (1, 2, 2)


def test_r60_one_file_beyond_25_mib_is_a_413(alice: Person, drafts: str):
    content = b"\0" * (27 * 1024 * 1024)
    response = send_form(alice.api, drafts, message_part("{}"), file_part("a", content, "1.bin"))
    error = error_of(response, 413)
    assert error["type"] == "invalid_request_error"
    assert "28,311,552" in error["message"]
    assert not Blob.objects.exists()


def test_r60_a_hundred_files_and_not_one_more(alice: Person, drafts: str):
    files = [file_of(b"x", f"{n}.txt") for n in range(100)]
    assert len(data_of(alice.api.post(drafts, {"attachments": files}))["attachments"]) == 100
    error = error_of(alice.api.post(drafts, {"attachments": [*files, files[0]]}), 400)
    assert error["message"] == "attachments: 101 files; at most 100 are allowed."
