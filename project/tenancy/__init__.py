"""Who is asking: people, workspaces, keys."""
