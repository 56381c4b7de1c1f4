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
