"""Messages, and what belongs to them, in the native spelling."""
