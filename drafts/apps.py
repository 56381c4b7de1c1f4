from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "drafts"

    def ready(self) -> None:
        """Listen to what becomes of messages."""
        from drafts import forgetting, reopening  # noqa: F401
