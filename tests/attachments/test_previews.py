from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from django.utils import timezone
from PIL import Image

from attachments import previews
from attachments.drawing import MAX_CPU, MAX_MEMORY
from attachments.models import Attachment, Blob, Preview
from attachments.previews import make_preview, preview_key
from attachments.retention import delete_attachment, sweep_blobs
from attachments.storage import attachment_storage
from project.ids import spell
from tests.messaging.make import letter_to, make_file, make_inbox, make_message
from tests.people import Person
from tests.quality.command import ROOT


def image(size: tuple[int, int] = (900, 600), form: str = "PNG", **how: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, form, **how)
    return out.getvalue()


def pdf(pages: int = 1, size: tuple[float, float] = (595, 842)) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(*size)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def png(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and has a few bytes of it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def bomb() -> bytes:
    """A GIF of a few bytes that is a picture of 20,000 × 20,000."""
    return b"GIF89a" + struct.pack("<HHBBB", 20_000, 20_000, 0x80, 0, 0) + bytes(6) + (
        b"\x2c" + struct.pack("<HHHHB", 0, 0, 20_000, 20_000, 0) + b"\x02\x02\x4c\x01\x00\x3b"
    )  # fmt: skip


def tiff(side: int) -> bytes:
    """A TIFF that says it is so large, in one tile of that size, and has a few bytes of it."""
    kinds = {256: side, 257: side, 258: 8, 259: 8, 262: 1, 277: 1}
    fields = {**kinds, 322: side, 323: side, 324: 200, 325: 1_000}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields.items())
    head = b"II*\0" + struct.pack("<IH", 8, len(fields)) + entries + bytes(4)
    return head.ljust(200, b"\0") + zlib.compress(bytes(1_000_000))


def drawn(person: Person, content: bytes, filename: str = "a.png") -> tuple[Attachment, Preview]:
    file = make_file(person.workspace, content, filename=filename)
    assert file.blob_id
    make_preview(file.blob_id)
    return file, Preview.objects.get(blob=file.blob_id)


def picture_of(file: Attachment) -> Image.Image:
    assert file.blob
    with attachment_storage().open(preview_key(file.blob)) as stored:
        return Image.open(io.BytesIO(stored.read()))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_picture_is_drawn_small(alice: Person, form: str) -> None:
    file, preview = drawn(alice, image(form=form), f"a.{form.lower()}")
    assert (preview.state, preview.width, preview.height) == ("made", 512, 341)
    found = picture_of(file)
    assert (found.format, found.size) == ("WEBP", (512, 341))


def test_the_first_page_of_a_pdf_is_drawn(alice: Person) -> None:
    file, preview = drawn(alice, pdf(3), "a.pdf")
    assert (preview.state, preview.height) == ("made", 512)
    assert 360 <= picture_of(file).width <= 363


def test_it_stands_upright_and_says_nothing_of_who_took_it(alice: Person) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera that tells"
    file, preview = drawn(alice, image(form="JPEG", exif=exif), "a.jpg")
    assert (preview.width, preview.height) == (341, 512)
    assert not picture_of(file).getexif()


def test_sixteen_bits_of_grey_stay_grey(alice: Person) -> None:
    out = io.BytesIO()
    Image.new("I;16", (90, 60), 128 * 256).save(out, "PNG")
    file, _ = drawn(alice, out.getvalue())
    grey = picture_of(file).convert("L").getpixel((45, 30))
    assert isinstance(grey, int) and 120 <= grey <= 136


