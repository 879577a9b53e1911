"""Keys: their text, and that no id reaches another's key of any kind."""

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evidence_kernel.codes import Trigger
from evidence_kernel.identity import canonical_tenant
from evidence_kernel.records import keys
from evidence_kernel.records.keys import decode_tenant, encode_tenant

_ID = "0123abcd-89ef-4567-89ab-0123456789ab"
_CONFUSABLE = [
    *(
        "state",
        "state:AUTO_12H",
        "AUTO_12H",
        "AUTO_12H:DONE",
        "state:AUTO_12H:DONE",
        "DONE",
        "null",
        "-",
        ".",
    ),
    *("a", "A", "a:b", "a%3Ab", "a%3ab", "a%253Ab", "a/b", "a_b", "a b", "a+b", "a%20b", "%", "%25", ".."),
    *("é", "e\u0301", "cloudId:a", "installation:a", "snapshot:a", _ID, f"ari:cloud:jira::site/{_ID}"),
]
_IDS = (
    (st.text(min_size=1, max_size=40) | st.text(":/%25stateAUTO_12HDN", min_size=1, max_size=24))
    .filter(lambda text: canonical_tenant(text) == text)
) | st.sampled_from(_CONFUSABLE)  # fmt: skip


def _all_keys(tenant: str) -> list[str]:
    kinds = (keys.evidence_key, keys.ledger_key, keys.status_key)
    return [key(tenant) for key in kinds] + [keys.publication_key(tenant, trigger) for trigger in Trigger]


@pytest.mark.parametrize(("tenant", "encoded"), [(_ID, _ID), ("a:b/c d", "a%3Ab%2Fc%20d"), ("é%", "%C3%A9%25")])
def test_the_keys_read_as_agreed(tenant: str, encoded: str) -> None:
    assert _all_keys(tenant) == [
        f"phase4:evidence:installation:{encoded}",
        f"phase5:scheduler:state:{encoded}",
        f"governance:status:snapshot:{encoded}",
        f"phase5:scheduler:{encoded}:AUTO_12H:DONE",
        f"phase5:scheduler:{encoded}:AUTO_24H:DONE",
    ]


@pytest.mark.parametrize(
    ("prefix", "key"),
    [
        (keys.EVIDENCE_PREFIX, keys.evidence_key),
        (keys.LEDGER_PREFIX, keys.ledger_key),
        (keys.STATUS_PREFIX, keys.status_key),
        (keys.PUBLICATION_PREFIX, lambda tenant: keys.publication_key(tenant, Trigger.AUTO_12H)),
    ],
)
def test_a_prefix_is_what_its_keys_begin_with(prefix: str, key: Callable[[str], str]) -> None:
    for tenant in _CONFUSABLE:
        assert key(tenant).removeprefix(prefix).removesuffix(":AUTO_12H:DONE") == encode_tenant(tenant)


def test_d21_d28_no_two_confusable_ids_share_a_key() -> None:
    every = [key for tenant in _CONFUSABLE for key in _all_keys(tenant)]
    assert len(set(every)) == len(every) == 5 * len(_CONFUSABLE)


@given(_IDS, _IDS)
@settings(max_examples=300)
def test_distinct_ids_have_distinct_keys_of_every_kind(one: str, other: str) -> None:
    assert len(set(_all_keys(one))) == 5
    if one != other:
        assert not set(_all_keys(one)) & set(_all_keys(other))


@given(_IDS)
@settings(max_examples=200)
def test_an_encoded_id_is_safe_in_keys_and_lines_and_comes_back(tenant: str) -> None:
    encoded = encode_tenant(tenant)
    assert decode_tenant(encoded) == tenant
    assert len(encoded) <= 220
    assert set(encoded) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~%")


@pytest.mark.parametrize(
    "text",
    ["", "a b", "a:b", "a/b", "%", "%2", "%zz", "%61", "%c3%a9", "%FF", "%C3", "%ED%A0%80", "é", "\ud800",
     "\ud800%41", "AUTO_12H:DONE", "a+b", "%25%"],
)  # fmt: skip
def test_what_is_no_encoded_id_decodes_to_none(text: str) -> None:
    assert decode_tenant(text) is None


@given(st.text(st.characters()) | st.text("%0123456789abcdefABCDEF", max_size=12))
@example("%00")
@settings(max_examples=300)
def test_decoding_is_the_inverse_and_never_raises(text: str) -> None:
    tenant = decode_tenant(text)
    assert tenant is None or encode_tenant(tenant) == text


def test_what_follows_the_ledger_prefix_in_a_publication_key_is_no_encoded_id() -> None:
    for trigger in Trigger:
        rest = keys.publication_key("state", trigger).removeprefix(keys.LEDGER_PREFIX)
        assert rest == f"{trigger.value}:DONE"
        assert decode_tenant(rest) is None
