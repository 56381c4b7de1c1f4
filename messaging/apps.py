from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        """Listen to what happens to files."""
        from messaging.outbox import sweep  # noqa: F401
