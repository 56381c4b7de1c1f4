"""What Bird accepts."""

from __future__ import annotations

from datetime import timedelta

from attachments.limits import Limits, MailSizes

MAX_MESSAGE_BYTES = 20 * 1024 * 1024  # as estimated
MAX_BATCH_BYTES = 20 * 1024 * 1024  # of the request's JSON
MAX_BATCH = 100  # messages
MAX_FILES = 20

MAX_TO = MAX_COPIES = 50  # addresses
MAX_REPLY_TO = 25
MAX_NAME = 256  # characters
MAX_ADDRESS = 998
MAX_SUBJECT = 998
MAX_BODY = 524_288
MAX_HEADERS = 25
MAX_TAGS = 20
MAX_METADATA_BYTES = 2048
MAX_PARAMETERS_BYTES = 16_384

SOONEST, LATEST = timedelta(seconds=30), timedelta(days=30)
FILES_KEPT_FOR = timedelta(days=30)
ANSWERS_KEPT_FOR = timedelta(hours=3)  # of an Idempotency-Key

# The first group is the document's, the second is "similar".
BLOCKED_EXTENSIONS = frozenset(
    {
        *("exe", "dll", "msi", "bat", "cmd", "scr", "jar", "js", "vbs", "ps1", "sh", "hta", "lnk"),
        *("apk", "app", "bash", "com", "cpl", "jse", "mjs", "msc", "pif", "psm1", "reg", "vbe"),
        *("wsf", "wsh"),
    }
)
BLOCKED_TYPES = frozenset(
    {
        "application/x-msdownload",
        "application/java-archive",
        "text/javascript",
        "application/hta",
        "application/javascript",
        "application/vnd.microsoft.portable-executable",
        "application/x-bat",
        "application/x-dosexec",
        "application/x-java-archive",
        "application/x-javascript",
        "application/x-ms-shortcut",
        "application/x-msdos-program",
        "application/x-msi",
        "application/x-powershell",
        "application/x-sh",
        "application/x-shellscript",
        "text/vbscript",
        "text/x-sh",
    }
)


def estimated_size(sizes: MailSizes) -> int:
    """HTML, text, and every file after base64 encoding (bird R15)."""
    return sizes.bodies + sum(-(-size // 3) * 4 for size in sizes.files)


LIMITS = Limits(
    max_file_bytes=MAX_MESSAGE_BYTES,
    max_total_bytes=MAX_MESSAGE_BYTES,
    max_files=MAX_FILES,
    total_of=estimated_size,
    blocked_types=BLOCKED_TYPES,
    blocked_extensions=BLOCKED_EXTENSIONS,
    believes_types=True,
)