def test_a_photograph_of_a_hundred_megapixels_is_drawn(alice: Person) -> None:
    out = io.BytesIO()
    Image.new("L", (12_000, 9_000)).save(out, "JPEG")
    _, preview = drawn(alice, out.getvalue(), "a.jpg")
    assert (preview.state, preview.width, preview.height) == ("made", 512, 384)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "30,000 × 30,000": lambda: png(30_000, 30_000),
    "a bomb": bomb,
    "a bomb of TIFF": lambda: tiff(60_000),
    "a tile that is cut off": lambda: tiff(7_008),
    "cut off": lambda: image()[:200],
    "no picture": lambda: b"GIF89a\x01\0\x01\0" + b"\xff" * 100,
    "a broken PDF": lambda: b"%PDF-1.7\n" + b"1 0 obj <</Type /Catalog>> endobj\n" * 10,
    "a PDF that is one line": lambda: pdf(size=(14_000, 0.5)),
    "a PDF without end": lambda: pdf(size=(1e9, 1e9)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_drawn_is_tried_once_and_says_why(
    alice: Person, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, preview = drawn(alice, HOSTILE[name](), "a.bin")
    assert preview.state == "none" and preview.reason.startswith("It")
    assert file.blob and not attachment_storage().exists(preview_key(file.blob))
    monkeypatch.setattr(previews, "_draw", lambda blob: pytest.fail("drawn again"))
    make_preview(file.blob.pk)


def test_too_many_pixels_are_not_even_read(alice: Person) -> None:
    _, preview = drawn(alice, png(9_000, 9_000))
    assert preview.reason == "It has 9000×9000 pixels."


def test_ten_thousand_pages_cost_no_more_than_one(alice: Person) -> None:
    _, preview = drawn(alice, pdf(10_000), "a.pdf")
    assert preview.state == "made"


def test_an_svg_is_never_let_near_a_parser(alice: Person) -> None:
    file = make_file(alice.workspace, b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert file.blob_id
    make_preview(file.blob_id)
    assert not Preview.objects.exists()
    answer = alice.api.get(f"/api/v1/attachments/{spell('att', file.pk)}/preview")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_preview")


#: what a child does -> its program, and what is said of it
GREED = {
    "memory": (
        "import attachments.drawing as d; d.draw = lambda *_: bytearray(2 << 30)\n"
        "import sys; sys.exit(d.main())",
        "MemoryError",
    ),
    "time": (
        """
import attachments.drawing as d
def spin(*_):
    while True: pass
d.MAX_CPU, d.draw = 1, spin
d.main()
""",
        "takes more than",
    ),
    "a crash": (
        "import attachments.drawing as d, os; d.draw = lambda *_: os.abort(); d.main()",
        "takes more than",
    ),
}


@pytest.mark.parametrize("name", GREED)
def test_the_system_ends_what_takes_too_much(
    alice: Person, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, said = GREED[name]
    run_instead(monkeypatch, program)
    _, preview = drawn(alice, image())
    assert preview.state == "none" and said in preview.reason


def run_instead(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Have this Python run where a file would be drawn."""
    real = subprocess.run

    def run(command: Any, **words: Any) -> Any:
        return real([sys.executable, "-c", program, "image"], **words)

    monkeypatch.setattr(subprocess, "run", run)


def test_a_child_does_not_go_with_the_group_of_its_worker(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_instead(monkeypatch, "import os, sys; sys.exit(str(os.getpgrp()))")
    _, preview = drawn(alice, image())
    assert int(preview.reason) != os.getpgrp()


def test_only_its_own_words_are_the_reason(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "import sys; print('ZIPDecode: no', file=sys.stderr); sys.stderr.write('It is torn.')"
    run_instead(monkeypatch, f"{said}; sys.exit(1)")
    _, preview = drawn(alice, image())
    assert preview.reason == "It is torn."


def test_a_child_that_sleeps_is_not_waited_for(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.run
    monkeypatch.setattr(previews, "PATIENCE", 0.2)
    monkeypatch.setattr(subprocess, "run", lambda _, **words: real(["sleep", "60"], **words))
    _, preview = drawn(alice, image())
    assert "within" in preview.reason


GREAT: dict[str, Callable[[], bytes]] = {
    "49 megapixels": lambda: image((7_000, 7_000), "JPEG"),
    "49 megapixels of PNG": lambda: image((7_000, 7_000)),
    "49 megapixels of WebP": lambda: image((7_000, 7_000), "WEBP"),
    **HOSTILE,
}


#: its own peak: what the system tells a parent begins with what the parent has
MEASURED = """
import re, sys, time
from pathlib import Path
from attachments.drawing import main
main()
peak = re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]
sys.stderr.write(f" {peak} {time.process_time()}")
"""


@pytest.mark.parametrize("name", GREAT)
def test_no_child_grows_past_its_cap(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(GREAT[name]())
    command = [sys.executable, "-c", MEASURED, "pdf" if "PDF" in name else "image"]
    with path.open("rb") as file:
        done = subprocess.run(command, stdin=file, capture_output=True, cwd=ROOT, timeout=60)
    peak, seconds = done.stderr.split()[-2:]
    assert int(peak) * 1024 < MAX_MEMORY
    assert float(seconds) < MAX_CPU < previews.PATIENCE


def test_it_goes_with_the_bytes(alice: Person) -> None:
    file, _ = drawn(alice, image())
    key = preview_key(Blob.objects.get())
    assert attachment_storage().exists(key)
    delete_attachment(attachment=file)
    sweep_blobs(at=timezone.now() + timedelta(hours=2))
    assert not Blob.objects.exists() and not Preview.objects.exists()
    assert not attachment_storage().exists(key)


def test_bytes_that_go_while_it_is_drawn_leave_nothing_behind(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_file(alice.workspace, image())
    blob = Blob.objects.get()
    real = previews._draw

    def slowly(blob: Blob) -> previews.Drawn:
        made = real(blob)
        delete_attachment(attachment=file)
        sweep_blobs(at=timezone.now() + timedelta(hours=2))
        return made

    monkeypatch.setattr(previews, "_draw", slowly)
    make_preview(blob.pk)
    assert not Preview.objects.exists()
    assert not attachment_storage().exists(preview_key(blob))


# The door ---------------------------------------------------------------------------------------


def test_it_is_made_when_somebody_wants_to_see_it(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("attachments.previewing.make_preview.delay", asked.append)
    file = make_file(alice.workspace, image())
    url = f"/api/v1/attachments/{spell('att', file.pk)}/preview"
    for _ in range(2):
        answer = alice.api.get(url)
        assert (answer.status_code, answer["Retry-After"]) == (202, "1")
    assert file.blob and asked == [file.blob.pk.hex]
    make_preview(file.blob.pk)
    answer = alice.api.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(b"".join(answer))).size == (512, 341)
    assert answer["X-Content-Type-Options"] == "nosniff"
    again = alice.api.get(url, headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert alice.api.head(url)["Content-Length"] == answer["Content-Length"]


def test_a_picture_that_was_lost_is_made_anew(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("attachments.previewing.make_preview.delay", asked.append)
    file, _ = drawn(alice, image())
    assert file.blob
    attachment_storage().delete(preview_key(file.blob))
    url = f"/api/v1/attachments/{spell('att', file.pk)}/preview"
    assert alice.api.get(url).status_code == 202
    assert asked == [file.blob.pk.hex]
    make_preview(file.blob.pk)
    assert alice.api.get(url)["Content-Type"] == "image/webp"


def test_whose_it_is(alice: Person, bob: Person, charlie: Person) -> None:
    file, _ = drawn(alice, image())
    url = f"/api/v1/attachments/{spell('att', file.pk)}/preview"
    assert bob.api.get(url).status_code == 200
    assert charlie.api.get(url).json()["error"]["code"] == "attachment_not_found"


def test_a_message_keeps_the_picture_of_its_file(alice: Person, charlie: Person) -> None:
    file, _ = drawn(alice, image())
    message = make_message(make_inbox(alice.workspace), letter_to("ann@example.com"), files=[file])
    message.deliveries.update(state="done", due_at=None)
    delete_attachment(attachment=file)
    path = f"attachments/{spell('att', file.pk)}/preview"
    url = f"/api/v1/messages/{spell('msg', message.pk)}/{path}"
    assert alice.api.get(f"/api/v1/{path}").status_code == 404
    assert alice.api.get(url)["Content-Type"] == "image/webp"
    assert charlie.api.get(url).status_code == 404
