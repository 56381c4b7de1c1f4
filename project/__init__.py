"""The frame: what knows the whole house."""

from project.celery import app as celery_app

__all__ = ["celery_app"]
