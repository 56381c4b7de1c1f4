"""Hold rules: mail that operators want to see before it leaves.

A rule is asked when mail has been claimed, which is when it is due: so it also finds what was
accepted before there was a rule. Whoever changes a rule looks, after the commit, at what is
claimed just then: a worker that has not seen the rule has claimed before that look, and loses
its last gate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from messaging.addresses import Address
from messaging.interventions import queue_anew
from messaging.models import Delivery, Hold, HoldRule, Message, MessageAttachment, Recipient
from messaging.outbox.claim import Claim
from project.events.services import emit, happened
from project.ids import spell
from project.tenancy.models import Workspace

BATCH = 500
State = Delivery.State


@dataclass
class Facts:
    """What rules ask of a message."""

    workspace_id: UUID
    sender: str  # lower case
    size: int  # as sent
    domains: set[str] = field(default_factory=set)  # of those who have not got it
    types: set[str] = field(default_factory=set)  # as declared, and as found

    def meets(self, rule: HoldRule) -> bool:
        """Whether all that a rule asks is true of it."""
        return (
            rule.workspace_id in (None, self.workspace_id)
            and rule.sender in ("", self.sender)
            and (not rule.recipient_domain or rule.recipient_domain in self.domains)
            and (
                not rule.content_type
                or any(fnmatchcase(one, rule.content_type) for one in self.types)
            )
            and (rule.min_bytes is None or self.size >= rule.min_bytes)
        )


def save_rule(*, rule: HoldRule, reason: str) -> None:
    """Make a rule, or change it, and hold what workers have just claimed and it means."""
    with transaction.atomic():
        rule.save()
        emit(
            *(
                happened(
                    "rule.changed",
                    workspace_id=id,
                    subject_id=rule.pk,
                    payload={
                        "reason": reason,
                        "rule": rule.name,
                        "active": rule.is_active,
                        "sender": rule.sender,
                        "recipient_domain": rule.recipient_domain,
                        "content_type": rule.content_type,
                        "min_bytes": rule.min_bytes,
                        "hold_hours": rule.hold_hours,
                    },
                )
                for id in _workspaces(rule)
            )
        )
    transaction.on_commit(hold_claimed)


def hold_claimed() -> int:
    """Hold what is claimed and met by a rule; gives how many deliveries."""
    claimed = Delivery.objects.filter(state=State.CLAIMED).order_by("pk")
    return len(_hold(list(claimed.values_list("pk", flat=True))))


def let_through(claims: Sequence[Claim]) -> list[Claim]:
    """Those of a worker's claims that no rule holds; the others are held from now on.

    One query as long as there are no rules.
    """
    held = _hold([one.delivery_id for one in claims]) if claims else set()
    return [one for one in claims if one.delivery_id not in held]


def release_overdue() -> int:
    """Let go what was held for as long as its rule says; gives how many deliveries."""
    rows = Delivery.objects.filter(state=State.HELD, held_until__lte=Now()).order_by("pk")
    with transaction.atomic(savepoint=False):
        locked = rows.select_for_update(skip_locked=True, of=("self",), no_key=True)
        over = list(locked.select_related("message")[:BATCH])
        if over:
            queue_anew([one.pk for one in over], due_at=Now())
            emit(
                *(
                    happened(
                        "message.released",
                        workspace_id=one.message.workspace_id,
                        subject_id=one.message_id,
                        payload={"route": one.route},
                    )
                    for one in over
                )
            )
    return len(over)


def _hold(ids: Collection[UUID]) -> set[UUID]:
    rules = list(HoldRule.objects.in_force())
    if not rules or not ids:
        return set()
    met = _met(rules, ids)
    if not met:
        return set()
    with transaction.atomic():
        rows = Delivery.objects.filter(pk__in=met, state=State.CLAIMED).order_by("pk")
        locked = rows.select_for_update(no_key=True, of=("self",)).select_related("message")
        held = list(locked)
        for delivery in held:
            _write(delivery, met[delivery.pk])
    return {one.pk for one in held}


def _write(delivery: Delivery, rules: Sequence[HoldRule]) -> None:
    """Hold a locked delivery, for as long as the strictest of these rules says."""
    now = timezone.now()
    rule = max(rules, key=lambda one: one.hold_hours or float("inf"))
    until = now + timedelta(hours=rule.hold_hours) if rule.hold_hours else None
    Hold.objects.bulk_create(Hold(delivery=delivery, rule=one, at=now) for one in rules)
    Delivery.objects.filter(pk=delivery.pk).update(
        state=State.HELD,
        due_at=None,
        held_until=until,
        reason=words_of(rule, until),
        attempts=F("attempts") - 1,  # that of the claim, which has tried nothing
    )
    emit(
        happened(
            "message.held",
            workspace_id=delivery.message.workspace_id,
            subject_id=delivery.message_id,
            payload={
                "route": delivery.route,
                "rule": rule.name,
                "rules": [spell("rul", one.pk) for one in rules],
                "until": until and until.isoformat(),
            },
        )
    )


def words_of(rule: HoldRule, until: datetime | None) -> str:
    """Why mail is held, and whether it leaves by itself, for those who wrote it."""
    if until is None:
        return f"{rule.name.rstrip('.')}. It stays here until an operator releases it."
    when = f"{until:%d %B %Y, %H:%M} UTC"
    return f"{rule.name.rstrip('.')}. It leaves by itself on {when}, unless it is stopped."


def _met(rules: Sequence[HoldRule], ids: Collection[UUID]) -> dict[UUID, list[HoldRule]]:
    """The rules that each of the deliveries meets, without those that have held it before."""
    messages = dict(Delivery.objects.filter(pk__in=ids).values_list("pk", "message_id"))
    facts = _facts(set(messages.values()), rules)
    found = {
        id: [rule for rule in rules if facts[message_id].meets(rule)]
        for id, message_id in messages.items()
    }
    found = {id: some for id, some in found.items() if some}
    before = set(Hold.objects.filter(delivery__in=found).values_list("delivery_id", "rule_id"))
    left = {
        id: [rule for rule in some if (id, rule.pk) not in before] for id, some in found.items()
    }
    return {id: some for id, some in left.items() if some}


def _facts(ids: Collection[UUID], rules: Sequence[HoldRule]) -> Mapping[UUID, Facts]:
    """What these rules want to know of messages: one query, and one for each noun asked for."""
    rows = Message.objects.filter(pk__in=ids).order_by()
    facts = {
        id: Facts(workspace_id, sender.lower(), size)
        for id, workspace_id, sender, size in rows.values_list(
            "pk", "workspace_id", "from_email", "size"
        )
    }
    if any(rule.recipient_domain for rule in rules):
        left = (Recipient.State.PENDING, Recipient.State.DEFERRED)
        people = Recipient.objects.filter(delivery__message__in=ids, state__in=left)
        for id, email in people.values_list("delivery__message_id", "email"):
            facts[id].domains.add(domain_of(email))
    if any(rule.content_type for rule in rules):
        for id, types in _types(ids).items():
            facts[id].types |= types
    return facts


def domain_of(email: str) -> str:
    """Where an address is, as mail servers spell it."""
    return Address(email).ascii_email.rpartition("@")[2].lower()


def _types(ids: Collection[UUID]) -> Mapping[UUID, set[str]]:
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    rows = MessageAttachment.objects.filter(message__in=ids, in_mail=True).order_by()
    for id, *types in rows.values_list(
        "message_id", "attachment__content_type", "attachment__blob__content_type"
    ):
        found[id] |= {one.partition(";")[0].strip().lower() for one in types if one}
    return found


def _workspaces(rule: HoldRule) -> Sequence[UUID]:
    if rule.workspace_id:
        return [rule.workspace_id]
    return list(Workspace.objects.order_by("pk").values_list("pk", flat=True))
