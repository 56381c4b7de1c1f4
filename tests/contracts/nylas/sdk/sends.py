"""Sending, now and later, as a program with the Python library does; says what it saw."""

import hashlib
import io
import json
import os
import sys
import time
from email.message import EmailMessage

from nylas import Client
from nylas.models.errors import NylasApiError

nylas = Client(api_key=os.environ["KEY"], api_uri=os.environ["URL"])
grant = os.environ["GRANT"]
LARGE = bytes(range(256)) * 12_300
TO = [{"email": "a@example.com", "name": "A"}]


def digest(content):
    return hashlib.sha256(content).hexdigest()


def files_of(message):
    return [
        [
            one.filename,
            one.content_id,
            one.is_inline,
            digest(
                nylas.attachments.download_bytes(grant, one.id, {"message_id": message.id}) or b""
            ),
        ]
        for one in message.attachments
    ]


def file(content, filename, **said):
    return {
        "filename": filename,
        "content_type": "image/png",
        "content": io.BytesIO(content),
        "size": len(content),
        **said,
    }


def refused(call):
    try:
        call()
    except NylasApiError as error:
        return [error.status_code, error.type]
    return None


said = {}
first = nylas.messages.send(
    grant,
    {
        "subject": "first",
        "body": '<img src="cid:pic">',
        "to": TO,
        "from_": [{"email": "agent@acme.test", "name": "Agent"}],
        "tracking_options": {"opens": True, "links": True, "thread_replies": True, "label": "l"},
        "custom_headers": [{"name": "X-A", "value": "1"}],
        "metadata": {"key1": "v"},
        "attachments": [file(b"PNG", "pic.png", content_id="pic")],
    },
).data
said["first"] = [first.object, first.subject, first.from_, first.metadata, files_of(first)]

large = nylas.messages.send(
    grant,
    {
        "subject": "large",
        "to": TO,
        "reply_to_message_id": first.id,
        "attachments": [file(LARGE, "big.bin"), file(b"x", "s.png", content_id="c")],
    },
).data
said["large"] = [large.subject, files_of(large), large.thread_id == first.thread_id]

mail = EmailMessage()
mail["To"], mail["Bcc"], mail["Subject"] = "a@example.com", "b@example.com", "raw ✓"
mail.set_content("hello")
mail.add_attachment(LARGE[:5000], "application", "octet-stream", filename="raw.bin")
raw = nylas.messages.send_raw_mime(grant, {"mime": mail.as_bytes()}).data
said["raw"] = [raw.subject, [one["email"] for one in raw.bcc], files_of(raw)]

at = int(time.time()) + 3600
later = nylas.messages.send(
    grant, {"subject": "later", "to": TO, "send_at": at, "attachments": [file(b"L", "l.png")]}
).data
said["later"] = [bool(later.schedule_id), later.send_at == at]
listed = nylas.messages.list_scheduled_messages(grant).data
said["schedules"] = [[one.schedule_id == later.schedule_id, one.status.code] for one in listed]
found = nylas.messages.find_scheduled_message(grant, later.schedule_id).data
said["schedule"] = [found.status.code, found.status.description]
stopped = nylas.messages.stop_scheduled_message(grant, later.schedule_id)
said["stopped"] = stopped.data.message
said["unknown schedule"] = refused(lambda: nylas.messages.find_scheduled_message(grant, "x"))

listed = nylas.messages.list(grant, {"limit": 2, "has_attachment": True, "unread": False})
said["listed"] = [[one.subject for one in listed.data], bool(listed.next_cursor)]
rest = nylas.messages.list(grant, {"limit": 2, "page_token": listed.next_cursor})
said["rest"] = [[one.subject for one in rest.data], rest.next_cursor]
selected = nylas.messages.find(grant, first.id, query_params={"select": "attachments"}).data
said["selected"] = [selected.grant_id == first.grant_id, len(selected.attachments)]
said["grant"] = [nylas.grants.find(grant).data.email, len(nylas.grants.list().data)]
sys.stdout.write(json.dumps(said))
