"""What concerns the account and the installation: domains, sign-up, health."""

from __future__ import annotations

from typing import NoReturn

from rest_framework.request import Request
from rest_framework.response import Response

from project.contracts.agentsend import docs
from project.contracts.agentsend.serializers import spell_domain
from project.contracts.agentsend.views.base import AgentSendView, find, listed, read_window
from project.contracts.schema import described
from project.errors import Forbidden, NotFound
from project.tenancy.models import Scope


def refuse_domain_work() -> NoReturn:
    """Raise NotFound: the operator adds domains, and takes them away."""
    raise NotFound("Domains are added and removed by whoever runs this installation.")


class Domains(AgentSendView):
    """The mail domains of the account."""

    scopes = {"POST": Scope.ADMIN}

    @described(**docs.DOMAINS)
    def get(self, request: Request) -> Response:
        rows = self.workspace.domains.order_by("-id")
        found = rows[read_window(request)]
        return listed([spell_domain(one) for one in found], total=rows.count())

    @described(exclude=True)
    def post(self, request: Request) -> Response:
        refuse_domain_work()


class OneDomain(AgentSendView):
    """A mail domain of the account."""

    scopes = {"DELETE": Scope.ADMIN}

    @described(**docs.DOMAIN)
    def get(self, request: Request, id: str) -> Response:
        return Response(spell_domain(find(self.workspace.domains.all(), "Domain", "dom", id)))

    @described(exclude=True)
    def delete(self, request: Request, id: str) -> Response:
        refuse_domain_work()


class VerifyDomain(AgentSendView):
    """Having a domain verified, which is not done here."""

    scopes = {"POST": Scope.ADMIN}

    @described(exclude=True)
    def post(self, request: Request, id: str) -> Response:
        refuse_domain_work()


class OpenView(AgentSendView):
    """What anybody may ask."""

    authentication_classes = []
    permission_classes = []
    throttle_classes = []


class AutoProvision(OpenView):
    """Making an account without being asked who one is, which is not done here."""

    @described(exclude=True)
    def post(self, request: Request) -> Response:
        raise Forbidden("Accounts are made by whoever runs this installation; use a key of theirs.")


class Health(OpenView):
    """Whether the web answers; `/readyz` says whether all works that it depends on."""

    @described(**docs.HEALTH)
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})
