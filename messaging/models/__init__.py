"""What was sent and received, by noun."""

from messaging.models.arrival import Arrival
from messaging.models.correspondence import Customer, CustomerAddress, Folder, Inbox, Thread
from messaging.models.hold import Hold, HoldRule
from messaging.models.message import Message, MessageAttachment
from messaging.models.outbox import Attempt, Captured, Delivery, Recipient
from messaging.models.pause import Pause
from messaging.models.signing import SigningKey
from messaging.models.suppression import Suppression

__all__ = [
    "Arrival",
    "Attempt",
    "Captured",
    "Customer",
    "CustomerAddress",
    "Delivery",
    "Folder",
    "Hold",
    "HoldRule",
    "Inbox",
    "Message",
    "MessageAttachment",
    "Pause",
    "Recipient",
    "SigningKey",
    "Suppression",
    "Thread",
]
