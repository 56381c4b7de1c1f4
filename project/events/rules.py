"""What goes of the record of those who ask and of those who listen."""

from datetime import timedelta

from project.events.retention import Rule
from project.events.webhooks.queue import forget_deliveries, told_before
from project.tenancy.services import answers_over, forget_idempotency_keys

TOLD = Rule(
    name="told",
    title="Webhook deliveries",
    words="What a webhook was told, and what it answered, goes after 30 days, if it is settled.",
    every=timedelta(hours=1),
    rows=told_before,
    take=lambda at, workspaces: forget_deliveries(at=at, workspaces=workspaces),
    due="created_at",
    workspace_at="endpoint__workspace",
)
ANSWERS = Rule(
    name="answers",
    title="Answers to idempotency keys",
    words="The answer to a key goes when the time is over for which its door remembers it.",
    every=timedelta(hours=1),
    rows=answers_over,
    take=lambda at, workspaces: forget_idempotency_keys(at=at, workspaces=workspaces),
    due="expires_at",
)
