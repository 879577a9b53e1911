"""Tenant identity: one canonical id per tenant, or none; a context that names none closes the tick."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

_MAX_CHARACTERS = 128
_MAX_ENCODED = 220
_UUID = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_UUID_ALONE = re.compile(_UUID)
_SITE = re.compile(f"ari:cloud:[a-z-]+:[^:/]*:site/({_UUID})")


def identify(context: object) -> str | None:
    """The canonical tenant id that a request's context names, or None.

    The first of `installContext`, `installationContext` and `cloudId` that is present decides, also
    where it yields no id: nothing falls through to a weaker source. Never raises.
    """
    try:
        kind = type(context)
        return _identified(context) if kind is dict or issubclass(kind, Mapping) else None
    except Exception:  # a mapping of the caller's own may do anything when it is asked
        return None


def _identified(context: Any) -> str | None:
    for source in ("installContext", "installationContext"):
        value = context.get(source)
        if value is not None:
            return _site(_text(value))
    text = _text(context.get("cloudId"))
    return _site(text) or _canonical(text)


def canonical_tenant(value: object) -> str | None:
    """The one spelling of the tenant id `value`, or None where it is no tenant id. Never raises."""
    return _canonical(_text(value))


def _text(value: object) -> str | None:
    """`value` as a plain string; its type is asked, because `isinstance` believes `__class__`."""
    return str.__str__(value) if issubclass(type(value), str) else None


def _site(text: str | None) -> str | None:
    match = _SITE.fullmatch(text) if text is not None and text.startswith("ari:") else None
    return match[1].lower() if match else None


def _canonical(text: str | None) -> str | None:
    return _spelled(text) if text is not None and 1 <= len(text) <= _MAX_CHARACTERS else None


@lru_cache(maxsize=1024)
def _spelled(text: str) -> str | None:
    """The spelling of an id of bounded length; a service asks for the same ones every five minutes."""
    if _UUID_ALONE.fullmatch(text):
        return text.lower()
    if text != text.strip():
        return None
    # What `isprintable` refuses is of category C or Z; white space inside of an id is allowed.
    if not text.isprintable() and any(unicodedata.category(c).startswith("C") for c in text):
        return None
    return text if len(quote(text, safe="")) <= _MAX_ENCODED else None
