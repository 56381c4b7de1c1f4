"""Wire contracts: documented APIs of others, served at their own paths over the one core."""
