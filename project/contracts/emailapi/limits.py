"""What this door takes."""

from __future__ import annotations

from attachments.limits import MIB, Limits, MailSizes

MAX_BYTES = 25 * MIB
MAX_TO = 50

GZIP, JPEG, ZIP = "application/gzip", "image/jpeg", "application/zip"
OFFICE = "application/vnd.openxmlformats-officedocument"


def raw_bytes(sizes: MailSizes) -> int:
    """Files and bodies before any encoding: the bound is that of one file, which must fit."""
    return sum(sizes.files) + sizes.bodies


LIMITS = Limits(
    max_file_bytes=MAX_BYTES,
    max_total_bytes=MAX_BYTES,
    max_files=50,
    total_of=raw_bytes,
    allowed_types=frozenset(
        {
            "application/pdf",
            "application/msword",
            f"{OFFICE}.wordprocessingml.document",
            "text/plain",
            JPEG,
            "image/png",
            "image/gif",
            "image/webp",
            "application/vnd.ms-excel",
            f"{OFFICE}.spreadsheetml.sheet",
            "text/csv",
            ZIP,
            GZIP,
        }
    ),
)
