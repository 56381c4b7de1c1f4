"""The back office: its frame, and its pages that are of no one model; see `admin` of each app."""
