"""What this app says no to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from project.api.times import spell_time
from project.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    NotReady,
    TooLarge,
    TooMany,
    Unavailable,
    Unprocessable,
    UnsupportedType,
)


class AttachmentNotFound(NotFound):
    """There is no such attachment here, or it was deleted."""

    code = "attachment_not_found"

    def __init__(self, spelt: str = "") -> None:
        super().__init__(f"There is no attachment {spelt} here.".replace("  ", " "))


class FileTooLarge(TooLarge):
    """One file is over the door's limit; both numbers are decoded bytes."""

    code = "file_too_large"

    def __init__(self, *, size: int, limit: int, field: str | None = None) -> None:
        super().__init__(
            f"The file has {size:,} bytes; at most {limit:,} are allowed.",
            field=field,
            limit=limit,
            actual=size,
        )
        self.size = size


class TotalTooLarge(TooLarge):
    """All files together, or the message that carries them, are over the door's limit."""

    code = "message_too_large"

    def __init__(self, *, size: int, limit: int, field: str | None = None) -> None:
        super().__init__(
            f"The message would have {size:,} bytes; at most {limit:,} are allowed.",
            field=field,
            limit=limit,
            actual=size,
        )
        self.size = size


class QuotaExceeded(TooLarge):
    """The workspace has no room for so many bytes; all numbers are decoded bytes.

    `limit` is its quota, `actual` what it would have; `details` are `used`, with what is reserved,
    and `asked`.
    """

    code = "quota_exceeded"

    def __init__(self, *, used: int, asked: int, limit: int) -> None:
        super().__init__(
            f"The workspace stores {used:,} of {limit:,} bytes, and has no room for {asked:,} more;"
            " delete files, or ask for a larger quota.",
            limit=limit,
            actual=used + asked,
            details={"used": used, "asked": asked},
        )


class TooManyUploads(TooMany):
    """So many files are on their way already as a workspace may have at once."""

    code = "too_many_uploads"

    def __init__(self, *, count: int, limit: int, retry_after: int) -> None:
        super().__init__(
            f"{count:,} files of the workspace are on their way; at most {limit:,} are at once."
            " Finish or delete some, or try again later.",
            retry_after=retry_after,
            limit=limit,
            actual=count,
        )


class TooManyFiles(Unprocessable):
    """More files than the door allows."""

    code = "too_many_files"

    def __init__(self, *, count: int, limit: int, field: str | None = None) -> None:
        super().__init__(
            f"{count} files; at most {limit} are allowed.", field=field, limit=limit, actual=count
        )


class TypeBlocked(UnsupportedType):
    """A type, or an ending of a name, that the door does not take."""

    code = "type_blocked"


class InvalidFilename(Invalid):
    """The name cannot be a file's name."""

    code = "invalid_filename"


class InvalidContentType(Invalid):
    """The type is not `token/token`."""

    code = "invalid_content_type"


class InvalidLink(Invalid):
    """Not an https address that people can be given."""

    code = "invalid_link"


class InvalidDigest(Invalid):
    """The text is not a SHA-256 in hex."""

    code = "invalid_sha256"


class WrongLength(Invalid):
    """Other than the reserved number of bytes."""

    code = "wrong_length"

    def __init__(self, *, expected: int, received: int) -> None:
        super().__init__(
            f"{expected:,} bytes were reserved and {received:,} came.",
            limit=expected,
            actual=received,
        )


class DigestMismatch(Unprocessable):
    """Other bytes than the caller said; both digests are hex SHA-256."""

    code = "digest_mismatch"

    def __init__(self, *, expected: str, actual: str) -> None:
        super().__init__(
            f"The bytes have the SHA-256 {actual}, not the given {expected}.",
            field="sha256",
            limit=expected,
            actual=actual,
        )


class BytesDiffer(Conflict):
    """The bytes are already there and are others: they never change once stored."""

    code = "bytes_differ"

    def __init__(self, *, stored: str, received: str) -> None:
        super().__init__(
            f"Other bytes are already stored (SHA-256 {stored}); they never change.",
            limit=stored,
            actual=received,
        )


