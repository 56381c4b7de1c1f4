"""Addresses of the desk, below /mail."""

from django.urls import include, path

from project.desk.bodies import body
from project.desk.compose import answer, compose, draft
from project.desk.conversation import conversation, headers
from project.desk.drafts import discard, dismiss, drafts
from project.desk.files import delete as delete_file
from project.desk.files import file, files
from project.desk.holding import cancel, edit, move, send_now
from project.desk.outbox import outbox, outbox_mail
from project.desk.page import choose_workspace, home
from project.desk.places import place
from project.desk.scheduled import scheduled, waiting
from project.desk.sorting import empty, resolve, sort, undo
from project.desk.zips import files_zip

app_name = "desk"

urlpatterns = [
    path("", home, name="home"),
    path("workspace", choose_workspace, name="workspace"),
    path("outbox", outbox, name="outbox"),
    path("outbox/<str:id>.eml", outbox_mail, name="outbox-mail"),
    path("compose", compose, name="compose"),
    path("drafts/<str:id>", draft, name="draft"),
    path("drafts/<str:id>/discard", discard, name="discard"),
    path("drafts/<str:id>/dismiss", dismiss, name="dismiss"),
    path("threads/<str:id>", conversation, name="conversation"),
    path("messages/<str:id>/body", body, name="body"),
    path("messages/<str:id>/headers", headers, name="headers"),
    path("messages/<str:id>/files.zip", files_zip, name="files-zip"),
    path("messages/<str:id>/resolve", resolve, name="resolve"),
    path("messages/<str:id>/edit", edit, name="edit"),
    path("messages/<str:id>/move", move, name="move"),
    path("messages/<str:id>/now", send_now, name="send-now"),
    path("messages/<str:id>/cancel", cancel, name="cancel"),
    path("messages/<str:id>/<str:how>", answer, name="answer"),
    path("files", files, name="files"),
    path("files/<str:id>", file, name="file"),
    path("files/<str:id>/delete", delete_file, name="file-delete"),
    path("sort", sort, name="sort"),
    path("undo", undo, name="undo"),
    path("<str:inbox_id>/trash/empty", empty, name="empty-trash"),
    path("<str:inbox_id>/scheduled", scheduled, name="scheduled"),
    path("<str:inbox_id>/waiting", waiting, name="waiting"),
    path("<str:inbox_id>/drafts", drafts, name="drafts"),
    path("", include("project.desk.settings.urls")),
    # behind all others, since an inbox may stand where they have a word
    path("<str:inbox_id>/<str:name>", place, name="place"),
]
