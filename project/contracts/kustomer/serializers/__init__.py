"""The vendor's spelling: `spell_…` for answers, serializers for requests."""
