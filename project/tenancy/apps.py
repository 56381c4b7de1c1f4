from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "project.tenancy"
    label = "tenancy"

    def ready(self) -> None:
        """Note when people sign in."""
        from project import sessions  # noqa: F401
