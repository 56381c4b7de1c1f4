"""Random bytes for the mail reader, guided by which of its lines they reach."""
