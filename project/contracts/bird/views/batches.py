"""Several messages at once."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from project.contracts.bird import docs
from project.contracts.bird.limits import MAX_BATCH, MAX_BATCH_BYTES
from project.contracts.bird.serializers.messages import spell_item
from project.contracts.bird.submissions import Submission, send_submissions
from project.contracts.bird.views.base import SendingView
from project.contracts.schema import described
from project.errors import Invalid
from project.tenancy.models import Scope


class Batches(SendingView):
    """Sending up to a hundred messages, all or none."""

    scopes = {"POST": Scope.SEND}
    max_json_bytes = MAX_BATCH_BYTES
    json_types = (dict, list)

    @described(**docs.BATCH)
    def post(self, request: Request) -> Response:
        """Send several messages; if one is refused, none is sent."""

        def effect(ready: list[Submission]) -> Response:
            sent = send_submissions(ready, self.workspace)
            return Response({"data": [spell_item(one) for one in sent]}, status=202)

        return self.prepared(lambda: self.submissions(read_batch(request.data)), effect)


def read_batch(given: Any) -> dict[str, Any]:
    """The messages of a batch by their places: of `{"messages": […]}`, or of a bare list.

    Raises Invalid.
    """
    values = given.get("messages") if isinstance(given, dict) else given
    if not isinstance(values, list):
        message = 'must be a list of messages, or {"messages": […]}'
        raise Invalid(message, field="messages")
    if not 1 <= len(values) <= MAX_BATCH:
        message = f"must have 1 to {MAX_BATCH} messages; there are {len(values)}"
        raise Invalid(message, field="messages", limit=MAX_BATCH, actual=len(values))
    return {f"messages[{position}]": value for position, value in enumerate(values)}
