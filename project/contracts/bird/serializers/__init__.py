"""Bird's spelling."""
