"""Addresses of drafts, below /api/v1."""

from django.urls import path

from drafts.api import AnswerViewSet, DraftFileViewSet, DraftViewSet

app_name = "drafts"

urlpatterns = [
    path("drafts", DraftViewSet.as_view({"get": "list", "post": "create"}), name="list"),
    path(
        "drafts/<str:id>",
        DraftViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="one",
    ),
    path("drafts/<str:id>/check", DraftViewSet.as_view({"get": "check"}), name="check"),
    path(
        "drafts/<str:id>/send",
        DraftViewSet.as_view({"post": "send", "delete": "unsend"}),
        name="send",
    ),
    path("drafts/<str:id>/attachments", DraftFileViewSet.as_view({"post": "create"}), name="files"),
    path(
        "drafts/<str:id>/attachments/<str:attachment_id>",
        DraftFileViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="file",
    ),
    *(
        path(
            f"messages/<str:id>/{action}",
            AnswerViewSet.as_view({"post": action}),
            name=action.replace("_", "-"),
        )
        for action in ("reply", "reply_all", "forward")
    ),
]
