"""The whole URL map."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from attachments.urls import signed
from messaging.api.manifests import manifest_keys
from messaging.manifest.keys import KEYS_PATH
from project.api.errors import answer_natively, register
from project.api.root import Root
from project.health import livez, readyz
from project.metrics import metrics
from project.pages import home

urlpatterns = [
    path("", home, name="home"),
    path("livez", livez),
    path("readyz", readyz),
    path("metrics", metrics),
    path(KEYS_PATH, manifest_keys),
    path("api/v1", Root.as_view(), name="api"),
    path("api/v1/", include("project.api.urls")),
    path("api/v1/", include("project.contracts.docs")),
    path("api/v1/", include("attachments.urls")),
    path("api/v1/", include("drafts.urls")),
    path("api/v1/", include("messaging.urls")),
    path("", include((signed, "links"))),
    path("", include("project.contracts.kustomer.urls")),
    path("", include("project.contracts.emailapi.urls")),
    path("", include("project.contracts.agentsend.urls")),
    path("", include("project.contracts.nylas.urls")),
    path("", include("project.contracts.bird.urls")),
    path("mail/", include("project.desk.urls")),
    path("admin/", admin.site.urls),
    # allauth's own paths end in a slash; who types one without is led there
    path("accounts/login", RedirectView.as_view(pattern_name="account_login", query_string=True)),
    path("accounts/", include("allauth.urls")),
]

if "WEBHOOK_SECRET" in settings.ANYMAIL:  # without it anybody could speak for the provider
    register("/anymail", answer_natively)
    urlpatterns.append(path("anymail/", include("anymail.urls")))
