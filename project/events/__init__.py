"""What happened: the one log, and those who listen."""
