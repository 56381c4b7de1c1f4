"""`manage.py prepare_run`: what `make run` does and says before it serves."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from messaging.models import Inbox
from messaging.setup import Start, set_up_workspace
from project.tenancy.models import Member, Role, Workspace

NAME = "Acme"
MAKE_A_KEY = "python manage.py bootstrap --workspace NAME --inbox ADDRESS"


class Command(BaseCommand):
    help = "Make the first workspace if there is none, and say where everything is."

    def handle(self, *args: Any, **options: Any) -> None:
        first = None if Workspace.objects.exists() else first_start()
        lines = [
            ("Enclose", settings.PUBLIC_URL),
            *(greeting(first) if first else reminder()),
            ("API docs", f"{settings.PUBLIC_URL}/api/v1/docs"),
            ("Mail in", f"smtp://{settings.BIND}:{settings.MAIL_PORT}"),
            ("Sent mail", sent_mail()),
        ]
        self.stdout.write("")
        for label, text in lines:
            self.stdout.write(f"  {self.style.MIGRATE_HEADING(f'{label:10}')} {text}")
        self.stdout.write("\n  Ctrl-C stops it.\n")
        self.stdout.flush()


def first_start() -> Start:
    """The workspace of a fresh installation."""
    domain = next(iter(settings.MAIL_DOMAINS), settings.PUBLIC_HOST)
    return set_up_workspace(name=NAME, address=f"hello@{domain}")


def greeting(start: Start) -> list[tuple[str, str]]:
    return [
        ("Sign in", f"{start.user}, password {start.password}"),
        ("Inbox", start.inbox.address),
        ("API key", start.api_key),
        ("", "The password and the key are shown this once."),
    ]


def reminder() -> list[tuple[str, str]]:
    """What can still be said when the secrets have been shown."""
    owner = Member.objects.filter(role=Role.OWNER).select_related("user").order_by("id").first()
    inbox = Inbox.objects.active().order_by("id").first()
    user = owner.user.email if owner else "python manage.py createsuperuser"
    return [
        ("Sign in", f"{user} (forgotten? python manage.py changepassword {user})"),
        ("Inbox", inbox.address if inbox else "none yet"),
        ("API key", f"a new one: {MAKE_A_KEY}"),
    ]


def sent_mail() -> str:
    """Where mail goes."""
    if settings.PROVIDER_BACKEND or settings.SMTP_URL:
        return "leaves through the relay of SMTP_URL or EMAIL_BACKEND"
    return f"arrives in inboxes here; the rest is kept: {settings.PUBLIC_URL}/mail/outbox"
