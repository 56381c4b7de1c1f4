from django.apps import AppConfig


class AttachmentsConfig(AppConfig):
    name = "attachments"

    def ready(self) -> None:
        from attachments import checks  # noqa: F401  (registers them)
        from attachments.inventory import own  # noqa: F401
