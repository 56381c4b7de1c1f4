"""The workers' Celery app, less patient: for tests that kill and cannot wait for real leases.

Started as `celery --app tests.live.worker worker …`, otherwise as the Procfile does. All seconds
come from the environment; what is not said there stays as the project has it.
"""

from __future__ import annotations

import os
from datetime import timedelta

import django

from project.celery import app

__all__ = ["app"]

django.setup()

from messaging.outbox import claim, drain, record, sweep  # noqa: E402


def _seconds(name: str) -> timedelta | None:
    text = os.environ.get(name)
    return timedelta(seconds=float(text)) if text else None


if lease := _seconds("LEASE_SECONDS"):
    claim.LEASE = drain.LEASE = lease
if data_lease := _seconds("DATA_LEASE_SECONDS"):
    claim.DATA_LEASE = data_lease
if back_off := _seconds("BACK_OFF_SECONDS"):
    record.BACK_OFF = sweep.BACK_OFF = (back_off,)
if keep := _seconds("KEEP_SECONDS"):
    drain.KEEP_SECONDS = keep.total_seconds()
