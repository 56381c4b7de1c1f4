"""Everything that the client does with mail, and what it got."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import bird
import httpx
from bird._generated import (
    EmailEventList,
    EmailRecipientList,
    Suppression,
    SuppressionList,
)

URL, KEY, SENDER = os.environ["URL"], os.environ["KEY"], os.environ["SENDER"]
client = bird.Bird(api_key=KEY, base_url=URL, max_retries=0)
PDF = bytes(range(256)) * 1200
FILES = [
    {
        "filename": "Käse.pdf",
        "content": b64encode(PDF).decode(),
        "content_type": "application/pdf",
    },
    {
        "filename": "b.png",
        "content": b64encode(b"\x89PNG\r\n\x1a\n").decode(),
        "content_id": "logo",
    },
]
LETTER = {
    "from_": {"email": SENDER, "name": "Acme"},
    "to": ["Ann <delivered@messagebird.dev>", {"email": "bounce@messagebird.dev"}],
    "subject": "Hello {{ name }}",
    "html": '<img src="cid:logo">',
    "text": "See it.",
}


def send(**fields):
    return client.email.send(**{**LETTER, **fields})


def attempt(work):
    """The class and the facts of what a call raises."""
    try:
        work()
    except bird.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "type": error.type,
            "code": error.code,
            "name": error.name,
            "has_request_id": bool(error.request_id),
            "doc_url": error.doc_url,
            "param": error.param,
            "details": [[one.param, one.message] for one in getattr(error, "details", []) or []],
        }
    return None


said = {}
message = send(
    attachments=FILES,
    parameters={"name": "Ann"},
    tags=[{"name": "run", "value": "python"}],
    metadata={"order": 1},
    reply_to=["desk@acme.test"],
)
said["sent"] = message.model_dump(mode="json", by_alias=True)
found = client.email.get(message.id)
said["files"] = [
    [one.filename, one.content_type, one.size, one.inline, one.content_id]
    for one in found.attachments
]
first = found.attachments[0]
answer = httpx.get(
    f"{URL}/v1/email/messages/{message.id}/attachments/{first.id}",
    headers={"Authorization": f"Bearer {KEY}"},
)
said["downloaded"] = [
    answer.status_code,
    answer.headers["content-type"],
    hashlib.sha256(answer.content).hexdigest(),
]

options = {"idempotency_key": "python-1"}
raws = [
    client.email.with_raw_response.send(**LETTER, attachments=FILES, options=options)
    for _ in range(2)
]
said["replayed"] = [
    raws[0].http_response.content == raws[1].http_response.content,
    [raw.headers.get("idempotency-replay") for raw in raws],
    [raw.status_code for raw in raws],
]
said["reused"] = attempt(lambda: send(options=options))

batch = client.email.send_batch(
    messages=[
        {**LETTER, "attachments": FILES[:1]},
        {**LETTER, "category": "transactional"},
        {
            **LETTER,
            "scheduled_at": datetime.now(UTC) + timedelta(hours=1),
        },
    ]
)
said["batch"] = [[one.status, one.category.value, bool(one.scheduled_at)] for one in batch.data]
scheduled = client.email.get(batch.data[2].id)
said["scheduled"] = scheduled.status.value
said["canceled"] = [client.email.cancel(scheduled.id), client.email.get(scheduled.id).status.value]
said["canceled twice"] = attempt(lambda: client.email.cancel(scheduled.id))

for n in range(5):
    send(tags=[{"name": "python-page", "value": f"p{n}"}])
page = client.email.list(limit=2, tag=["python-page"])
said["pages"] = [len(page.data), page.has_next_page(), [one.tags[0].value for one in page]]
said["filtered"] = [
    len(client.email.list(tag=["run:python", "run"], to="ANN@example.com").data),
    [one.id == message.id for one in client.email.list(tag=["run:python"], from_=SENDER)],
    [one.id == scheduled.id for one in client.email.list(status="canceled")],
]

recipients = client.get(f"/v1/email/messages/{message.id}/recipients", cast_to=EmailRecipientList)
said["recipients"] = [[one.recipient, one.role.value] for one in recipients.data]
events = client.get(f"/v1/email/messages/{message.id}/events", cast_to=EmailEventList)
said["events"] = sorted({getattr(one.type, "value", one.type) for one in events.data})

path = "/v1/email/suppressions"
added = client.post(path, body={"email": "Gone@example.com"}, cast_to=Suppression)
listed = client.get(path, cast_to=SuppressionList)
said["suppressions"] = [added.email, added.id in [one.id for one in listed.data]]
said["suppressed"] = attempt(lambda: send(to=["gone@example.com"]))
client.delete(f"{path}/{added.id}")
said["lifted"] = [one.email for one in client.get(path, cast_to=SuppressionList).data]

said["invalid"] = attempt(
    lambda: send(attachments=[*FILES, {"filename": "a.exe", "content": "QUJD"}])
)
said["twice"] = attempt(lambda: send(attachments=[FILES[1], FILES[1]]))
large = {"filename": "a.bin", "content": b64encode(bytes(16 * 1024 * 1024)).decode()}
said["too large"] = attempt(lambda: send(attachments=[large]))
said["unknown"] = attempt(lambda: client.email.get("em_01krdgeqcxet5s7t44vh8rt9mg"))
said["not ours"] = attempt(lambda: send(from_="other@elsewhere.test"))
said["cursor"] = attempt(lambda: client.email.list(starting_after="x"))
stranger = bird.Bird(api_key="bk_us1_nobody", base_url=URL, max_retries=0)
said["stranger"] = attempt(lambda: stranger.email.get(message.id))
json.dump(said, sys.stdout)
