"""Threads."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from messaging.threads import latest_first
from project.contracts.agentsend import docs
from project.contracts.agentsend.serializers import spell_thread
from project.contracts.agentsend.views.base import AgentSendView, find, listed, read_window
from project.contracts.schema import described


class InboxThreads(AgentSendView):
    """The conversations of an inbox."""

    @described(**docs.THREADS)
    def get(self, request: Request, id: str) -> Response:
        rows = self.threads.filter(inbox=self.active_inbox(id))
        found = latest_first(rows)[read_window(request)]
        return listed([spell_thread(one) for one in found], total=rows.count())


class OneThread(AgentSendView):
    """A conversation."""

    @described(**docs.THREAD)
    def get(self, request: Request, id: str) -> Response:
        return Response(spell_thread(find(latest_first(self.threads), "Thread", "thr", id)))


class ThreadMessages(AgentSendView):
    """What was said in a conversation."""

    @described(**docs.THREAD_MESSAGES)
    def get(self, request: Request, id: str) -> Response:
        thread = find(self.threads, "Thread", "thr", id)
        return self.messages_page(self.shown.filter(thread=thread), "id")
