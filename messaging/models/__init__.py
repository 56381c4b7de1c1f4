"""What was sent and received, by noun."""

from messaging.models.correspondence import Customer, Folder, Inbox, Thread
from messaging.models.message import Message, MessageAttachment
from messaging.models.outbox import Attempt, Captured, Delivery, Recipient

__all__ = [
    "Attempt",
    "Captured",
    "Customer",
    "Delivery",
    "Folder",
    "Inbox",
    "Message",
    "MessageAttachment",
    "Recipient",
    "Thread",
]
