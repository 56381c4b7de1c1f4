"""The sample API as a WSGI application, for a real gunicorn; it needs no database.

`gunicorn tests.project.api.live`
"""

import hashlib
import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.urls import include, path  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402

from project.api.parsers import JSONParser, MultiPartParser, RawParser  # noqa: E402
from project.api.views import ApiView  # noqa: E402
from project.errors import Forbidden  # noqa: E402
from project.wsgi import application  # noqa: E402
from tests.project.api.sample import TestSink  # noqa: E402

__all__ = ["application"]


class Open(ApiView):
    authentication_classes = []
    permission_classes = []
    scopes = {"POST": "read", "PUT": "read"}


class Echo(Open):
    """What came, by name and digest."""

    parser_classes = [JSONParser, MultiPartParser]

    def open_content(self) -> TestSink:
        return TestSink()

    def post(self, request: Request) -> Response:
        files = {
            name: hashlib.sha256(file.read()).hexdigest() for name, file in request.FILES.items()
        }
        fields = {name: str(request.data[name])[:50] for name in request.data if name not in files}
        return Response({"fields": fields, "files": files})


class Raw(Open):
    """The size and digest of the body, read in blocks."""

    parser_classes = [RawParser]

    def put(self, request: Request) -> Response:
        size, digest = 0, hashlib.sha256()
        while block := request.data.read(262_144) if request.data else b"":
            size += len(block)
            digest.update(block)
        return Response({"size": size, "sha256": digest.hexdigest()})


class Refusing(Open):
    """Says no without reading."""

    def put(self, request: Request) -> Response:
        raise Forbidden("No.")


settings.ROOT_URLCONF = __name__
urlpatterns = [
    path("api/v1/echo", Echo.as_view()),
    path("api/v1/raw", Raw.as_view()),
    path("api/v1/refusing", Refusing.as_view()),
    path("", include("project.urls")),
]
