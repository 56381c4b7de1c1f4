"""What this door accepts."""

from __future__ import annotations

from datetime import timedelta

from attachments.limits import MIB, NATIVE_FILES, NATIVE_MESSAGE_BYTES, Limits

LIMITS = Limits(
    max_file_bytes=25 * MIB,
    max_total_bytes=NATIVE_MESSAGE_BYTES,
    max_files=NATIVE_FILES,
)

UPLOAD_LIFE = timedelta(minutes=60)  # of an upload URL
NEVER_UPLOADED_LIFE = timedelta(hours=24)  # of a standalone attachment without bytes

MAX_BODY = 10_240  # characters of a plain body
MAX_HTML_BYTES = 512 * 1024
MAX_SUBJECT = 998  # characters
MAX_RECIPIENTS = 1000  # of one list

DEFAULT_PAGE = 25
MAX_PAGE = 100
