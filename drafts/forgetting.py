"""What a workspace does not store is not kept in the draft of it either."""

from __future__ import annotations

from drafts.models import Draft
from project.events.models import Event
from project.events.services import on


@on("message.forgotten")
def forget_drafts(events: list[Event]) -> None:
    """Empty the drafts of messages that were forgotten.

    A draft that could be sent again has no message by now.
    """
    drafts = Draft.objects.filter(message__in=[event.subject_id for event in events])
    drafts.update(text=None, html=None, headers={})
