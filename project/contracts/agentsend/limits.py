"""What AgentSend accepts, and how much of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from attachments.limits import MIB, Limits, MailSizes
from messaging.counts import accepted_today
from messaging.models import Inbox
from project.api.caller import Caller
from project.contracts.base import VendorThrottle
from project.errors import TooMany

MAX_RECIPIENTS = 50  # in each of to, cc and bcc
MAX_SUBJECT = 998  # characters
MAX_BODY = 256_000  # characters of each body
MAX_DISPLAY_NAME = 255  # characters


def files_alone(sizes: MailSizes) -> int:
    """The files, decoded; the bodies have limits of their own."""
    return sum(sizes.files)


#: of an upload, and of the files of a message
LIMITS = Limits(
    max_file_bytes=25 * MIB, max_total_bytes=25 * MIB, max_files=20, total_of=files_alone
)


class AccountThrottle(VendorThrottle):
    """So many requests of an account, whichever of its keys they come with."""

    setting = "AGENTSEND_REQUESTS_PER_MINUTE"

    def counted(self, request: Request, view: APIView) -> str | None:
        return str(request.auth.workspace.pk) if isinstance(request.auth, Caller) else None


def check_daily_limit(inbox: Inbox) -> None:
    """Raises TooMany for an inbox that has sent its share of today.

    To be called in the transaction that sends, which holds the inbox's lock from here on: of
    several at once, none slips through.
    """
    most, now = settings.AGENTSEND_SENDS_PER_DAY, timezone.now()
    if not most:
        return
    Inbox.objects.select_for_update(no_key=True).get(pk=inbox.pk)
    sent = accepted_today([inbox.pk], at=now).count()
    if sent >= most:
        raise TooMany(
            f"The inbox {inbox.address} has sent {sent} messages today; at most {most} are "
            "allowed from one midnight UTC to the next.",
            retry_after=seconds_until_midnight(now),
            limit=most,
            actual=sent,
        )


def seconds_until_midnight(now: datetime) -> int:
    """Whole seconds until the next day begins in UTC."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((today + timedelta(days=1) - now).total_seconds()) + 1
