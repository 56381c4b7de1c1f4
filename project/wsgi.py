"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django_application = get_wsgi_application()

from project.request_bodies import WholeBodies  # noqa: E402 (it needs the apps)

application = WholeBodies(django_application)
