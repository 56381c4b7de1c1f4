"""Finding mail and keeping it in order, as a program with the Python library does."""

import base64
import json
import os
import sys
import time

from nylas import Client
from nylas.models.errors import NylasApiError

nylas = Client(api_key=os.environ["KEY"], api_uri=os.environ["URL"])
grant = os.environ["GRANT"]


def letter(subject, to, **more):
    return {"subject": subject, "to": [{"email": to}], "body": f"<p>{subject}</p>", **more}


def subjects(**query):
    return [one.subject for one in nylas.messages.list(grant, query).data]


def destroyed(call):
    """Delete what may have to leave before; give whether the answer could be read."""
    for _ in range(300):
        try:
            return bool(call().request_id)
        except NylasApiError as error:
            if error.status_code != 409:
                raise
            time.sleep(0.1)
    return False


said = {}
hour_ago = int(time.time()) - 3600
one = nylas.messages.send(
    grant, letter("one a&b/c", "a@example.com", metadata={"key1": "v 1", "twoWords": "x"})
).data
two = nylas.messages.send(
    grant,
    letter(
        "two é",
        "b@example.com",
        cc=[{"email": "c@example.com"}],
        custom_headers=[{"name": "X-A", "value": "1"}],
        tracking_options={"opens": True, "label": "l"},
    ),
).data

said["found"] = {
    "subject": subjects(subject="a&b/c"),
    "any email": subjects(any_email=["c@example.com", "z@example.com"]),
    "to": subjects(to=["a@example.com", "b@example.com"]),
    "metadata": subjects(metadata_pair={"key1": "v 1"}),
    "thread": subjects(thread_id=two.thread_id),
    "in": subjects(**{"in": "SENT"}),
    "flags": subjects(unread=False, starred=False, has_attachment=False),
    "time": subjects(received_after=hour_ago, received_before=hour_ago + 7200),
    "nothing": subjects(starred=True),
}
page = nylas.messages.list(grant, {"limit": 1, "select": ["id", "subject"]})
rest = nylas.messages.list(grant, {"limit": 1, "page_token": page.next_cursor})
said["pages"] = [[one.subject for one in (*page.data, *rest.data)], rest.next_cursor]

headers = nylas.messages.find(grant, two.id, query_params={"fields": "include_headers"}).data
said["headers"] = {one.name: one.value for one in headers.headers if one.name in ("X-A", "Subject")}
tracked = nylas.messages.find(grant, two.id, query_params={"fields": "include_tracking_options"})
said["tracking"] = [tracked.data.tracking_options.opens, tracked.data.tracking_options.label]
raw = nylas.messages.find(grant, two.id, query_params={"fields": "raw_mime"}).data
said["raw"] = b"X-A: 1\r\n" in base64.urlsafe_b64decode(raw.raw_mime)

changed = nylas.messages.update(
    grant, one.id, {"unread": True, "starred": True, "metadata": {"key1": "a"}}
).data
said["changed"] = [changed.unread, changed.starred, changed.metadata]

folder = nylas.folders.create(grant, {"name": "Invoices"}).data
moved = nylas.messages.update(grant, one.id, {"folders": [folder.id]}).data
said["moved"] = moved.folders == [folder.id]
said["folder"] = [
    folder.name,
    folder.object,
    nylas.folders.find(grant, folder.id).data.total_count,
]
said["renamed"] = nylas.folders.update(grant, folder.id, {"name": "Bills"}).data.name
said["folders"] = [one.name for one in nylas.folders.list(grant).data]

threads = nylas.threads.list(grant, {"limit": 5, "any_email": ["c@example.com"]}).data
thread = nylas.threads.find(grant, threads[0].id).data
said["thread"] = [
    len(threads),
    thread.message_ids == [two.id],
    thread.latest_draft_or_message.subject,
    thread.has_drafts,
]
said["thread changed"] = nylas.threads.update(grant, thread.id, {"starred": True}).data.starred
said["cleaned"] = [
    one.conversation
    for one in nylas.messages.clean_messages(grant, {"message_id": [one.id, two.id]}).data
]

nylas.messages.update(grant, one.id, {"folders": ["SENT"]})
said["folder destroyed"] = bool(nylas.folders.destroy(grant, folder.id).request_id)
said["destroyed"] = destroyed(lambda: nylas.messages.destroy(grant, one.id))
said["thread destroyed"] = destroyed(lambda: nylas.threads.destroy(grant, thread.id))
said["left"] = subjects()
said["trash"] = subjects(**{"in": "TRASH"})
grants = nylas.grants.list({"limit": 1})
said["grants"] = [grants.data[0].email, grants.data[0].provider, grants.data[0].grant_status]
sys.stdout.write(json.dumps(said))
