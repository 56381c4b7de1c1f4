"""The native door to messages, and to what belongs to them."""
