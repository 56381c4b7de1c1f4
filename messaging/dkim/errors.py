"""What is refused about signing keys."""

from __future__ import annotations

from project.errors import Conflict, Invalid, Unavailable


class InvalidSelector(Invalid):
    """Not a label of DNS."""

    code = "invalid_selector"


class SelectorTaken(Conflict):
    """The domain has, or had, a key of this selector."""

    code = "selector_taken"


class KeyWaiting(Conflict):
    """The domain has a new key already, that waits for its record."""

    code = "signing_key_waiting"


class KeyNotNew(Conflict):
    """It signs already, or has been stopped for good."""

    code = "signing_key_not_new"


class KeyNotActive(Conflict):
    """It does not sign."""

    code = "signing_key_not_active"


class KeyNeeded(Conflict):
    """Mail that it has signed may be under way, or it signs."""

    code = "signing_key_needed"


class DnsSilent(Unavailable):
    """No name server gave an answer."""

    code = "dns_silent"
