"""Django's admin, with our site as the one at which every model registers."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class Frame(AdminConfig):
    """Named in the settings, in the place of `django.contrib.admin`."""

    default_site = "project.backoffice.site.OfficeSite"
