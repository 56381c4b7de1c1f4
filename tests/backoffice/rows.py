"""One row of every model, in a workspace, whose words can be told from everybody else's."""

from __future__ import annotations

from django.utils import timezone

from attachments.models import Upload
from drafts.models import Draft
from messaging.contacts import Contact, create_customer
from messaging.dkim.keys import make_signing_key
from messaging.models import (
    Attempt,
    Captured,
    Delivery,
    Hold,
    HoldRule,
    Message,
    Pause,
    Suppression,
)
from project.backoffice.jobs import start_job
from project.events.models import WebhookAttempt, WebhookDelivery
from project.tenancy.models import Domain, IdempotencyRecord, Post
from project.tenancy.office import Deed
from tests.drafts.make import make_draft
from tests.events.make import make_endpoint, make_events
from tests.make import make_user
from tests.messaging.make import (
    letter_to,
    make_arrival,
    make_file,
    make_inbox,
    make_message,
    make_reservation,
    receive,
)
from tests.people import Person
from tests.workspaces.make import invite

BODY = "nobody-but-the-reader"  # in every body, and nowhere else


def fill(person: Person, mark: str) -> Message:
    """Rows of every kind for a person's workspace; `mark` is in whatever a page may show of them.

    The message that was sent, whose body has the word that no page may show.
    """
    workspace, now = person.workspace, timezone.now()
    inbox = make_inbox(workspace, address=f"{mark}@acme.test", name=mark, smtp_url="")
    letter = letter_to(f"{mark}@example.com", html=f"<p>{BODY}</p>")
    letter = type(letter)(to=letter.to, subject=f"Subject {mark}", text=BODY, html=letter.html)
    message = make_message(
        inbox, letter, files=[make_file(workspace, mark.encode(), filename=f"{mark}.txt")]
    )
    raw = f"From: {mark}@example.org\r\nSubject: In {mark}\r\n\r\n{BODY}\r\n"
    receive(inbox, raw.encode())
    make_arrival(inbox, raw.encode())
    make_draft(inbox, subject=f"Draft {mark}", text=BODY, files=[make_file(workspace)])
    delivery = Delivery.objects.get(message=message)
    Attempt.objects.create(
        delivery=delivery, number=1, outcome="deferred", reply=mark, relay=mark, started_at=now
    )
    Captured.objects.create(
        delivery=delivery, mail_from=inbox.address, key=f"outbox/{mark}", size=1, sha256="0" * 64
    )
    upload = make_reservation(workspace, filename=f"late-{mark}.pdf")
    Upload.objects.create(attachment=upload, offset=0, expires_at=now)
    domain = Domain.objects.create(workspace=workspace, name=f"{mark}.example.com")
    make_signing_key(domain=domain, selector=mark)
    create_customer(workspace=workspace, name=mark, emails=[Contact(f"{mark}@example.com")])
    Pause.objects.create(workspace=workspace, reason=mark)
    rule = HoldRule.objects.create(workspace=workspace, name=mark, min_bytes=1)
    Hold.objects.create(delivery=delivery, rule=rule)
    Suppression.objects.create(workspace=workspace, email=f"gone-{mark}@example.com")
    endpoint = make_endpoint(workspace, f"https://{mark}.example.com/hooks")
    told = WebhookDelivery.objects.create(
        endpoint=endpoint,
        event=make_events(workspace, "message.sent", note=mark)[0],
        kind="message.sent",
        state="failed",
        problem=mark,
        body=BODY,
    )
    WebhookAttempt.objects.create(delivery=told, url=endpoint.url, started_at=now, ended_at=now)
    invite(person)
    IdempotencyRecord.objects.create(
        workspace=workspace,
        door=mark,
        key=mark,
        fingerprint="0" * 64,
        answer={"text": BODY},
        lease_until=now,
        expires_at=now,
    )
    Post.objects.create(user=make_user(), duty="auditor", workspace=workspace)
    start_job(
        model="messaging.message",
        deed=Deed(name="hold", label="Hold", effect="", do=print),
        rows=[(message.pk, workspace.pk)],
        reason=mark,
        user=person.user,
    )
    assert Draft.objects.filter(workspace=workspace).exists()
    return message
