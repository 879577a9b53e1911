"""The keys of the four records, each of one tenant only.

An encoded id holds no colon, and the only other variable part is a trigger: so no two of these keys
are equal. LEDGER_PREFIX also begins the publications of the tenant "state"; what follows it there
is no encoded id, and `decode_tenant` says so.
"""

from functools import lru_cache
from urllib.parse import quote, unquote

from evidence_kernel.codes import Trigger

EVIDENCE_PREFIX = "phase4:evidence:installation:"
LEDGER_PREFIX = "phase5:scheduler:state:"
PUBLICATION_PREFIX = "phase5:scheduler:"
STATUS_PREFIX = "governance:status:snapshot:"


@lru_cache(maxsize=1024)
def encode_tenant(tenant: str) -> str:
    """The canonical id percent-encoded, as keys and log lines hold it; a UUID stays as it is."""
    return quote(tenant, safe="")


def decode_tenant(text: str) -> str | None:
    """The id that `encode_tenant` turns into `text`, or None where there is none."""
    try:
        tenant = unquote(text)
        return tenant if tenant and quote(tenant, safe="") == text else None
    except UnicodeError:
        return None


def evidence_key(tenant: str) -> str:
    """Where the tenant's installation evidence is."""
    return EVIDENCE_PREFIX + encode_tenant(tenant)


def ledger_key(tenant: str) -> str:
    """Where the tenant's attempts and backoffs are."""
    return LEDGER_PREFIX + encode_tenant(tenant)


def publication_key(tenant: str, trigger: Trigger) -> str:
    """Where the report of the tenant and trigger is, once there is one."""
    return f"{PUBLICATION_PREFIX}{encode_tenant(tenant)}:{trigger}:DONE"


def status_key(tenant: str) -> str:
    """Where the tenant's status is."""
    return STATUS_PREFIX + encode_tenant(tenant)
