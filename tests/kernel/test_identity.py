"""Identity: the table of sources, the canonical id, and the original's defects D18 to D20."""

import unicodedata
from collections import UserDict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kernel.identity import canonical_tenant, identify

_ID = "0123abcd-89ef-4567-89ab-0123456789ab"
_OTHER = "ffffffff-89ef-4567-89ab-0123456789ab"
_SITE = f"ari:cloud:confluence::site/{_ID}"
_OTHER_SITE = f"ari:cloud:confluence::site/{_OTHER}"


class _Loud(str):
    """A string that answers for itself."""

    __slots__ = ()

    def __str__(self) -> str:
        return "loud"

    def __len__(self) -> int:
        raise AssertionError

    def strip(self, _chars: str | None = None, /) -> str:
        raise AssertionError

    def lower(self) -> str:
        return "loud"


class _Pretender:
    """Says that it is a string or a dict, and is neither."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    @property  # type: ignore[misc]  # that is the lie
    def __class__(self) -> Any:
        return self._kind


class _Broken:
    """Cannot even be asked what it is."""

    @property  # type: ignore[misc]  # that is what is broken
    def __class__(self) -> Any:
        raise RuntimeError


def _twin_canonical(text: str) -> str | None:
    if not text or len(text) > 128 or text[0].isspace() or text[-1].isspace():
        return None
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") for c in text):
        return None
    if sum(1 if quote(chr(b), safe="") == chr(b) else 3 for b in text.encode()) > 220:
        return None
    parts = text.split("-")
    hexadecimal = all(c in "0123456789abcdefABCDEF" for part in parts for c in part)
    return text.lower() if [len(part) for part in parts] == [8, 4, 4, 4, 12] and hexadecimal else text


@pytest.mark.parametrize(
    "context",
    [
        {"installContext": _SITE},
        {"installContext": _SITE.upper().replace("ARI:CLOUD:CONFLUENCE::SITE", "ari:cloud:confluence::site")},
        {"installContext": f"ari:cloud:jira:some thing:site/{_ID}"},
        {"installationContext": _SITE},
        {"cloudId": _ID},
        {"cloudId": _ID.upper()},
        {"cloudId": _SITE},
        {"installContext": None, "installationContext": _SITE, "cloudId": _OTHER},
        {"installContext": None, "installationContext": None, "cloudId": _ID},
        {"installContext": _SITE, "installationContext": _OTHER_SITE, "cloudId": _OTHER},
        {"installationContext": _SITE, "cloudId": _OTHER},
        MappingProxyType({"cloudId": _ID}),
        UserDict({"cloudId": _ID}),
    ],
)
def test_d20_every_source_and_spelling_of_one_site_is_one_id(context: object) -> None:
    assert identify(context) == _ID


@pytest.mark.parametrize("source", ["installContext", "installationContext"])
@pytest.mark.parametrize(
    "decisive",
    [
        "",
        " ",
        0,
        False,
        [],
        b"",
        _SITE.encode(),
        {"value": _SITE},
        _ID,
        f" {_SITE}",
        f"{_SITE} ",
        f"{_SITE}\n",
        f"{_SITE}/more",
        f"{_SITE}0",
        f"x{_SITE}",
        f"ari:cloud:Confluence::site/{_ID}",
        f"ari:cloud:::site/{_ID}",
        f"ari:cloud:jira:a:b:site/{_ID}",
        f"ari:cloud:jira:a/b:site/{_ID}",
        f"ari:cloud:jira:site/{_ID}",
        f"ari:cloud:jira::site:{_ID}",
        f"ari:cloud:jira::workspace/{_ID}",
        f"ari:cloud:jira::site/{_ID[:-1]}g",
        f"ari:cloud:jira::site/{_ID.replace('-', '')}",
        f"ari:cloud:jira::site/{_ID[:-1]}\u0663",
    ],
)
def test_d18_a_source_that_yields_no_id_refuses_and_never_falls_through(source: str, decisive: object) -> None:
    assert identify({source: decisive, "cloudId": _OTHER}) is None
    assert identify({"installContext": None, source: decisive, "cloudId": _OTHER}) is None


@pytest.mark.parametrize("context", [None, {}, {"cloudId": None}, [], [("cloudId", _ID)], _SITE, _ID, 1, object()])
def test_d18_a_context_that_names_nobody_is_refused(context: object) -> None:
    assert identify(context) is None


def test_d18_a_tenant_may_be_called_null() -> None:
    assert identify({"cloudId": "null"}) == "null"
    assert identify({"cloudId": None}) is None


def test_d19_ids_are_never_truncated() -> None:
    names = ["dead-xray", "dead-zulu", "dead-"]
    assert [identify({"installContext": f"ari:cloud:jira::site/{name}"}) for name in names] == [None] * 3
    assert [identify({"cloudId": name}) for name in names] == names
    assert identify({"cloudId": f"{_ID}-xray"}) == f"{_ID}-xray"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "a"),
        ("Tenant 7", "Tenant 7"),
        ("a\u00a0b", "a\u00a0b"),
        ("Größe", "Größe"),
        ("a/b:c%d", "a/b:c%d"),
        (_ID.upper(), _ID),
        ("{" + _ID.upper() + "}", "{" + _ID.upper() + "}"),
        (_ID.upper() + "0", _ID.upper() + "0"),
        (_ID.upper().replace("-", ""), _ID.upper().replace("-", "")),
        ("x" * 128, "x" * 128),
        ("x" * 129, None),
        ("ö" * 36 + "x" * 4, "ö" * 36 + "x" * 4),
        ("ö" * 36 + "x" * 5, None),
        ("", None),
        (" ", None),
        ("\u00a0", None),
        (" a", None),
        ("a\t", None),
        ("a\u3000", None),
        ("a\nb", None),
        ("a\x00b", None),
        ("a\x7fb", None),
        ("a\u200bb", None),
        ("a\u202eb", None),
        ("\ufeffa", None),
        ("a\ud800b", None),
        ("a\ue000b", None),
        ("a\u0378b", None),
        (_ID.encode(), None),
        (7, None),
        (True, None),
        (None, None),
        ([_ID], None),
    ],
)
def test_canonical_ids(value: object, expected: str | None) -> None:
    assert canonical_tenant(value) == expected
    assert identify({"cloudId": value}) == expected


def test_a_subclass_of_str_counts_as_its_plain_text() -> None:
    for source, value in (("cloudId", _ID), ("cloudId", "a"), ("cloudId", _SITE), ("installContext", _SITE)):
        found = identify({source: _Loud(value)})
        assert found == identify({source: value})
        assert type(found) is str
    assert type(canonical_tenant(_Loud("a"))) is str


def test_objects_that_lie_about_themselves_are_refused() -> None:
    for value in (_Pretender(str), _Pretender(dict), _Broken()):
        assert canonical_tenant(value) is None
        assert identify(value) is None
        assert identify({"installContext": value}) is None


def test_no_character_of_category_c_is_admitted_and_every_other_is() -> None:
    for code in (*range(0x3000), *range(0x3000, 0x110000, 13)):
        inside = f"a{chr(code)}b"
        assert (canonical_tenant(inside) is None) == (unicodedata.category(chr(code))[0] == "C"), hex(code)


@given(
    st.text(max_size=130)
    | st.text("aé ", max_size=130)
    | st.uuids().map(str)
    | st.uuids().map(lambda uuid: str(uuid).upper())
)
def test_canonical_against_the_twin(text: str) -> None:
    canonical = canonical_tenant(text)
    assert canonical == _twin_canonical(text)
    if canonical is not None:
        assert canonical_tenant(canonical) == canonical


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner),
    max_leaves=4,
)
_SOURCES = st.sampled_from(["installContext", "installationContext", "cloudId"])


class _Lazy(Mapping[str, object]):
    """A context that fails when it is asked."""

    def __getitem__(self, key: str) -> object:
        raise OSError(key)

    def __iter__(self) -> Iterator[str]:
        raise OSError

    def __len__(self) -> int:
        return 1


class _Odd(dict[str, object]):
    """A dictionary of the caller's own."""

    def get(self, *_: object) -> object:
        """Fail."""
        raise ValueError


@pytest.mark.parametrize("context", [_Lazy(), _Odd()])
def test_a_context_that_fails_names_nobody(context: object) -> None:
    assert identify(context) is None


@given(_ANYTHING | st.dictionaries(_SOURCES | st.integers(), _ANYTHING, max_size=4))
@settings(max_examples=200)
def test_nothing_makes_identify_raise(context: object) -> None:
    found = identify(context)
    assert found is None or canonical_tenant(found) == found
