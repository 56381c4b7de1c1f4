"""Drafts and their files, as a program with the Python library has them; says what it saw."""

import hashlib
import io
import json
import os
import sys
from pathlib import Path

from nylas import Client
from nylas.models.errors import NylasApiError
from nylas.utils.file_utils import attach_file_request_builder

nylas = Client(api_key=os.environ["KEY"], api_uri=os.environ["URL"])
grant = os.environ["GRANT"]
SMALL = bytes(range(256)) * 40
LARGE = bytes(range(256)) * 12_300  # 3 148 800 bytes


def digest(content):
    return hashlib.sha256(content).hexdigest()


def file(content, filename, **said):
    return {
        "filename": filename,
        "content_type": "application/octet-stream",
        "content": io.BytesIO(content),
        "size": len(content),
        **said,
    }


def spell(draft):
    return {
        "object": draft.object,
        "grant_id": draft.grant_id,
        "subject": draft.subject,
        "to": draft.to,
        "files": [
            [one.filename, one.content_id, one.is_inline, one.size, fetch(draft, one)]
            for one in draft.attachments
        ],
    }


def fetch(carrier, one):
    content = nylas.attachments.download_bytes(grant, one.id, {"message_id": carrier.id})
    return digest(content or b"")


def find(subject):
    return nylas.drafts.list(grant, {"subject": subject, "limit": 5}).data


def refused(call):
    try:
        call()
    except NylasApiError as error:
        return [error.status_code, error.type]
    return None


def trap(call):
    """The library reads its own multipart answer wrongly: the work is done all the same."""
    try:
        call()
    except TypeError as error:
        return str(error)
    return "no trap"


said = {}
Path("notes.txt").write_bytes(b"hello world\n")
small = nylas.drafts.create(
    grant,
    {
        "subject": "Hé ✓",
        "body": '<p>b <img src="cid:cid1"></p>',
        "to": [{"email": "a@example.com", "name": "A"}],
        "metadata": {"key1": "v"},
        "attachments": [
            attach_file_request_builder("notes.txt"),
            file(SMALL, "a.png", content_id="cid1"),
            file(b"", "empty.bin"),
        ],
    },
)
said["request_id"] = small.request_id
said["small"] = spell(small.data)
said["found"] = spell(nylas.drafts.find(grant, small.data.id).data)
said["selected"] = nylas.drafts.find(
    grant, small.data.id, query_params={"select": "id,attachments"}
).data.grant_id
entry = small.data.attachments[1]
metadata = nylas.attachments.find(grant, entry.id, {"message_id": small.data.id}).data
said["metadata"] = metadata == entry
stream = nylas.attachments.download(grant, entry.id, {"message_id": small.data.id})
said["stream"] = [digest(stream.raw.read()), stream.headers["Content-Type"]]
stream.close()

updated = nylas.drafts.update(grant, small.data.id, {"subject": "s2"}).data
said["updated"] = spell(updated)
replaced = {"attachments": [file(SMALL[::-1], "other.bin")]}
said["replaced"] = spell(nylas.drafts.update(grant, small.data.id, replaced).data)
said["removed"] = spell(nylas.drafts.update(grant, small.data.id, {"attachments": []}).data)

large = {
    "subject": "large one",
    "to": [{"email": "a@example.com", "name": "A"}],
    "attachments": [
        file(LARGE, "big.bin"),
        file(SMALL, "small.bin", content_id="mycid"),
        file(b"x", 'quote".bin'),
    ],
}
said["trap"] = trap(lambda: nylas.drafts.create(grant, large))
said["large"] = [spell(one) for one in find("large one")]
draft = find("large one")[0]
over = {"attachments": [file(LARGE[::-1], "new.bin")]}
said["trap of update"] = trap(lambda: nylas.drafts.update(grant, draft.id, over))
said["large updated"] = spell(nylas.drafts.find(grant, draft.id).data)

sent = nylas.drafts.send(grant, draft.id).data
said["sent"] = spell(sent)
said["message"] = spell(nylas.messages.find(grant, sent.id).data)
said["no draft"] = refused(lambda: nylas.drafts.find(grant, draft.id))
said["destroyed"] = bool(nylas.drafts.destroy(grant, small.data.id).request_id)
said["gone"] = refused(lambda: nylas.drafts.destroy(grant, small.data.id))
said["left"] = len(nylas.drafts.list(grant).data)
sys.stdout.write(json.dumps(said))
