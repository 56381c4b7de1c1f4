"""Everything that the client does with webhooks, and what it got; the first one is left."""

from __future__ import annotations

import json
import os
import sys

from nylas import Client
from nylas.models.errors import NylasApiError
from nylas.models.webhooks import WebhookTriggers

client = Client(os.environ["KEY"], os.environ["URL"])
HOOK = os.environ["HOOK"]
triggers = [WebhookTriggers.MESSAGE_CREATED, WebhookTriggers.MESSAGE_SEND_SUCCESS]
fields = {
    "trigger_types": triggers,
    "webhook_url": HOOK,
    "description": "First",
    "notification_email_addresses": ["ops@example.com"],
}

made = client.webhooks.create(fields).data
found = client.webhooks.find(made.id).data
changed = client.webhooks.update(made.id, {"description": "Second"}).data
rotated = client.webhooks.rotate_secret(made.id).data
other = client.webhooks.create({**fields, "trigger_types": list(WebhookTriggers)}).data
listed = [one.id for one in client.webhooks.list().data]
gone = client.webhooks.destroy(other.id)
try:
    client.webhooks.create({**fields, "webhook_url": "http://elsewhere.example"})
except NylasApiError as error:
    refused = [error.status_code, error.type]
json.dump(
    {
        "secret": rotated.webhook_secret,
        "is_new": rotated.webhook_secret != made.webhook_secret,
        "found": [found.webhook_url, found.trigger_types, found.status],
        "emails": found.notification_email_addresses,
        "changed": changed.description,
        "listed": listed == [other.id, made.id],
        "gone": gone.request_id != "",
        "left": [one.id for one in client.webhooks.list().data] == [made.id],
        "addresses": client.webhooks.ip_addresses().data.ip_addresses,
        "refused": refused,
    },
    sys.stdout,
)
