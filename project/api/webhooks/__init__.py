"""Webhooks in the native API: endpoints, what they were told, and telling it again."""
