"""DKIM (RFC 6376): the keys of sender domains, their records in DNS, and the signing of mail."""
