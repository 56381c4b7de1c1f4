"""The addresses of the contract."""
