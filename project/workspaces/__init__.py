"""Running a workspace: its settings, who is in it, and who is asked in."""
