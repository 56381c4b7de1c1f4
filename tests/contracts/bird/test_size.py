"""How large a message, and a batch, may be."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from attachments.models import Blob
from messaging.models import Inbox, Message
from tests.contracts.bird.wire import BATCHES, MESSAGES, error_of, file, letter, post, send
from tests.people import Person

pytestmark = pytest.mark.django_db

LIMIT = 20_971_520
MIB = 1024 * 1024


def nothing_is_kept() -> bool:
    return not Message.objects.exists() and not Blob.objects.exists()


def test_r14_r16_fifteen_mib_fit_to_the_byte(alice: Person, inbox: Inbox) -> None:
    raw = b"\xf0" * (15 * MIB)
    assert len(b64encode(raw)) == LIMIT
    error = error_of(post(alice.api, file(raw, "a.bin")), 413)  # with its HTML it is over
    assert (error["type"], error["name"]) == ("payload_too_large_error", "PayloadTooLarge")
    html = "h" * 4
    message = send(alice.api, file(raw[:-3], "a.bin"), html=html)
    assert message["attachments"][0]["size"] == 15 * MIB - 3


@pytest.mark.parametrize("over", [0, 1])
def test_r14_r15_the_estimate_is_exact(over: int, alice: Person, inbox: Inbox) -> None:
    files = [file(bytes([n]) * (2 * MIB + n), f"{n}.bin") for n in range(7)]
    encoded = sum(len(b64encode(bytes(2 * MIB + n))) for n in range(7))
    left = LIMIT - encoded - 400_000 - 2 * 250_000
    text, html = "t" * 400_000, "\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 250_000
    last = file(b"z" * (left // 4 * 3), "last.bin")
    rest = left - left // 4 * 4
    text += "t" * (rest + over)
    answer = post(alice.api, *files, last, text=text, html=html)
    if not over:
        assert answer.status_code == 202, answer.content
        return
    error = error_of(answer, 413)
    assert "20,971,521 bytes" in error["message"] and "20,971,520" in error["message"]
    assert "param" not in error and "details" not in error
    assert nothing_is_kept()


def test_r14_a_file_over_the_whole_budget(alice: Person, inbox: Inbox) -> None:
    error = error_of(post(alice.api, file(b"x" * (21 * MIB), "a.bin")), 413)
    assert f"{28 * MIB + len('<p>Attached.</p>'):,} bytes" in error["message"]
    assert nothing_is_kept()


def test_r14_a_body_far_over_it_is_refused_before_it_is_read(alice: Person, inbox: Inbox) -> None:
    answer = alice.api.generic(
        "POST", MESSAGES, b"{", content_type="application/json", CONTENT_LENGTH=40 * MIB + 1
    )
    error = error_of(answer, 413)
    assert str(40 * MIB + 1) in error["message"]


def test_r20_an_item_has_the_limit_of_a_message(alice: Person, inbox: Inbox) -> None:
    # A body within its cap holds such an item only if it grows: by its parameters.
    heavy = letter(
        file(b"x" * (14 * MIB), "a.bin"),
        text="{{ x }}" * 130,
        parameters={"x": "\N{GRINNING FACE}" * 4000},
    )
    error = error_of(alice.api.post(BATCHES, {"messages": [letter(), heavy]}), 413)
    assert error["param"] == "messages[1]"
    assert "20,971,520" in error["message"]
    assert nothing_is_kept()


def batch_of(size: int) -> bytes:
    """A batch whose JSON has so many bytes, in messages each of which is small enough."""
    files = [file(bytes([n]) * MIB, f"{n}.bin") for n in range(14)]
    body: dict[str, Any] = {"messages": [letter(one) for one in files]}
    body["messages"].append(letter(padding=""))
    empty = len(json.dumps(body).encode())
    body["messages"][-1]["padding"] = "p" * (size - empty)
    text = json.dumps(body).encode()
    assert len(text) == size
    return text


def test_r21_the_json_of_a_batch_has_at_most_20_mb(alice: Person, inbox: Inbox) -> None:
    over = alice.api.generic("POST", BATCHES, batch_of(LIMIT + 1), content_type="application/json")
    error = error_of(over, 413)
    assert error["type"] == "payload_too_large_error"
    assert "20971521" in error["message"] and "20971520" in error["message"]
    assert nothing_is_kept()
    full = alice.api.generic("POST", BATCHES, batch_of(LIMIT), content_type="application/json")
    assert full.status_code == 202, full.content
    assert Message.objects.count() == 15


def test_r21_it_is_refused_before_parsing(alice: Person, inbox: Inbox) -> None:
    answer = alice.api.generic(
        "POST", BATCHES, b"{nonsense", content_type="application/json", CONTENT_LENGTH=LIMIT + 1
    )
    assert error_of(answer, 413)["code"] == "E90413"
