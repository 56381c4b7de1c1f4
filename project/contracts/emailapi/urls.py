"""Where the contract is served."""

from django.urls import path

from project.contracts.emailapi import views

urlpatterns = [
    path("api/email/attachments", views.Attachments.as_view()),
    path("api/email/attachments/<str:id>", views.OneAttachment.as_view()),
    path("api/email/attachments/<str:id>/download", views.Download.as_view()),
    path("api/email/send", views.Send.as_view()),
    path("api/email/messages/<str:id>", views.OneMessage.as_view()),
]
