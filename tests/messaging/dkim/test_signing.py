"""Signatures, judged by a library that did not make them."""

from __future__ import annotations

import base64
import random
import tracemalloc
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dkim.canonicalization import CanonicalizationPolicy
from hypothesis import given
from hypothesis import strategies as st

from messaging.addresses import Address
from messaging.dkim.signing import Signer, Unsigned, body_of, digest_of_body, signature_of
from messaging.letter import Letter
from messaging.mime.writer import MimeWriter, Part

AT = datetime(2026, 11, 28, 8, tzinfo=UTC)
KEY = generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
SIGNER = Signer("sender.example", "s1", PEM)
HEAD = b"From: a@sender.example\r\nTo: b@example.com\r\nSubject: Hello\r\n\r\n"


def record(name: bytes, timeout: int = 5) -> bytes | None:
    """What DNS says of the key, and of nothing else."""
    text = b"v=DKIM1; k=rsa; p=" + base64.b64encode(PUBLIC)
    return text if name == b"s1._domainkey.sender.example." else None


def is_signed(raw: bytes) -> bool:
    return bool(dkim.verify(raw, dnsfunc=record))


def mail_with(content: bytes, **fields: object) -> MimeWriter:
    letter = Letter(
        sender=Address("a@sender.example", "Ünal"),
        to=(Address("b@example.com"),),
        subject="Grüße, " * 20,
        text="Please see  the file. \n\tA tab.\n\n\n",
        html="<p>x</p>",
        **fields,  # type: ignore[arg-type]
    )
    part = Part("a.bin", "application/octet-stream", len(content), lambda: BytesIO(content))
    return MimeWriter(letter, [part], message_id="<1@sender.example>", date=AT, seed=b"seed")


def sign(mail: MimeWriter, read: MimeWriter) -> MimeWriter:
    return mail.under(signature_of(mail.head, body_of(read), signer=SIGNER, at=AT))


def signed(content: bytes = b"hello", **fields: object) -> bytes:
    done = sign(mail_with(content, **fields), mail_with(content, **fields))
    raw = b"".join(done.blocks())
    assert done.size == len(raw)
    return raw


LINES = st.lists(st.sampled_from([b"\r\n", b" ", b"\t", b"a", b"b  c", b"\r\n.\r\n"]), max_size=30)


@given(LINES, st.randoms(use_true_random=False))
def test_a_body_in_blocks_has_the_digest_of_the_whole(words: list[bytes], chance: random.Random):
    body = b"".join([*words, b"\r\n"])
    cuts = sorted(chance.randint(0, len(body)) for _ in range(4))
    blocks = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    whole = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed").canonicalize_body(body)
    assert digest_of_body(blocks) == sha256(whole).digest()


def test_it_holds_for_every_byte_of_the_mail():
    raw = signed(random.Random(1).randbytes(1000))
    assert is_signed(raw)
    start = raw.index(b"Message-ID:")
    for place in range(start, len(raw), 37):
        if raw[place : place + 1].isalnum():
            changed = raw[:place] + b"_" + raw[place + 1 :]
            assert not is_signed(changed), changed[place - 20 : place + 20]


@pytest.mark.parametrize(
    "field",
    [
        b"From: Eve <eve@sender.example>",
        b"To: eve@example.com",
        b"Cc: eve@example.com",
        b"Reply-To: eve@example.com",
        b"Sender: eve@example.com",
        b"Subject: Pay at once",
        b"Date: Sat, 28 Nov 2026 09:00:00 +0000",
        b"Message-ID: <2@sender.example>",
        b"In-Reply-To: <2@sender.example>",
        b"References: <2@sender.example>",
        b"MIME-Version: 1.0",
        b"Content-Type: text/html",
        b"Content-Transfer-Encoding: base64",
    ],
)
def test_nobody_can_add_what_would_be_shown(field: bytes):
    raw = signed()
    assert not is_signed(field + b"\r\n" + raw)
    assert not is_signed(raw.replace(b"Message-ID:", field + b"\r\nMessage-ID:", 1))


def test_what_servers_and_lists_do_on_the_way_does_not_break_it():
    raw = signed()
    assert is_signed(b"Received: from a by b; Sat, 28 Nov 2026 09:00:00 +0000\r\n" + raw)
    assert is_signed(b"X-Spam-Score: 0\r\nList-Id: <l.example.com>\r\n" + raw)
    assert is_signed(raw.replace(b"MIME-Version: 1.0", b"MIME-Version:\t1.0 ") + b"\r\n\r\n")


def test_the_address_to_unsubscribe_at_is_signed():
    headers = {"List-Unsubscribe": "<https://sender.example/u>", "X-Other": "1"}
    raw = signed(headers=headers)
    assert is_signed(raw)
    assert not is_signed(raw.replace(b"sender.example/u", b"sender.example/x"))
    assert is_signed(raw.replace(b"X-Other: 1", b"X-Other: 2"))


def test_it_is_the_same_at_every_try_and_says_nothing_of_a_length():
    raw = signed()
    assert raw == signed()
    field = raw.partition(b"Message-ID:")[0]
    assert field.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;")
    assert b" l=" not in field and b"d=sender.example;" in field
    assert f"t={int(AT.timestamp())};".encode() in field
    assert max(map(len, field.split(b"\r\n"))) <= 78


def test_the_files_in_it_are_as_they_were():
    content = random.Random(2).randbytes(100_000)
    assert base64.encodebytes(content).replace(b"\n", b"\r\n") in signed(content)


def test_an_empty_body_can_be_signed():
    raw = signature_of(HEAD, [], signer=SIGNER, at=AT) + HEAD
    assert is_signed(raw) and not is_signed(raw + b"x\r\n")


@pytest.mark.parametrize("pem", ["", "nonsense", PEM[:200]])
def test_without_a_key_nothing_is_signed(pem: str):
    broken = Signer("sender.example", "s1", pem)
    with pytest.raises(Unsigned, match="private key s1 of sender.example cannot be read"):
        signature_of(HEAD, [b"x\r\n"], signer=broken, at=AT)


def test_a_large_mail_takes_little_memory():
    size = 28 * 1024 * 1024
    block = random.Random(3).randbytes(1024 * 1024)

    class Large(BytesIO):
        left = size

        def read(self, count: int | None = -1) -> bytes:
            count = min(count or 0, self.left, len(block))
            self.left -= count
            return block[:count]

    part = Part("a.bin", "application/octet-stream", size, Large)
    letter = Letter(sender=Address("a@sender.example"), to=(Address("b@example.com"),), text="x")
    mail = MimeWriter(letter, [part], message_id="<1@sender.example>", date=AT, seed=b"seed")
    sign(mail, mail_with(b""))  # what is made once
    tracemalloc.start()
    done = sign(mail, mail)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.size > size and peak < 4 * 1024 * 1024
