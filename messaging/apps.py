from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        """Listen to what happens to files, and to what a provider says; have keys of its own."""
        from messaging import inventory  # noqa: F401
        from messaging.outbox import sweep  # noqa: F401
        from messaging.receiving import provider  # noqa: F401
