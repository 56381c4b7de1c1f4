"""The Celery app and its clock.

The broker holds nothing that matters: every task reads what is due from the database, so that
a lost task costs at most one tick and a doubled one does no harm.
"""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

TRANSPORT_ALIASES["filesystem"] = "project.broker:Transport"

app = Celery("enclose")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

#: the clock: what is to be done how often, and how long a tick is worth anything (seconds)
app.conf.beat_schedule = {
    "deliver-due-mail": {
        "task": "messaging.tasks.tick",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
    "parse-arrivals": {
        "task": "messaging.tasks.parse_arrivals",
        "schedule": 3.0,
        "options": {"expires": 5},
    },
    "confirm-uploads": {
        "task": "attachments.tasks.confirm_uploads",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "scan-files": {
        "task": "attachments.tasks.scan_files",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "purge-attachments": {
        "task": "attachments.tasks.purge_attachments",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "tell-of-use": {
        "task": "attachments.tasks.tell_of_use",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "count-stored-bytes": {
        "task": "attachments.tasks.count_stored_bytes",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "empty-trash": {
        "task": "messaging.tasks.empty_trash",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "let-go-of-files-and-words": {
        "task": "messaging.tasks.let_go",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "work-off-jobs": {
        "task": "project.backoffice.tasks.work_off",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "tell-webhooks": {
        "task": "project.events.tasks.tell_webhooks",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
    "forget-webhook-deliveries": {
        "task": "project.events.tasks.forget_webhook_deliveries",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "forget-idempotency-keys": {
        "task": "project.events.tasks.forget_idempotency_keys",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}
