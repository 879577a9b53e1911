"""Values of records as codes of a few bits, in their plain form, and back; and bits into the words of a state.

The plain form of a value is what `explore.canonical` says of it: nothing that no later step or judge reads.
A code is 0 for what is absent, else three bits of the kind, and above them what that kind has.
"""

from evidence_sim.fast.compiled import Words, compiled
from evidence_sim.fast.layout import *
from evidence_sim.fast.store import size

# The codes of the kinds that do not parse; those of the others are the kinds themselves.
_IS_TORN, _IS_SPOILT = 6, 7
_TORN, _SPOILT = BY_TICK | 1 << TORN, BY_TICK | 1 << SPOILT
_KIND, _INSTANT, _TICK, _ENTRY = 3, 8, 6, 19
EVIDENCE_BITS = _KIND + _INSTANT + _TICK
LEDGER_BITS = _KIND + 2 * _ENTRY
PUBLICATION_BITS = _KIND + _TICK
_SOME = 1  # any instant or reason: what matters is that there is one


@compiled
def number_place(at: int) -> int:
    """Where the number of an instant is looked for first."""
    return (at >> 5) * 40503 >> 8 & NUMBERS - 1


@compiled
def number_of(w: Words, t: Words, at: int) -> int:
    """The number of an instant among those that the search may meet; 0 is none."""
    if at == NONE:
        return 0
    place = K_NUMBER + number_place(at)
    while t[place]:
        if t[K_INSTANT + t[place]] == at:
            return t[place]
        place = place + 1 if place < K_NUMBER + NUMBERS - 1 else K_NUMBER
    w[X_ERROR] = NOT_LOWERED
    return 0


@compiled
def code_of(w: Words, t: Words, record: int, value: int) -> int:
    """The code of a value."""
    kind = w[value]
    if kind >= WHOLE or (record == LEDGER and kind == MALFORMED):
        return _IS_SPOILT if kind >> SPOILT else _IS_TORN
    if record == EVIDENCE:
        if kind == 0 or kind == YESTERDAY or kind == EMPTY:
            return kind
        return kind | number_of(w, t, w[value + E_AT]) << 3 | tick_code(w, w[value + E_ID]) << 11
    if kind != BY_TICK:
        return kind
    if record == LEDGER:
        return kind | entry_code(w, t, value + 1) << 3 | entry_code(w, t, value + 1 + L_ENTRY) << 22
    return kind | tick_code(w, w[value + P_ID]) << 3


@compiled
def tick_code(w: Words, tick: int) -> int:
    """A tick's id: a tenant of eight, a tick of seven."""
    if tick >> 16 > 7 or tick & 65535 > 7:
        w[X_ERROR] = NOT_LOWERED
    return tick >> 13 | tick & 7


@compiled
def entry_code(w: Words, t: Words, entry: int) -> int:
    """What a ledger says of a trigger: attempts, whether it failed and was generated, whose claim, until when."""
    head = w[entry + L_HEAD]
    if head >> 8 > 7:
        w[X_ERROR] = NOT_LOWERED
    flags = (head >> 2 & 63 != 0) << 3 | (w[entry + L_GENERATED] != NONE) << 4
    claimed = tick_code(w, w[entry + L_CLAIMED]) << 5
    return head >> 8 | flags | claimed | number_of(w, t, w[entry + L_UNTIL]) << 11


@compiled
def decoded(w: Words, t: Words, record: int, value: int, code: int) -> None:
    """The value of a code."""
    kind = code & 7
    for at in range(size(record)):
        w[value + at] = 0
    w[value] = _TORN if kind == _IS_TORN else _SPOILT if kind == _IS_SPOILT else kind
    if record == EVIDENCE:
        if code >> 3:
            w[value + E_AT], w[value + E_ID] = t[K_INSTANT + (code >> 3 & 255)], tick_of(code >> 11)
    elif record == LEDGER:
        if kind == BY_TICK:
            entry_decoded(w, t, value + 1, code >> 3 & (1 << _ENTRY) - 1)
            entry_decoded(w, t, value + 1 + L_ENTRY, code >> 22)
    elif kind == BY_TICK:
        w[value + P_ID] = tick_of(code >> 3)


@compiled
def tick_of(code: int) -> int:
    """The tick's id of a code."""
    return code >> 3 << 16 | code & 7


@compiled
def entry_decoded(w: Words, t: Words, entry: int, code: int) -> None:
    """The entry of a code."""
    failed, generated = code >> 3 & 1, code >> 4 & 1
    form = L_FULL if code else L_MISSING
    w[entry + L_HEAD] = (code & 7) << 8 | (failed * _SOME) << 2 | form
    w[entry + L_UNTIL], w[entry + L_CLAIMED] = t[K_INSTANT + (code >> 11)], tick_of(code >> 5 & 63)
    w[entry + L_GENERATED], w[entry + L_ERROR] = _SOME if generated else NONE, _SOME if failed else NONE


@compiled
def bits_of(record: int) -> int:
    """The width of a record's codes."""
    if record == EVIDENCE:
        return EVIDENCE_BITS
    return LEDGER_BITS if record == LEDGER else PUBLICATION_BITS


@compiled
def put_bits(w: Words, at: int, bits: int, width: int) -> int:
    """So many bits into the state at X_KEY. Where the next go: the word, and the bit in it in the last six bits."""
    word, shift = at >> 6, at & 63
    left = KEY_BITS - shift
    if bits >> width:
        w[X_ERROR] = NOT_LOWERED
    w[X_KEY + word] |= (bits & (1 << left) - 1) << shift
    if width < left:
        return at + width
    w[X_KEY + word + 1] = bits >> left
    return word + 1 << 6 | width - left


@compiled
def bits_at(w: Words, at: int, width: int) -> int:
    """So many bits of the state at X_KEY."""
    word, shift = at >> 6, at & 63
    left, bits = KEY_BITS - shift, w[X_KEY + word] >> shift
    if width > left:
        bits |= w[X_KEY + word + 1] << left
    return bits & (1 << width) - 1


@compiled
def behind(at: int, width: int) -> int:
    """Where the bits after so many stand."""
    shift = (at & 63) + width
    return at + width if shift < KEY_BITS else (at >> 6) + 1 << 6 | shift - KEY_BITS
