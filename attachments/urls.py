"""Addresses of files: `urlpatterns` below /api/v1, `signed` at the root."""

from django.urls import path

from attachments.api import AttachmentViewSet
from attachments.links import DownloadLink, FormLink, UploadLink
from attachments.tus.api import Uploads

app_name = "attachments"

urlpatterns = [
    path("attachments", AttachmentViewSet.as_view({"get": "list", "post": "create"}), name="list"),
    path(
        "attachments/<str:id>",
        AttachmentViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="one",
    ),
    path(
        "attachments/<str:id>/content",
        AttachmentViewSet.as_view({"get": "content"}),
        name="content",
    ),
    path(
        "attachments/<str:id>/preview",
        AttachmentViewSet.as_view({"get": "preview"}),
        name="preview",
    ),
    path("attachments/<str:id>/uses", AttachmentViewSet.as_view({"get": "uses"}), name="uses"),
    path("uploads", Uploads.as_view({"post": "create"}), name="uploads"),
    path(
        "uploads/<str:id>",
        Uploads.as_view({"get": "retrieve", "patch": "append", "delete": "destroy"}),
        name="upload",
    ),
]

signed = [
    path("up/<str:id>", UploadLink.as_view(), name="up"),
    path("up/<str:id>/form", FormLink.as_view(), name="up-form"),
    path("dl/<str:id>.<str:extension>", DownloadLink.as_view(), name="dl"),
]
