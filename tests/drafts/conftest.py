"""What all tests of drafts have: an inbox of Alice's."""

from tests.drafts.make import inbox  # noqa: F401