class AttachmentInUse(Conflict):
    """A draft, or a message that is not yet sent, needs the file; `details` names them."""

    code = "in_use"

    def __init__(self, uses: Sequence[Mapping[str, Any]]) -> None:
        count = len(uses)
        super().__init__(
            f"{count} draft{'s' if count > 1 else ''} or unsent messages need this file."
            if count > 1
            else "A draft or an unsent message needs this file.",
            details=uses,
        )


class AttachmentRefused(Conflict):
    """The file was refused and cannot be had or used."""

    code = "attachment_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason or "The file was refused.")


class NothingToScan(Conflict):
    """There is nobody who could scan it, or nothing that could be scanned."""

    code = "nothing_to_scan"


class NotQuarantined(Conflict):
    """No scan holds the file back, so that nobody can release it."""

    code = "not_quarantined"


class AttachmentElsewhere(Conflict):
    """The bytes are not here, but at an address outside."""

    code = "attachment_elsewhere"

    def __init__(self, url: str) -> None:
        super().__init__(f"The bytes of this file are not here, but at {url}.")


class AttachmentNotReady(NotReady):
    """The bytes are on their way."""

    code = "attachment_not_ready"

    def __init__(self, state: str) -> None:
        super().__init__(
            "The bytes have not been uploaded yet."
            if state == "reserved"
            else "The file is still being checked."
        )
        self.state = state


class AttachmentGone(Gone):
    """The bytes were removed; `details` says when and why."""

    code = "attachment_gone"

    def __init__(self, *, code: str, reason: str, at: datetime | None) -> None:
        super().__init__(
            reason or "The bytes of this file were removed.",
            details={"reason": code, "at": spell_time(at)},
        )


class BytesMissing(Gone):
    """The storage does not have bytes that the database says are there."""

    code = "bytes_missing"

    def __init__(self) -> None:
        super().__init__("The bytes of this file are missing from the storage.")


class UploadNotFound(NotFound):
    """There is no such upload here: it has never been, was ended, or its file was deleted."""

    code = "upload_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such upload here.")


class UploadExpired(Gone):
    """The time of an upload ran out before its last byte."""

    code = "upload_expired"

    def __init__(self) -> None:
        super().__init__("This upload has expired: begin a new one.")


class UploadBusy(Conflict):
    """Another request appends to the upload."""

    code = "upload_busy"

    def __init__(self) -> None:
        super().__init__("Another request is sending bytes of this file; try again in a moment.")


class WrongOffset(Conflict):
    """The bytes are not those that come next."""

    code = "wrong_offset"

    def __init__(self, *, expected: int, received: int) -> None:
        super().__init__(
            f"The next byte is that at {expected:,}, not at {received:,}.",
            field="Upload-Offset",
            limit=expected,
            actual=received,
        )


class UploadOvertaken(Conflict):
    """The file got its bytes by another road."""

    code = "upload_overtaken"

    def __init__(self) -> None:
        super().__init__("The bytes of this file have come by another way.")


class ChecksumMismatch(Unprocessable):
    """Other bytes came than their checksum says; none of them was kept."""

    code = "checksum_mismatch"

    def __init__(self) -> None:
        super().__init__(
            "The bytes do not have the given checksum; none of them was kept.",
            field="Upload-Checksum",
        )


class UploadUnfit(Unprocessable):
    """All bytes have come, and they are not those that were announced."""

    code = "upload_unfit"


class StorageFull(Unavailable):
    """There is no room for the bytes; nothing of them was kept."""

    code = "storage_full"

    def __init__(self) -> None:
        super().__init__("There is no room left for files; nothing was stored.")


class StorageUnavailable(Unavailable):
    """The storage does not answer, or answers nonsense."""

    code = "storage_unavailable"

    def __init__(self) -> None:
        super().__init__("The file storage does not answer; try again later.")


class SignatureInvalid(Forbidden):
    """The URL is not as we signed it."""

    code = "signature_invalid"

    def __init__(self) -> None:
        super().__init__("The signature of this URL is wrong: use it exactly as it was given.")


class LinkExpired(Forbidden):
    """The time of a signed URL has run out."""

    code = "link_expired"

    def __init__(self) -> None:
        super().__init__("This URL has expired: ask for the attachment again to get a new one.")


class NoPreview(NotFound):
    """There is no picture of this file, and there will be none."""

    code = "no_preview"

    def __init__(self, reason: str = "") -> None:
        super().__init__(f"There is no preview of this file. {reason}".strip())
