"""The files of a message, and their bytes."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.download import answer_with_bytes
from messaging.models import Message, MessageAttachment
from messaging.retention import check_files_kept
from project.contracts.bird import docs
from project.contracts.bird.errors import StorageOff
from project.contracts.bird.serializers.messages import files_of, spell_file
from project.contracts.bird.views.base import BirdView
from project.contracts.schema import described
from project.errors import NotFound
from project.ids import read


class Files(BirdView):
    """The files of a message."""

    @described(**docs.FILES)
    def get(self, request: Request, message_id: str) -> Response:
        """What is known of them; it stays when the bytes are gone."""
        files = files_of(self.message(message_id))
        return Response({"data": [spell_file(one) for one in files]})


class File(BirdView):
    """The bytes of a file."""

    @described(**docs.DOWNLOAD)
    def get(self, request: Request, message_id: str, attachment_id: str) -> HttpResponseBase:
        """The bytes of a file, for as long as they are kept."""
        file = self._file(self.message(message_id, whole=False), attachment_id)
        response = answer_with_bytes(
            request._request, file.attachment, filename=file.filename, inline=file.inline
        )
        # As its metadata have it: whoever sends a key asks from a program, and nosniff stands.
        response["Content-Type"] = file.attachment.content_type
        return response

    def _file(self, message: Message, id: str) -> MessageAttachment:
        """A file whose bytes may be asked for. Raises StorageOff, NotFound, AttachmentGone."""
        if not message.stores_content:
            raise StorageOff(
                "Content storage was off when the message was sent: it has no stored content."
            )
        rows = MessageAttachment.objects.filter(message=message, in_mail=True)
        found = rows.select_related("attachment__blob").filter(attachment=read("ea", id)).first()
        if found is None:
            raise NotFound(f"The message has no attachment {id}.")
        check_files_kept(message, at=timezone.now())
        found.message = message
        return found
