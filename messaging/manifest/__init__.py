"""Delivery manifests: what was sent to whom, signed, and how to hold a saved mail against it."""
