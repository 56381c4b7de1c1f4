"""Mail on its way in: first kept whole (`arrivals`), then read (`parsing`) into a message."""
