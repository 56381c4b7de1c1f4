"""Everything that the client does with webhooks, and what it got; the last one is left."""

from __future__ import annotations

import json
import os
import sys

import bird

URL, KEY, HOOK = os.environ["URL"], os.environ["KEY"], os.environ["HOOK"]
client = bird.Bird(api_key=KEY, base_url=URL, max_retries=0)
events = ["email.delivered", "email.bounced", "email.received"]

made = client.webhooks.create(url=HOOK, events=events, description="First")
found = client.webhooks.get(made.id)
changed = client.webhooks.update(made.id, description="Second", status="paused")
rotated = client.webhooks.rotate_secret(made.id)
tested = client.webhooks.test(made.id, event_type="email.delivered")
active = client.webhooks.update(made.id, status="active")
client.webhooks.replay(made.id)
attempts = client.webhooks.attempts(made.id)
other = client.webhooks.create(url=HOOK, events=["sms.received"])
listed = [one.id for one in client.webhooks.list(limit=1)]
client.webhooks.delete(other.id)
try:
    client.webhooks.create(url="http://elsewhere.example", events=["email.lost"])
except bird.ValidationError as error:
    refused = sorted(one.param for one in error.details)
json.dump(
    {
        "id": made.id,
        "secret": rotated.secret,
        "is_new": made.secret != rotated.secret,
        "found": [found.url, list(found.events), found.status.value],
        "changed": [changed.description, changed.status.value, active.status.value],
        "tested": [tested.status.value, tested.response_status_code],
        "attempts": len(attempts.data),
        "listed": listed == [other.id, made.id],
        "left": [one.id for one in client.webhooks.list()] == [made.id],
        "refused": refused,
    },
    sys.stdout,
)
