"""JSON for records: one encoding per value, and a decoder that is total over arbitrary bytes.

Both directions hold the same bounds: MAX_BYTES, MAX_DEPTH levels of arrays and objects, numbers that
are finite doubles, names that differ. What `decode` gives, `encode` takes, unless it grows too long.
"""

import re
from json import JSONDecoder, JSONEncoder

MAX_BYTES = 2**20
MAX_DEPTH = 32

_INFINITY = float("inf")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # unterminated, it runs to the end: linear
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_MALFORMED = object()
_WHITE = " \t\n\r"  # JSON's, fewer than Python's


def encode(value: object) -> bytes | None:
    """`value` as JSON with sorted names, compact and ASCII; None where it has no encoding.

    That is: no JSON value (a tuple counts as an array), a name that is no string, NaN, an infinity, an
    integer beyond the doubles, a cycle, too deep, too long, or two names that are one in JSON (a
    character and its pair of surrogates).
    """
    try:
        if not _fits(value):
            return None
        text = _ENCODER.encode(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if len(text) > MAX_BYTES:
        return None
    data = text.encode("ascii")
    return None if "\\ud" in text and _decode(data) is _MALFORMED else data


def decode(data: bytes) -> dict[str, object] | None:
    """The JSON object in `data`, or None where it is malformed or another value."""
    value = _decode(data)
    return value if isinstance(value, dict) else None


def decode_value(data: bytes) -> tuple[object] | None:
    """The JSON value in `data` as a 1-tuple, so that null is one, or None where it is malformed."""
    value = _decode(data)
    return None if value is _MALFORMED else (value,)


def _decode(data: bytes) -> object:
    if len(data) > MAX_BYTES or _too_deep(data):
        return _MALFORMED
    try:
        text = data.decode("utf-8").strip(_WHITE)
        value, end = _DECODER.raw_decode(text)
    except ValueError:  # no UTF-8, no JSON, or refused by a hook below
        return _MALFORMED
    return value if end == len(text) else _MALFORMED


def _too_deep(data: bytes) -> bool:
    """Decided before parsing, so that no input reaches the interpreter's limit of recursion."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _STRING.sub(b"", data).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _fits(value: object) -> bool:
    """Whether depth and length are in bounds; TypeError for a name, OverflowError for an integer.

    Goes level by level and stops at more characters and items than bytes: also a cycle ends.
    """
    level, room = [value], MAX_BYTES
    for depth in range(MAX_DEPTH + 1):
        inner: list[object] = []
        for item in level:
            if isinstance(item, str):
                room -= len(item)
            elif isinstance(item, (dict, list, tuple)):
                room -= len("".join(item)) if isinstance(item, dict) else len(item)
                if depth == MAX_DEPTH or room < 0:
                    return False
                inner += item.values() if isinstance(item, dict) else item
            elif isinstance(item, int):
                float(item)
        if not inner:
            break
        level = inner
    return room >= 0


def _float(text: str) -> float:
    value = float(text)
    if not -_INFINITY < value < _INFINITY:
        raise ValueError("no finite double")
    return value


def _integer(text: str) -> int:
    _float(text)  # bounds the digits before they are converted
    return int(text)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name twice in one object")
    return value


_ENCODER = JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False)
_DECODER = JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_float)
