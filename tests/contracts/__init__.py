"""The doors of others, tested as their documents have them."""
