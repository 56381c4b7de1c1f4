"""An office in the middle of its work, for pictures and for trying things."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime, timedelta

import pypdfium2
from PIL import Image, ImageDraw

from tests.browser.desk.ground import Desk
from tests.services.servers import wait_until
from tests.services.smtp_rules import Rule, Rules
from tests.services.smtp_sink import SmtpSink

ANN = "Ann Lee <ann@example.com>"
PEOPLE = {
    "ann": ANN,
    "borje": "Börje Ström <borje@example.se>",
    "chiara": "Chiara Rossi <chiara@example.it>",
    "maha": "مها العلي <maha@example.org>",
    "dev": "Dev Patel <dev@example.in>",
    "jo": "Jo <jo.with.a.very.long.address.of.a.department@engineering.example.com>",
}

TEXTS = (
    "Hello,\n\nthank you for your mail. This is what we found, and what we would do next. Tell us "
    "whether it suits you.\n\nBest regards\n",
    "Fine with me.\n",
    "Hello all,\n\n" + "We went through the list once more, and most of it is done. " * 12 + "\n\n"
    "What is left:\n\n* the keys\n* the lamps in the hall\n* the lease\n\nSee you on Monday\n",
)


def picture(number: int, size: tuple[int, int] = (1200, 800)) -> bytes:
    """A PNG of hills in the evening, other hills for every number."""
    dice = random.Random(number)
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    top, low = [tuple(dice.randrange(90, 250) for _ in range(3)) for _ in range(2)]
    for y in range(size[1]):
        part = y / size[1]
        draw.line(
            [(0, y), (size[0], y)],
            fill=tuple(int(a + (b - a) * part) for a, b in zip(top, low, strict=True)),
        )
    for layer in range(4):
        base = size[1] * (0.5 + layer * 0.12)
        points = [(x, base + dice.uniform(-60, 60)) for x in range(0, size[0] + 150, 150)]
        shade = tuple(int(value * (0.6 - layer * 0.12)) for value in low)
        draw.polygon([(0, size[1]), *points, (size[0], size[1])], fill=shade)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def paper(number: int) -> bytes:
    """A PDF whose page has lines, like a letter from afar."""
    image = Image.new("RGB", (595, 842), "white")
    draw = ImageDraw.Draw(image)
    dice = random.Random(number)
    draw.rectangle([60, 60, 220, 90], fill="#0b6e6e")
    for y in range(140, 760, 22):
        if dice.random() > 0.15:
            draw.rectangle([60, y, 60 + dice.randrange(250, 470), y + 7], fill="#c9d2d4")
    out = io.BytesIO()
    image.save(out, "PDF")
    pypdfium2.PdfDocument(out.getvalue())
    return out.getvalue()


def fill(desk: Desk) -> None:
    """Conversations with files, some read and starred, and mail on its way out."""
    conversations(desk)
    on_their_way(desk)


def conversations(desk: Desk) -> None:
    """What has come in, the newest last, and what was answered."""
    subjects = (
        "Minutes of the meeting",
        "Lunch on Thursday?",
        "Your question about delivery",
        "Keys for the new office",
        "Holiday plans",
        "A very long subject that goes on about the delivery of all the parts that were ordered",
        "Train tickets",
        "Re: Budget",
        "Welcome to the team",
        "Feedback on the draft",
        "Parking",
        "Photos of the site",
        "Invitation: breakfast with the neighbours",
        "Your parcel is on its way",
        "Two questions about the contract",
        "Ok",
        "Minutes, corrected",
        "Fire drill on Wednesday at ten",
        "Lost property: a green umbrella",
        "Numbers for the third quarter",
    )
    names = list(PEOPLE.values())
    for number, subject in enumerate(subjects):
        files = [(f"IMG_{number:04}.png", "image/png", picture(number))] if number % 4 == 3 else []
        message = desk.receive_from(
            names[number % len(names)],
            subject=subject,
            text=TEXTS[number % len(TEXTS)],
            files=files,
        )
        changes = {"unread": number > 14, "starred": number % 7 == 4}
        desk.api("PATCH", f"/messages/{message['id']}", json=changes)
    arabic = desk.receive_from(
        PEOPLE["maha"],
        subject="عرض الأسعار للربع الأخير",
        text="مرحبا،\n\nمرفق عرض الأسعار كما اتفقنا.\n\nمع التحية\n",
    )
    desk.api("PATCH", f"/messages/{arabic['id']}", json={"starred": True, "unread": False})
    desk.receive_from(
        PEOPLE["chiara"],
        subject="Pictures from the opening",
        text="The best ones.\n",
        html="<p>Hi all,</p><p>here are <b>the best ones</b> from last night. The catalogue is in, "
        'too.</p><p><img src="https://tracker.example/p.gif" width="600" height="20"></p>'
        "<p>Chiara</p>",
        files=[
            *((f"Opening {one}.png", "image/png", picture(40 + one)) for one in range(3)),
            ("Catalogue of the exhibition, final version 2026.pdf", "application/pdf", paper(1)),
        ],
    )
    invoice = desk.receive_from(
        ANN,
        subject="Invoice for October",
        text="Hello,\n\ncould you send the invoice for October once more? The file was missing.\n\n"
        "Ann\n",
        files=[("Order 4711.pdf", "application/pdf", paper(2))],
    )
    reply = desk.api("POST", f"/messages/{invoice['id']}/reply")
    desk.api("PATCH", f"/drafts/{reply['id']}", json={"text": "Here it is.\n\nAcme\n"})
    bill = {"file": ("Invoice 2026-10.pdf", paper(3), "application/pdf")}
    desk.api("POST", f"/drafts/{reply['id']}/attachments", files=bill)
    sent = desk.api("POST", f"/drafts/{reply['id']}/send")
    desk.wait_for_status(sent["message_id"], "sent")
    desk.receive_from(
        ANN,
        subject="Re: Invoice for October",
        text="Perfect, thank you!\n\n> Here it is.\n",
    )


def on_their_way(desk: Desk) -> None:
    """A scheduled one, one that waits for its file, a draft, and one that failed."""
    later = datetime.now(UTC) + timedelta(days=2)
    letter = {"to": [PEOPLE["dev"]], "subject": "Contract", "text": "Please sign it.\n"}
    bill = {"filename": "Contract.pdf", "size": 18_400_000}
    waiting = desk.api("POST", "/drafts", json={**letter, "attachments": [bill]})
    desk.api("POST", f"/drafts/{waiting['id']}/send")
    for number, subject in enumerate(("Happy birthday", "Monday's agenda")):
        draft = desk.api("POST", "/drafts", json={**letter, "subject": subject})
        at = (later + timedelta(hours=number)).isoformat()
        desk.api("POST", f"/drafts/{draft['id']}/send", json={"send_at": at})
    desk.api("POST", "/drafts", json={**letter, "to": [], "subject": "Notes for the workshop"})
    failed(desk)


def failed(desk: Desk) -> None:
    """A mail whose recipient is unknown to the server that it went to."""
    sink = SmtpSink(Rules(rules=(Rule(at="rcpt", reply="550 5.1.1 User unknown"),)))
    inbox = f"/inboxes/{desk.inbox}"
    desk.api("PATCH", inbox, json={"smtp_url": sink.url})
    try:
        letter = {"to": ["Anne Lee <anne@example.com>"], "subject": "Offer", "text": "As agreed.\n"}
        draft = f"/drafts/{desk.api('POST', '/drafts', json=letter)['id']}"
        desk.api("POST", f"{draft}/send")
        wait_until(lambda: desk.api("GET", draft)["error"], what="a mail that failed", pause=0.05)
    finally:
        desk.api("PATCH", inbox, json={"smtp_url": ""})
        sink.stop()
