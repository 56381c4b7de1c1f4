"""Files."""

from __future__ import annotations

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response

from attachments.api import TakesFiles
from attachments.confirm import confirm_attachment
from attachments.errors import AttachmentInUse
from attachments.filenames import UNNAMED
from attachments.limits import Limits
from attachments.models import Attachment, AttachmentState
from attachments.multipart import FormFile
from attachments.offers import Offer, keep_offer, put_offer
from attachments.retention import delete_attachment
from attachments.services import check_not_lost
from project.api.idempotency import fingerprint_of
from project.api.parsers import MultiPartParser
from project.contracts.agentsend import docs
from project.contracts.agentsend.limits import LIMITS
from project.contracts.agentsend.serializers import spell_attachment
from project.contracts.agentsend.views.base import AgentSendView, find, listed, read_window
from project.contracts.schema import described
from project.errors import Invalid
from project.ids import spell
from project.tenancy.models import Scope

PART = "file"


class AttachmentView(TakesFiles, AgentSendView):
    """A view on files."""

    parser_classes = [MultiPartParser]

    @property
    def limits(self) -> Limits:
        return LIMITS


class Attachments(AttachmentView):
    """Uploading, and what is there."""

    scopes = {"POST": Scope.FILES}

    @described(**docs.UPLOAD)
    def post(self, request: Request) -> Response:
        offer = self._offer()
        blob = put_offer(workspace=self.workspace, offer=offer, limits=LIMITS)

        def effect() -> Response:
            attachment = keep_offer(workspace=self.workspace, offer=offer, blob=blob, limits=LIMITS)
            return Response(spell_attachment(attachment), status=201)

        fields = [offer.filename, offer.content_type]
        fingerprint = fingerprint_of(request, fields=fields, digests=offer.digests)
        return self.once(effect, fingerprint=fingerprint)

    @described(**docs.ATTACHMENTS)
    def get(self, request: Request) -> Response:
        rows = self.workspace.attachments.visible().exclude(state=AttachmentState.GONE)
        found = rows.newest_first()[read_window(request)]
        return listed([spell_attachment(one) for one in found], total=rows.count())

    def _offer(self) -> Offer:
        """The part `file`, whatever else the form has. Raises Invalid."""
        files = cast("list[FormFile]", self.request.FILES.getlist(PART))
        if not files and PART in self.request.POST:
            raise Invalid("The part needs a file name.", field=PART)
        if len(files) != 1:
            message = f"The form has {len(files)} such parts; send one file in one."
            raise Invalid(message, field=PART, limit=1, actual=len(files))
        file = files[0]
        name = file.filename if file.filename.strip() else UNNAMED
        return Offer(filename=name, content_type=file.content_type, incoming=file.incoming)


class OneAttachment(AgentSendView):
    """A file."""

    scopes = {"DELETE": Scope.FILES}

    @described(**docs.ATTACHMENT)
    def get(self, request: Request, id: str) -> Response:
        attachment = self._attachment(id)
        if attachment.state == AttachmentState.GONE:
            check_not_lost(attachment)
        confirm_attachment(attachment)
        return Response(spell_attachment(attachment))

    @described(**docs.DELETE_ATTACHMENT)
    def delete(self, request: Request, id: str) -> Response:
        attachment = self._attachment(id)
        users = self.workspace.messages.filter(trashed_at__isnull=True).carrying(attachment.pk)
        if user := users.first():
            raise AttachmentInUse([{"kind": "message", "id": spell("msg", user.pk)}])
        delete_attachment(attachment=attachment)
        return Response(status=204)

    def _attachment(self, id: str) -> Attachment:
        return find(self.workspace.attachments.visible(), "Attachment", "att", id)
