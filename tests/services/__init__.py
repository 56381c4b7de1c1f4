"""Real servers for the tests: each found by its environment variable, or started and ended here."""
