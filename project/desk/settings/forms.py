"""What the forms of the settings have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest, QueryDict

from project.errors import Refusal


class SettingsForm(forms.Form):
    """A form whose mistakes stand at their fields, with the focus on the first of them."""

    def __init__(
        self, given: QueryDict | None = None, *, initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(given, initial=dict(initial or {}))

    def choose_from(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        """Let the field of this name offer these values, each with its words."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        wrong = [one for name, one in self.fields.items() if name in self.errors]
        for one in self.fields.values():
            one.widget.attrs.pop("autofocus", None)
        for one in wrong[:1]:
            one.widget.attrs["autofocus"] = True

    def refuse(self, refusal: Refusal) -> None:
        """Say the core's "no" at the field that it names, if that is one of these."""
        name = (refusal.field or "").partition("[")[0]
        self.add_error(name if name in self.fields else None, refusal.message)

    @property
    def status(self) -> int:
        """Of the answer that shows it: 422 when it was refused."""
        return 422 if self.is_bound else 200


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: what was sent, be it nothing; None while it is only looked at."""
    return request.POST if request.method == "POST" else None


def line(**options: Any) -> forms.CharField:
    """A text on one line, of at most 255 characters."""
    one = RegexValidator(r"[\r\n]", "This is one line.", inverse_match=True)
    return forms.CharField(**{"max_length": 255, "required": False, "validators": [one], **options})
