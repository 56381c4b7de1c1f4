"""The pages at which a workspace is run, and at which people look after themselves."""
