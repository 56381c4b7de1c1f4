"""The pages that describe the native API."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import AllowAny


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3 description of this API."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class DocsView(SpectacularSwaggerSplitView):
    """The description as a page to read and to try."""

    authentication_classes = (SessionAuthentication,)  # for the page's own bar
    permission_classes = (AllowAny,)
    url_name = "api-schema"
    title = "API"
