"""Mail on its way in."""
