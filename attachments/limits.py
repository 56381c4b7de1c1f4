"""What a door accepts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from attachments.errors import FileTooLarge, TooManyFiles, TotalTooLarge, TypeBlocked
from attachments.filenames import MAX_FILENAME, extension_of
from project.tenancy.models import Workspace

MIB = 1024 * 1024
NATIVE_FILE_BYTES = 25 * MIB
NATIVE_MESSAGE_BYTES = 36 * MIB  # as sent: 25 MiB of file are 34.2 MiB in base64 with its lines
NATIVE_FILES = 200


def encoded_size(size: int) -> int:
    """The bytes that a file of `size` bytes takes in a mail: base64 in CRLF lines of 76.

    Source: RFC 2045, section 6.8.
    """
    characters = -(-size // 3) * 4
    return characters + -(-characters // 76) * 2


@dataclass(frozen=True, kw_only=True)
class MailSizes:
    """How large a mail is, in bytes: its files decoded, its bodies in UTF-8, and all as sent."""

    files: Sequence[int]
    bodies: int
    as_sent: int


def as_sent(sizes: MailSizes) -> int:
    """The whole mail, as it travels."""
    return sizes.as_sent


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a door accepts of files; each door passes its own, and services apply it.

    `total_of` says what of a mail `max_total_bytes` bounds. Types and endings are lower case,
    endings without their dot; an empty `allowed_types` allows all. With `believes_types` a declared
    type stands even where it says nothing, and no type is found by looking at the bytes.
    """

    max_file_bytes: int
    max_total_bytes: int
    max_files: int
    total_of: Callable[[MailSizes], int] = as_sent
    max_filename: int = MAX_FILENAME
    allowed_types: frozenset[str] = frozenset()
    blocked_types: frozenset[str] = frozenset()
    blocked_extensions: frozenset[str] = frozenset()
    believes_types: bool = False

    @classmethod
    def for_workspace(cls, workspace: Workspace) -> Self:
        """The native limits; whoever sends decides on types, but for the endings it blocks."""
        return cls(
            max_file_bytes=workspace.max_file_bytes or NATIVE_FILE_BYTES,
            max_total_bytes=workspace.max_message_bytes or NATIVE_MESSAGE_BYTES,
            max_files=NATIVE_FILES,
            blocked_extensions=frozenset(
                extension.removeprefix(".").lower() for extension in workspace.blocked_extensions
            ),
        )

    def check_size(self, size: int, *, field: str | None = None) -> None:
        """Raises FileTooLarge for a file of more than the allowed bytes."""
        if size > self.max_file_bytes:
            raise FileTooLarge(size=size, limit=self.max_file_bytes, field=field)

    def check_count(self, count: int, *, field: str | None = None) -> None:
        """Raises TooManyFiles."""
        if count > self.max_files:
            raise TooManyFiles(count=count, limit=self.max_files, field=field)

    def check_total(self, sizes: MailSizes, *, field: str | None = None) -> None:
        """Raises TotalTooLarge."""
        size = self.total_of(sizes)
        if size > self.max_total_bytes:
            raise TotalTooLarge(size=size, limit=self.max_total_bytes, field=field)

    def check_type(self, *, filename: str, content_type: str) -> None:
        """Raises TypeBlocked for a type or an ending that the door does not take."""
        essence = content_type.partition(";")[0]
        if essence in self.blocked_types or (
            self.allowed_types and essence not in self.allowed_types
        ):
            raise TypeBlocked(
                f"Files of the type {essence} are not taken here.",
                field="content_type",
                actual=essence,
            )
        if (extension := extension_of(filename)) in self.blocked_extensions:
            raise TypeBlocked(
                f"Files that end in .{extension} are not taken here.",
                field="filename",
                actual=extension,
            )
