"""Files in forms (RFC 7578), streamed to where they stay: no second temporary file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser
from django.utils.encoding import force_str

from attachments.incoming import BLOCK_BYTES, Incoming

Open = Callable[[], Incoming]


@dataclass(frozen=True, kw_only=True)
class FormFile:
    """A file of a form: its name and type are as the client gave them, the bytes as they came."""

    filename: str
    content_type: str
    incoming: Incoming

    def close(self) -> None:
        self.incoming.close()


class FormHandler(FileUploadHandler):
    """Reads a form into fields and `FormFile`s. The only upload handler that a request needs.

    `open` makes the Incoming of each file; it is responsible for its being closed.
    """

    def __init__(self, request: HttpRequest, *, open: Open) -> None:
        super().__init__(request)
        self._open = open

    def handle_raw_input(
        self,
        input_data: Any,
        META: Mapping[str, Any],
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> tuple[Any, Any]:
        parts = PartHandler(self.request, open=self._open)
        return FormParser(META, input_data, [parts], encoding).parse()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        raise NotImplementedError("PartHandler receives the parts.")

    def file_complete(self, file_size: int) -> None:
        raise NotImplementedError("PartHandler receives the parts.")


class PartHandler(FileUploadHandler):
    """Writes the file parts of a form to Incomings."""

    chunk_size = BLOCK_BYTES

    def __init__(self, request: HttpRequest | None, *, open: Open) -> None:
        super().__init__(request)
        self._open = open
        self._incoming: Incoming | None = None

    def new_file(self, *arguments: Any, **named: Any) -> None:
        super().new_file(*arguments, **named)
        self._incoming = self._open()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self._incoming is not None
        self._incoming.write(raw_data)

    def file_complete(self, file_size: int) -> Any:
        assert self._incoming is not None
        charset = f"; charset={force_str(self.charset, errors='replace')}" if self.charset else ""
        return FormFile(
            filename=self.file_name or "",
            content_type=f"{self.content_type or ''}{charset}",
            incoming=self._incoming,
        )


class FormParser(MultiPartParser):
    """Django's parser, but for names: `clean_filename` judges them as the client wrote them."""

    def sanitize_file_name(self, file_name: str) -> str:
        return file_name
