"""What the client makes of requests to a webhook, and of one that somebody has changed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import bird

client = bird.Bird(api_key="none", base_url="http://127.0.0.1:1", max_retries=0)
heard = json.loads(Path(os.environ["FILE"]).read_text())
secret = os.environ["SECRET"]


def unwrap(body, headers):
    event = client.webhooks.unwrap(body.encode(), headers, secret=secret)
    return [type(event.root).__name__, event.root.model_dump(mode="json", by_alias=True)]


said = {"events": [unwrap(one["body"], one["headers"]) for one in heard]}
try:
    unwrap(heard[0]["body"].replace(":", ": ", 1), heard[0]["headers"])
except bird.WebhookVerificationError as error:
    said["changed"] = str(error)
json.dump(said, sys.stdout)
