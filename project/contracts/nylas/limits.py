"""What the contract accepts of files and texts."""

from __future__ import annotations

from datetime import timedelta

from attachments.limits import MIB, Limits, MailSizes

MAX_JSON_BYTES = 3 * MIB  # the files decoded, and the rest of the body
MAX_RAW_JSON_BYTES = 4_500_000  # the body as it comes: 3 MiB are 4.2 MB in base64
MAX_FORM_BYTES = 25 * MIB  # the files, and the bodies of the message
MAX_FILES = 100  # as many as Django reads in a form

MAX_METADATA = 50  # pairs
MAX_METADATA_KEY = 40  # characters
MAX_METADATA_VALUE = 500
MAX_LABEL = 2048
MAX_DOMAIN_NAME = 253

SOONEST = timedelta(minutes=1)
LATEST = timedelta(days=30)


def files_and_bodies(sizes: MailSizes) -> int:
    """What of a message counts."""
    return sum(sizes.files) + sizes.bodies


LIMITS = Limits(
    max_file_bytes=MAX_FORM_BYTES,
    max_total_bytes=MAX_FORM_BYTES,
    max_files=MAX_FILES,
    total_of=files_and_bodies,
)
