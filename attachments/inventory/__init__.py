"""Whether the storage has what the database says, and nothing else."""
