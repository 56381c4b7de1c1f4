"""Files, no matter who uses them."""
