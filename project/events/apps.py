from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "project.events"
    label = "events"

    def ready(self) -> None:
        """Listen to what happens to the words of messages."""
        from project.events.webhooks import queue  # noqa: F401
