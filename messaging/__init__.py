"""What was sent and received."""
