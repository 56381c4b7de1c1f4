"""What a program with the Python library sees of refusals."""

import io
import json
import os
import sys

from nylas import Client
from nylas.models.errors import NylasApiError

grant = os.environ["GRANT"]


def client(key):
    return Client(api_key=key, api_uri=os.environ["URL"])


nylas = client(os.environ["KEY"])
MIB = 1024 * 1024


def file(length, **said):
    return {
        "filename": "a.bin",
        "content_type": "a/b",
        "content": io.BytesIO(b"x" * length),
        **said,
    }


def refusal(call):
    try:
        call()
    except NylasApiError as error:
        headers = {name.lower(): value for name, value in error.headers.items()}
        same = error.request_id == headers["x-request-id"]
        return [type(error).__name__, error.type, error.status_code, str(error), same]
    return None


draft = nylas.drafts.create(grant, {"subject": "s", "attachments": [file(3)]}).data
known = draft.attachments[0].id
calls = {
    "draft": lambda: nylas.drafts.find(grant, "nothing"),
    "odd id": lambda: nylas.drafts.find(grant, "d/1="),
    "grant": lambda: nylas.drafts.list("nobody@example.com"),
    "key": lambda: client("wrong").drafts.list(grant),
    "key and form": lambda: client("wrong").drafts.create(
        grant, {"attachments": [file(4 * MIB, size=4 * MIB)]}
    ),
    "no to": lambda: nylas.messages.send(grant, {"subject": "s"}),
    "no recipients": lambda: nylas.drafts.send(grant, draft.id),
    "json": lambda: nylas.drafts.create(grant, {"attachments": [file(3 * MIB)]}),
    "raw json": lambda: nylas.drafts.create(grant, {"attachments": [file(5 * MIB)]}),
    "form": lambda: nylas.drafts.update(
        grant, draft.id, {"attachments": [file(27 * MIB, size=27 * MIB)]}
    ),
    "file": lambda: nylas.attachments.find(grant, "nothing", {"message_id": draft.id}),
    "download": lambda: nylas.attachments.download_bytes(grant, known, {"message_id": "x"}),
    "message": lambda: nylas.messages.find(grant, "<abc/d@x>"),
}
said = {name: refusal(call) for name, call in calls.items()}
said["left"] = [one.filename for one in nylas.drafts.find(grant, draft.id).data.attachments]
nylas.drafts.destroy(grant, draft.id)
sys.stdout.write(json.dumps(said))
