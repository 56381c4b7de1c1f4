"""What DNS says of a sender domain."""

from __future__ import annotations

import dns.exception
import dns.rdatatype
import dns.resolver
from django.conf import settings

from messaging.dkim.errors import DnsSilent
from messaging.models import SigningKey

SECONDS = 5.0  # for one question


def texts_at(name: str) -> list[str]:
    """The TXT records at a name, the strings of each put together; none: there are none.

    Raises DnsSilent.
    """
    try:
        answer = _resolver().resolve(
            f"{name}.", dns.rdatatype.TXT, raise_on_no_answer=False, lifetime=SECONDS
        )
    except dns.resolver.NXDOMAIN:
        return []
    except dns.exception.DNSException as error:
        raise DnsSilent(f"No name server answers for {name}: {type(error).__name__}.") from error
    return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]


def records_of(key: SigningKey) -> dict[str, list[str]]:
    """The records that matter for mail of a key's domain: `dkim`, `spf`, `dmarc`; see `texts_at`.

    Source: RFC 6376, section 3.6.2; RFC 7208, section 4.5; RFC 7489, section 6.6.3.
    """
    domain = key.domain.name
    return {
        "dkim": texts_at(key.record_name),
        "spf": [one for one in texts_at(domain) if _begins(one, "v=spf1")],
        "dmarc": [one for one in texts_at(f"_dmarc.{domain}") if _begins(one, "v=dmarc1")],
    }


def problem_of(key: SigningKey, found: list[str]) -> str:
    """What is wrong with the records found for a key, for people; blank: nothing."""
    if not found:
        return f"There is no TXT record at {key.record_name} yet."
    if len(found) > 1:
        return f"There are {len(found)} TXT records at {key.record_name}; there must be one."
    tags = _tags(found[0])
    if tags.get("p") != key.public_key:
        return f"The record at {key.record_name} has another key than this one."
    if tags.get("v", "DKIM1") != "DKIM1" or tags.get("k", "rsa") != "rsa":
        return f"The record at {key.record_name} has the key, but is not one of DKIM for RSA."
    return ""


def _begins(record: str, version: str) -> bool:
    return record.lower().partition(";")[0].split(" ")[0].strip() == version


def _tags(record: str) -> dict[str, str]:
    """Tags and values; blanks within do not count (RFC 6376, section 3.2)."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs}


def _resolver() -> dns.resolver.Resolver:
    if settings.DNS_SERVER is None:
        return dns.resolver.get_default_resolver()
    resolver = dns.resolver.Resolver(configure=False)
    host, resolver.port = settings.DNS_SERVER
    resolver.nameservers = [host]
    return resolver
