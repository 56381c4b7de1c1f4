"""Attachments at the native door."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from attachments import docs
from attachments.confirm import confirm_attachment
from attachments.download import answer_with_bytes
from attachments.errors import AttachmentNotFound
from attachments.incoming import Incoming
from attachments.limits import Limits
from attachments.models import Attachment, AttachmentQuerySet, AttachmentState
from attachments.multipart import FormFile, FormHandler
from attachments.offers import Offer, keep_offer, put_offer
from attachments.previewing import answer_with_preview
from attachments.retention import delete_attachment, spell_use
from attachments.serializers import (
    PREFIX,
    AttachmentFields,
    AttachmentOut,
    FormFields,
    ReservationFields,
    UseOut,
    spell_attachment,
)
from attachments.services import clean_digest
from attachments.uses import Use, uses_of
from project.api.bodies import take_content
from project.api.idempotency import fingerprint_of, once
from project.api.paging import read_flag
from project.api.parsers import JSONParser, MultiPartParser, opener
from project.api.schema import PAGING, paged
from project.api.times import spell_time
from project.api.views import ApiView, ApiViewSet
from project.errors import Invalid
from project.ids import read
from project.tenancy.models import Scope


class TakesFiles(ApiView):
    """A view to which files may come, in JSON or in a form: streamed to where they stay."""

    parser_classes = [JSONParser, MultiPartParser]

    @property
    def limits(self) -> Limits:
        return Limits.for_workspace(self.workspace)

    def open_content(self) -> Incoming:
        return Incoming(limit=self.limits.max_file_bytes)

    def upload_handlers(self, request: Request) -> list[FormHandler]:
        open = cast("Any", opener(request, self.open_content))
        return [FormHandler(request._request, open=open)]

    def offer_of(self, entry: dict[str, Any], *, field: str = "") -> Offer:
        """The file that `{"filename", "content" or "size", …}` describes.

        `field` is where the entry stands, such as `attachments[0].`. Raises ValidationError,
        Invalid and InvalidBase64.
        """
        entry = dict(entry)
        if "content" in entry and "size" in entry:
            raise Invalid("Give content or size, not both.", field=f"{field}size")
        if "content" not in entry and "size" not in entry:
            raise Invalid("Give content (base64), or size to reserve.", field=f"{field}content")
        open = opener(self.request, self.open_content)
        sink = take_content(entry, open=open, field=f"{field}content")
        serializer = AttachmentFields if sink else ReservationFields
        fields = self.parse(serializer, data=entry)
        return Offer(
            incoming=cast("Incoming | None", sink),
            filename=fields["filename"],
            content_type=fields.get("content_type") or "",
            sha256=fields.get("sha256") or "",
            size=fields.get("size", 0),
        )

    def offer_of_form(self) -> Offer:
        """The file of a form. Raises ValidationError and Invalid."""
        file = self.form_file("file")
        fields = self.parse(FormFields, data=self.form_fields())
        return Offer(
            incoming=file.incoming,
            filename=fields.get("filename") or file.filename,
            content_type=file.content_type,
            sha256=fields.get("sha256", ""),
        )

    def form_file(self, name: str) -> FormFile:
        """The one file of a form. Raises Invalid for none, for several, and for others."""
        for other in self.request.FILES:
            if other != name:
                raise Invalid("There is no such file field.", field=other)
        files = self.request.FILES.getlist(name)
        if len(files) != 1:
            raise Invalid(f"Give one file in the form field {name!r}.", field=name)
        return cast("FormFile", files[0])

    def form_fields(self) -> dict[str, Any]:
        """The fields of a form that are not files."""
        return dict(self.request.POST.items())

    def entry(self) -> dict[str, Any]:
        """The JSON object of the request."""
        return cast("dict[str, Any]", self.request.data)

    def is_form(self) -> bool:
        return bool(self.request.content_type.startswith("multipart/"))


class AttachmentViewSet(TakesFiles, ApiViewSet):
    """Files: upload once by any road, attach them to drafts and messages, download them."""

    scopes = {"create": Scope.FILES, "destroy": Scope.FILES}

    @extend_schema(**docs.CREATE)
    def create(self, request: Request) -> Response:
        """Upload a file, or reserve one whose bytes come later."""
        offer = self.offer_of_form() if self.is_form() else self.offer_of(self.entry())
        blob = put_offer(workspace=self.workspace, offer=offer, limits=self.limits)

        def effect() -> Response:
            attachment = keep_offer(
                workspace=self.workspace, offer=offer, blob=blob, limits=self.limits
            )
            return Response(spell_attachment(attachment), status=201)

        fingerprint = fingerprint_of(
            request,
            fields=[offer.filename, offer.content_type, offer.sha256, offer.size],
            digests=offer.digests,
        )
        return once(request, effect, fingerprint=fingerprint)

    @extend_schema(
        responses=paged(AttachmentOut),
        parameters=[*docs.FILTERS, *PAGING],
        filters=False,
        examples=[docs.READY],
    )
    def list(self, request: Request) -> Response:
        """Files, newest first."""
        return self.page(self._filtered(), spell_attachment)

    @extend_schema(responses=AttachmentOut, parameters=[docs.ID], examples=[docs.READY])
    def retrieve(self, request: Request, id: str) -> Response:
        """One file. Looks first whether the bytes of a pre-signed upload have come."""
        attachment = self._attachment(id)
        confirm_attachment(attachment)
        return Response(spell_attachment(attachment))

    @extend_schema(responses={204: None}, parameters=[docs.ID])
    def destroy(self, request: Request, id: str) -> Response:
        """Delete a file. Sent messages keep theirs; drafts and unsent ones forbid it (409)."""
        delete_attachment(attachment=self._attachment(id))
        return Response(status=204)

    @extend_schema(**docs.CONTENT)
    def content(self, request: Request, id: str) -> HttpResponseBase:
        """The bytes: Range, If-Range, If-None-Match; the ETag is the SHA-256."""
        attachment = self._attachment(id)
        confirm_attachment(attachment)
        inline = read_flag(request, "inline")
        return answer_with_bytes(request._request, attachment, inline=inline)

    @extend_schema(**docs.PREVIEW)
    def preview(self, request: Request, id: str) -> HttpResponseBase:
        """A small picture of it: of an image, or of the first page of a PDF."""
        return answer_with_preview(request._request, self._attachment(id))

    @extend_schema(responses=paged(UseOut), parameters=[docs.ID], examples=[docs.USE])
    def uses(self, request: Request, id: str) -> Response:
        """The drafts and messages that carry the file, newest first."""
        uses = uses_of(self._attachment(id).pk)
        return Response({"data": [_spell_use(use) for use in uses], "next": None})

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        # Accept speaks of the file here, whose type is what it is.
        return super().perform_content_negotiation(request, force or self.action in BYTES)

    def _attachment(self, id: str) -> Attachment:
        found = self._visible().filter(pk=read(PREFIX, id)).first()
        if found is None:
            raise AttachmentNotFound(id)
        return found

    def _visible(self) -> AttachmentQuerySet:
        return self.workspace.attachments.visible().select_related("blob")

    def _filtered(self) -> QuerySet[Attachment]:
        wanted, given = self._visible(), self.request.query_params
        if search := given.get("search"):
            wanted = wanted.filter(filename__icontains=search)
        if state := given.get("state"):
            if state not in AttachmentState.values:
                raise Invalid(f"There is no state {state!r}.", field="state")
            wanted = wanted.filter(state=state)
        if content_type := given.get("content_type"):
            wanted = wanted.filter(content_type=content_type.lower())
        if sha256 := given.get("sha256"):
            wanted = wanted.having_digest(clean_digest(sha256))
        if read_flag(self.request, "unused"):
            wanted = wanted.unused()
        return wanted


BYTES = ("content", "preview")


def _spell_use(use: Use) -> dict[str, Any]:
    return {**spell_use(use), "at": spell_time(use.at)}
