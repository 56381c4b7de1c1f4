"""Where the contract is served."""

from django.urls import path, re_path

from project.contracts.kustomer.views.attachments import Attachments, OneAttachment
from project.contracts.kustomer.views.customers import CustomerBy, Customers, OneCustomer
from project.contracts.kustomer.views.draft_attachments import DraftAttachments, OneDraftAttachment
from project.contracts.kustomer.views.drafts import CustomerDrafts, OneDraft
from project.contracts.kustomer.views.messages import CustomerMessages, OneMessage

urlpatterns = [
    path("v1/customers", Customers.as_view()),
    re_path(
        r"^v1/customers/(?P<key>id|email|externalId|phone)=(?P<value>.+)\Z", CustomerBy.as_view()
    ),
    path("v1/customers/<str:id>", OneCustomer.as_view()),
    path("v1/customers/<str:id>/drafts", CustomerDrafts.as_view()),
    path("v1/customers/<str:id>/messages", CustomerMessages.as_view()),
    path("v1/drafts/<str:id>", OneDraft.as_view()),
    path("v1/drafts/<str:id>/attachments", DraftAttachments.as_view()),
    path("v1/drafts/<str:id>/attachments/<str:attachment_id>", OneDraftAttachment.as_view()),
    path("v1/messages/<str:id>", OneMessage.as_view()),
    path("v1/attachments", Attachments.as_view()),
    path("v1/attachments/<str:id>", OneAttachment.as_view()),
]
