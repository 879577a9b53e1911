"""JSON bounds and totality, against a naive recursive-descent reader and the standard writer."""

import json
import re
from math import inf, nan

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evidence_kernel.codes import Outcome
from evidence_kernel.records.encoding import MAX_BYTES, MAX_DEPTH, decode, decode_value, encode

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LARGEST = int(1.7976931348623157e308)


class _Twin:
    """Reads JSON one character at a time; ValueError where there is none."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def space(self) -> str:
        while self.peek() in (" ", "\t", "\r", "\n"):
            self.at += 1
        return self.peek()

    def take(self, expected: str) -> None:
        if not self.text.startswith(expected, self.at):
            raise ValueError
        self.at += len(expected)

    def value(self, depth: int) -> object:
        first = self.space()
        if first in ("[", "{"):
            if depth > MAX_DEPTH:
                raise ValueError
            return self.array(depth) if first == "[" else self.dictionary(depth)
        if first == '"':
            return self.string()
        for word, value in (("null", None), ("true", True), ("false", False)):
            if first == word[0]:
                self.take(word)
                return value
        return self.number()

    def array(self, depth: int) -> list[object]:
        items: list[object] = []
        self.take("[")
        while self.space() != "]":
            if items:
                self.take(",")
            items.append(self.value(depth + 1))
        self.take("]")
        return items

    def dictionary(self, depth: int) -> dict[str, object]:
        items: dict[str, object] = {}
        self.take("{")
        while self.space() != "}":
            if items:
                self.take(",")
                self.space()
            name = self.string()
            self.space()
            self.take(":")
            if name in items:
                raise ValueError
            items[name] = self.value(depth + 1)
        self.take("}")
        return items

    def string(self) -> str:
        units: list[str] = []
        self.take('"')
        while (character := self.peek()) != '"':
            self.at += 1
            if character < " ":
                raise ValueError
            units.append(self.escape() if character == "\\" else character)
        self.take('"')
        return re.sub("[\ud800-\udbff][\udc00-\udfff]", _joined, "".join(units))

    def escape(self) -> str:
        match = re.compile(r'u[0-9a-fA-F]{4}|["\\/bfnrt]').match(self.text, self.at)
        if match is None:
            raise ValueError
        self.at = match.end()
        return chr(int(match[0][1:], 16)) if match[0][0] == "u" else _ESCAPES[match[0]]

    def number(self) -> float:
        match = _NUMBER.match(self.text, self.at)
        if match is None or float(match[0]) in (inf, -inf):
            raise ValueError
        self.at = match.end()
        return float(match[0]) if match[2] or match[3] else int(match[0])


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _twin_decode(data: bytes) -> tuple[object] | None:
    try:
        twin = _Twin(data.decode("utf-8"))
        value = twin.value(1)
        return (value,) if not twin.space() and len(data) <= MAX_BYTES else None
    except ValueError:
        return None


def _agree(data: bytes) -> None:
    expected = _twin_decode(data)
    assert repr(decode_value(data)) == repr(expected)  # as text, which tells 1 from 1.0 and from true
    assert decode(data) == (expected[0] if expected and isinstance(expected[0], dict) else None)


def _nested(depth: int, opening: bytes, closing: bytes) -> bytes:
    return opening * depth + b"0" + closing * depth


_SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text() | st.just("\ud83d[{")
_VALUES = st.recursive(
    _SCALARS | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
_WORDS = '{ } [ ] , : " "a" "a": \\ \\u d83d \\ud83d \\ude00 0 - 1 .5 e E+9 e999 NaN Infinity null true false é'
_FRAGMENTS = st.sampled_from([*_WORDS.split(), " ", "\n", "\x00", "\ufeff", "9" * 310])

_BAD = {
    "no JSON": [b"", b" ", b"{", b"{} x", b"{'a':1}", b'{"a":1,}', b'{"a":"\t"}', b'{"a":01}', b'{"a":+1}'],
    "over 1 MiB": [b'{"a":"' + b"x" * (MAX_BYTES - 7) + b'"}', b"{}" + b" " * (MAX_BYTES - 1)],
    "deeper than 32": [b'{"a":' + _nested(32, b"[", b"]") + b"}", _nested(33, b'{"a":', b"}")],
    "no UTF-8": [b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', '{"a":1}'.encode("utf-16-le")],
    "a BOM": [b'\xef\xbb\xbf{"a":1}', '{"a":1}'.encode("utf-16")],
    "NaN": [b'{"a":NaN}', b'{"a":[-NaN]}'],
    "Infinity": [b'{"a":Infinity}', b'{"a":-Infinity}'],
    "a fraction beyond the doubles": [b'{"a":1e400}', b'{"a":-1e400}', b'{"a":' + b"9" * 400 + b".5}"],
    "an integer beyond the doubles": [f'{{"a":{2**1024 - 2**970}}}'.encode(), b'{"a":' + b"9" * 400 + b"}"],
    "an integer beyond the interpreter's digits": [b"9" * 5000, b'{"a":-' + b"9" * 5000 + b"}"],
    "a name twice": [b'{"a":1,"a":1}', b'{"a":1,"\\u0061":1}', b'{"b":[{"c":{"a":1,"a":2}}]}'],
}
_GOOD = {
    "an object": [b"{}", b' \t\r\n{ "a" : 1 } ', b'{"a":{"a":1},"b":{"a":1}}'],
    "1 MiB": [b'{"a":"' + b"x" * (MAX_BYTES - 8) + b'"}'],
    "32 levels": [
        _nested(32, b'{"a":', b"}"),
        b'{"a":[[],' + _nested(30, b"[", b"]") + b"]}",
        b'{"a":[' + b"[]," * 99 + b"[]]}",
    ],
    "brackets in strings": [b'{"a":"\\n' + b"[" * 99 + b'"}', b'{"a":"\\"' + b"[" * 99 + b'\\\\"}'],
    "finite doubles": [f'{{"a":{_LARGEST}}}'.encode(), b'{"a":[1e-400,-0,-0.0,1E5]}'],
    "characters": ['{"é":"\U0001f600","e\u0301":1}'.encode(), b'{"a":"\\ud83d","b":"\\ud83d\\ude00"}'],
}


@pytest.mark.parametrize("rule", _BAD)
def test_malformed(rule: str) -> None:
    for data in _BAD[rule]:
        assert decode(data) is None
        assert decode_value(data) is None
        assert _twin_decode(data) is None


@pytest.mark.parametrize("rule", _GOOD)
def test_well_formed(rule: str) -> None:
    for data in _GOOD[rule]:
        assert decode(data) is not None
        _agree(data)


@pytest.mark.parametrize("data", [b"null", b"[]", b'""', b"0", b"true", b'"{}"', b"[{}]"])
def test_no_object(data: bytes) -> None:
    assert decode(data) is None
    assert decode_value(data) == (json.loads(data),)


@pytest.mark.parametrize("unit", [b"[", b'{"a":', b'["', b'["\\', b"[]{", b'\\"', b'"[\\"'])
def test_hostile_nesting_is_refused_before_it_is_parsed(unit: bytes) -> None:
    for data in (unit * (MAX_BYTES // len(unit)), b"[" * 33 + unit * 99_999, b"]" * 99_999 + unit * 99_999):
        assert decode_value(data) is None


@given(st.binary() | st.lists(_FRAGMENTS, max_size=12).map(lambda parts: "".join(parts).encode()))
@settings(max_examples=500)
@example(b'{"a":01}')
@example(b"-")
@example(b"[1.]")
def test_arbitrary_bytes_against_the_twin(data: bytes) -> None:
    _agree(data)


@given(_VALUES, st.booleans(), st.data())
@settings(max_examples=200)
def test_one_edit_against_the_twin(value: object, ascii_only: bool, data: st.DataObject) -> None:
    whole = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    at = data.draw(st.integers(0, len(whole)))
    edit = data.draw(_FRAGMENTS).encode()
    for edited in (whole, whole[:at] + edit + whole[at:], whole[:at] + whole[at + 1 :], whole[:at] + edit):
        _agree(edited)


@given(_VALUES)
@settings(max_examples=200)
def test_one_value_has_one_encoding_which_reads_back(value: object) -> None:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    encoded = encode(value)
    assert encoded == text.encode("ascii")
    assert repr(decode_value(encoded)) == repr((json.loads(text),))
    assert decode_value(encoded) == (value,)


def test_the_order_of_names_does_not_matter() -> None:
    assert encode({"b": 1, "a": {"d": 2, "c": 3}}) == encode({"a": {"c": 3, "d": 2}, "b": 1})
    assert encode({"b": "é", "a": (1, Outcome.SKIPPED)}) == b'{"a":[1,"SKIPPED"],"b":"\\u00e9"}'


def _lists(depth: int) -> object:
    value: object = 0
    for _ in range(depth):
        value = [value]
    return value


def _shared(depth: int) -> object:
    value: object = {"a": 1}
    for _ in range(depth):
        value = [value, value]
    return value


def _cycle() -> object:
    cycle: dict[str, object] = {}
    cycle["a"] = [cycle, cycle]
    return cycle


_REFUSED: dict[str, list[object]] = {
    "no JSON value": [{"a": b"x"}, {"a": {1}}, {"a": object()}, {"a": 1j}],
    "NaN and the infinities": [nan, {"a": [inf]}, {"a": -inf}],
    "an integer beyond the doubles": [2**1024 - 2**970, {"a": -(10**5000)}],
    "a name that is no string": [{1: "a"}, {None: "a"}, [{"a": {True: "a"}}], {"a": 1, 1: "a"}, {b"a": 1}],
    "a cycle": [_cycle()],
    "deeper than 32": [_lists(33), _lists(5000)],
    "over 1 MiB": ["x" * (MAX_BYTES - 1), "é" * (MAX_BYTES // 6 + 1), _shared(31), ["x" * 2**19] * 64],
    "two names that are one in JSON": [{"\ud83d\ude00": 1, "\U0001f600": 2}],
}
_TAKEN = [
    _lists(32),
    {"a": _LARGEST},
    "x" * (MAX_BYTES - 2),
    "\ud83d",
    {"\U0001f600": "\\ud"},
    [],
    {},
    None,
    "",
]


@pytest.mark.parametrize("rule", _REFUSED)
def test_what_has_no_encoding(rule: str) -> None:
    for value in _REFUSED[rule]:
        assert encode(value) is None


@pytest.mark.parametrize("value", _TAKEN, ids=range(len(_TAKEN)))
def test_what_just_has_one(value: object) -> None:
    encoded = encode(value)
    assert encoded is not None
    assert decode_value(encoded) == (value,)


@given(st.lists(_FRAGMENTS, max_size=8).map(lambda parts: ("[" + "".join(parts) + "]").encode()))
@settings(max_examples=300)
@example(b'["\\ud83d", 1e999]')
@example(b'{"\\ud83d":1e22,"b":-0.0}')
def test_what_decodes_also_encodes_and_stays_the_same(data: bytes) -> None:
    found = decode_value(data)
    if found is not None:
        encoded = encode(found[0])
        assert encoded is not None
        assert repr(decode_value(encoded)) == repr(_sorted(found))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return type(value)(_sorted(item) for item in value)
    return value
