"""A small API that uses every convention, for the tests of this folder."""

from __future__ import annotations

import hashlib
import io
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_GET
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from project import errors
from project.api.bodies import take_content
from project.api.fields import AddressField, IdField, LineField, TextField, TimeField
from project.api.idempotency import fingerprint_of, once
from project.api.parsers import JSONParser, MultiPartParser, RawParser
from project.api.schema import PAGING, paged
from project.api.serializers import StrictSerializer
from project.api.versions import take_version
from project.api.views import ApiView, ApiViewSet
from project.ids import new_id, read, spell
from project.tenancy.models import Domain


class DomainIn(StrictSerializer):
    name = LineField(max_length=253, allow_blank=False)
    note = TextField(required=False)


class DomainOut(serializers.Serializer[Any]):
    id = IdField("dom")
    name = serializers.CharField()
    created_at = TimeField()


class PersonIn(StrictSerializer):
    email = serializers.EmailField()


class LetterIn(StrictSerializer):
    version = serializers.IntegerField(required=False, min_value=1)
    inbox_id = IdField("inb", required=False)
    sender = AddressField(required=False)
    to = serializers.ListField(child=PersonIn(), required=False)
    send_at = TimeField(required=False)
    subject = LineField(required=False)
    text = TextField(required=False, max_length=1_000_000)


class Domains(ApiViewSet):
    """Domains of the workspace."""

    scopes = {"create": "admin", "list": "read", "destroy": "admin"}

    @extend_schema(responses=paged(DomainOut), parameters=PAGING)
    def list(self, request: Request) -> Response:
        return self.page(self.workspace.domains.all(), DomainOut)

    @extend_schema(request=DomainIn, responses={201: DomainOut})
    def create(self, request: Request) -> Response:
        fields = self.parse(DomainIn)

        def effect() -> Response:
            name = fields["name"]
            if Domain.objects.filter(name=name).exists():
                raise errors.Conflict("Taken.", field="name", details={"current": name})
            domain = Domain.objects.create(workspace=self.workspace, name=name)
            return Response(DomainOut(domain).data, status=201)

        return once(request, effect)

    @extend_schema(responses=DomainOut)
    def retrieve(self, request: Request, domain_id: str) -> Response:
        domain = self.workspace.domains.filter(id=read("dom", domain_id)).first()
        if domain is None:
            raise errors.NotFound("There is no such domain.")
        return Response(DomainOut(domain).data)


class Letters(ApiView):
    """Echoes what it read."""

    scopes = {"PATCH": "draft", "POST": "draft"}

    def post(self, request: Request) -> Response:
        fields = self.parse(LetterIn)
        version = take_version(request, fields)
        if "inbox_id" in fields:
            fields["inbox_id"] = spell("inb", fields["inbox_id"])
        if "send_at" in fields:
            fields["send_at"] = TimeField().to_representation(fields["send_at"])
        return Response({"version": version, "fields": fields})

    patch = post


class TestSink:
    """A file that can say whether it was closed."""

    __test__ = False
    closed: list[bool] = []
    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.file = io.BytesIO()
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, block: bytes) -> None:
        self.digest.update(block)
        self.size += len(block)
        self.file.write(block)

    def close(self) -> None:
        self.file.close()
        self.closed.append(True)


class Files(ApiView):
    """Takes files by either road and tells their digests."""

    scopes = {"POST": "files", "PUT": "files"}
    parser_classes = [JSONParser, MultiPartParser]

    def open_content(self) -> TestSink:
        return TestSink()

    def post(self, request: Request) -> Response:
        if request.FILES:
            file = request.FILES["file"]
            seen = {"sha256": hashlib.sha256(file.read()).hexdigest(), "name": file.name}
            digests, fields = [seen["sha256"]], {"name": file.name}
        else:
            fields = request.data
            sink = take_content(fields, open=self.open_sink)
            seen = {"sha256": sink.digest.hexdigest()} if isinstance(sink, TestSink) else {}
            digests = list(seen.values())
            seen["rest"] = {name: str(type(value).__name__) for name, value in fields.items()}
        return once(
            request,
            lambda: Response({**seen, "id": str(new_id())}, status=201),
            fingerprint=fingerprint_of(
                request, fields={} if "rest" in seen else fields, digests=digests
            ),
        )


class Raw(ApiView):
    """Takes any type of body."""

    scopes = {"POST": "files"}
    parser_classes = [RawParser]

    def post(self, request: Request) -> Response:
        return Response({"size": len(request.data.read())})


RAISED: dict[str, Exception] = {
    "invalid": errors.Invalid("No.", field="a[0].b"),
    "unauthenticated": errors.Unauthenticated("No."),
    "forbidden": errors.Forbidden("No."),
    "not_found": errors.NotFound("No."),
    "conflict": errors.Conflict("No.", details={"current": 7}),
    "gone": errors.Gone("No."),
    "too_large": errors.TooLarge("No.", limit=10, actual=11),
    "unsupported": errors.UnsupportedType("No."),
    "unprocessable": errors.Unprocessable("No.", details=[{"code": "x"}]),
    "not_ready": errors.NotReady("No."),
    "too_many": errors.TooMany("No.", retry_after=9),
    "unavailable": errors.Unavailable("No."),
    "http404": Http404(),
    "denied": PermissionDenied(),
    "suspicious": SuspiciousOperation(),
    "bug": ZeroDivisionError("secret"),
}


class Raising(ApiView):
    """Raises what it is asked to."""

    def get(self, request: Request, name: str) -> Response:
        raise RAISED[name]


class Careless(ApiView):
    """Writes, and names no scope for it."""

    def post(self, request: Request) -> Response:
        return Response()


class ByColumns(ApiView):
    """A list in an order of its own."""

    def get(self, request: Request) -> Response:
        return self.page(
            self.workspace.domains.all(), lambda row: {"name": row.name}, order=("created_at", "id")
        )


@require_GET
def plain(request: HttpRequest, name: str) -> HttpResponse:
    """A view that is not DRF's."""
    if name in RAISED:
        raise RAISED[name]
    return HttpResponse(name, status=int(name))


urlpatterns = [
    path("api/v1/domains", Domains.as_view({"get": "list", "post": "create"})),
    path("api/v1/domains/<str:domain_id>", Domains.as_view({"get": "retrieve"})),
    path("api/v1/letters", Letters.as_view()),
    path("api/v1/files", Files.as_view()),
    path("api/v1/raw", Raw.as_view()),
    path("api/v1/raising/<str:name>", Raising.as_view()),
    path("api/v1/careless", Careless.as_view()),
    path("api/v1/by-columns", ByColumns.as_view()),
    path("dl/<str:name>", plain),
    path("elsewhere/<str:name>", plain),
    path("", include("project.urls")),
]
