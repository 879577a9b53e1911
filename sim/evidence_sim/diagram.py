"""A trace as a space-time diagram: time runs down, a lane each for the clocks, the stores and the ticks.

The layout is worked out here, once, for the page and for the picture: marks of SVG, whose place is in
pixels. Nothing is said by colour alone: a put that is under way is a dashed line, a lost answer ends in
a question mark, what failed in a cross, and the words stand beside every row.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from textwrap import wrap
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from attrs import define, field, frozen

from evidence_kernel import Failed, Get, Put, Unknown
from evidence_sim.config import tick_id
from evidence_sim.facts import Fact
from evidence_sim.labels import Clock, Crash, Land, Outside, Reply, Start, letter
from evidence_sim.story import MORE, Violation, answered, asked, clock, cut, happened

Mark = tuple[str, dict[str, Any], str]  # an element of SVG: its name, attributes and text

_NUMBER, _TIME, _CLOCKS, _LANE = 28, 38, 142, 66
_HEAD, _PAD, _LINE, _LETTERS = 34, 6, 17, 64
_LETTER = 6.4  # px that a letter takes, about
_OWN_LANES = 8  # so many ticks have a lane each; of more, one takes the lane of one that has ended


@frozen
class Row:
    """One action: its place from the top, and the marks, counted from there."""

    y: int
    height: int
    marks: tuple[Mark, ...]


@frozen
class Diagram:
    """The lanes' names, the lines that run down behind all rows, and the rows."""

    width: int
    height: int
    head: tuple[Mark, ...]
    lines: tuple[Mark, ...]
    rows: tuple[Row, ...]


def drawn(facts: Sequence[Fact], violated: Violation | None) -> Diagram:
    """The diagram of a trace's facts, and of what is violated where."""
    return _Drawing(_Lanes.of(facts)).drawn(facts, violated)


@define
class _Lanes:
    """Where each store and each tick stands, in px from the left."""

    stores: dict[int, int]
    ticks: dict[tuple[int, int], int]
    right: int

    @classmethod
    def of(cls, facts: Sequence[Fact]) -> "_Lanes":
        owners = {0} | {fact.tenant for fact in facts if fact.tenant is not None}
        owners |= {write.owner for fact in facts for write in fact.writes if write.owner is not None}
        stores = {owner: _CLOCKS + _LANE * (1 + at) for at, owner in enumerate(sorted(owners))}
        first, free, used, ticks = _CLOCKS + _LANE * (1 + len(stores)), list[int](), 0, {}
        for fact in facts:
            action = fact.action
            if isinstance(action, Start):
                if is_new := used < _OWN_LANES or not free:
                    used += 1
                ticks[action.tenant, action.n] = first + _LANE * (used - 1 if is_new else free.pop(0))
            if isinstance(action, Start | Reply | Crash) and fact.run_after is None:
                free.append((ticks[action.tenant, action.n] - first) // _LANE)
                free.sort()
        return cls(stores, ticks, first + _LANE * max(0, used - 1))


@define
class _Drawing:
    lanes: _Lanes
    lines: list[Mark] = field(factory=list)
    begun: dict[tuple[int, int], int] = field(factory=dict)
    under_way: dict[tuple[int, int, str], list[tuple[int, int]]] = field(factory=dict)  # oldest first, as they land

    def drawn(self, facts: Sequence[Fact], violated: Violation | None) -> Diagram:
        rows, y = [], 6
        text_at = self.lanes.right + 48
        width = text_at + int(_LETTERS * _LETTER) + 8
        for number, fact in enumerate(facts, 1):
            verdict = str(violated) if violated is not None and violated.step == number else None
            row = self._row(number, fact, y, text_at, width, verdict)
            rows.append(row)
            y += row.height
        y += 6
        for tick, top in self.begun.items():
            self._line("life", self.lanes.ticks[tick], top, y)
        for x, top in chain.from_iterable(self.under_way.values()):
            self._line("under-way", x, top, y)
        for x in (_CLOCKS, *self.lanes.stores.values()):
            self._line("lane", x, 0, y)
        return Diagram(width, y, tuple(self._head()), tuple(self.lines), tuple(rows))

    def _head(self) -> Iterator[Mark]:
        yield _text("name", _CLOCKS, 14, "clocks")
        for owner, x in self.lanes.stores.items():
            yield _text("name", x, 14, "store")
            yield _text("name", x, 28, f"of {letter(owner)}")
        if self.lanes.ticks:
            yield _text("name", min(self.lanes.ticks.values()), 14, "ticks")

    def _row(self, number: int, fact: Fact, y: int, text_at: int, width: int, verdict: str | None) -> Row:
        says = list(_says(fact))
        broken = [] if verdict is None else _wrapped(f"\N{BALLOT X} {verdict}", _LETTERS - 9)
        height = _PAD * 2 + _LINE * max(2 if isinstance(fact.action, Reply) else 1, len(says) + len(broken))
        if verdict is not None:
            self.lines.insert(0, _rect("violated", 2, y + 1, width - 4, height - 2))  # behind what runs down
        marks = [_text("number", _NUMBER, _PAD + 12, str(number))]
        marks.append(_text("time", _TIME, _PAD + 12, clock(fact).strip()))
        marks += self._acted(fact, y)
        for at, said in enumerate(says):
            marks.append(_text("says", text_at, _PAD + 12 + _LINE * at, said))
        for at, said in enumerate(broken, len(says)):
            marks.append(_text("verdict", text_at, _PAD + 12 + _LINE * at, said))
        return Row(y, height, tuple(marks))

    def _acted(self, fact: Fact, y: int) -> Iterator[Mark]:
        match fact.action:
            case Start(tenant=tenant, n=n):
                x = self.lanes.ticks[tenant, n]
                yield ("circle", {"class": "start", "cx": x, "cy": 15, "r": 5}, "")
                yield _text("tick", x + 9, 12, tick_id(tenant, n))
                self.begun[tenant, n] = y + 15
            case Reply():
                yield from self._replied(fact, fact.action, y)
            case Land(tenant=tenant, n=n, phase=phase):
                x, top = self.under_way[tenant, n, phase].pop(0)
                self._line("under-way", x, top, y + 15)
                store = self._store(fact, tenant)
                yield from _arrow("asks", x, store + 6, 15)
                yield _diamond(store, 15, fact.writes[0].after is not fact.writes[0].before)
            case Crash(tenant=tenant, n=n):
                x = self.lanes.ticks[tenant, n]
                yield _cross("crash", x, 15, 7)
                yield _text("tick", x + 11, 12, "crash")
            case Clock(ms=ms):
                yield _triangle(_CLOCKS, 15, down=ms > 0)
            case Outside(tenant=tenant):
                store = self.lanes.stores[tenant]
                yield from _arrow("outside", store - 34, store - 6, 15)
                yield _diamond(store, 15, bool(fact.writes))
        if isinstance(fact.action, Start | Reply | Crash) and fact.run_after is None:
            tick = (fact.action.tenant, fact.action.n)
            x, end = self.lanes.ticks[tick], 15 if isinstance(fact.action, Start | Crash) else 38
            if not isinstance(fact.action, Crash):
                yield _segment("end", x - 8, end, x + 8, end)
            self._line("life", x, self.begun.pop(tick), y + end)

    def _replied(self, fact: Fact, action: Reply, y: int) -> Iterator[Mark]:
        tick, store = self.lanes.ticks[action.tenant, action.n], self._store(fact, action.tenant)
        if not isinstance(fact.effect, Get | Put):
            yield _rect("generate", tick - 8, 13, 16, 18)
            if fact.fault:
                yield _cross("failed", tick, 22, 5)
            return
        late = self._left(fact, action, y, store)
        yield from _arrow("asks", tick - 5, store + 8 if late is None else late + 5, 12)
        if late is not None:
            yield ("circle", {"class": "late", "cx": late, "cy": 12, "r": 4}, "")
        for write in fact.writes:
            yield _diamond(store, 12, write.after is not write.before)
        if isinstance(fact.answer, Unknown):
            middle = (tick + store) // 2
            yield _segment("answer", store + 8, 30, middle - 8, 30)
            yield _text("lost", middle, 35, "?")
            return
        yield from _arrow("answer", store + 8, tick - 5, 30)
        if isinstance(fact.answer, Failed):
            yield _cross("failed", store, 30, 5)

    def _store(self, fact: Fact, tenant: int) -> int:
        """Where the store is that an action wrote to; the tenant's own where it wrote nothing, or nobody's record."""
        owners = [write.owner for write in fact.writes if write.owner is not None]
        return self.lanes.stores[owners[-1] if owners else tenant]

    def _left(self, fact: Fact, action: Reply, y: int, store: int) -> int | None:
        """Where a put goes down that this answer has left under way, if it has."""
        held = fact.after.tenants[action.tenant].pending
        if len(held) <= len(fact.before.tenants[action.tenant].pending):
            return None
        taken = {x for x, _ in chain.from_iterable(self.under_way.values())}
        x = next(x for x in range(store + 20, store + 20 + 9 * len(held) + 9 * len(taken), 9) if x not in taken)
        late = held[-1]
        self.under_way.setdefault((action.tenant, late.n, late.phase), []).append((x, y + 12))
        return x

    def _line(self, kind: str, x: int, top: int, bottom: int) -> None:
        self.lines.append(_segment(kind, x, top, x, bottom))


def _says(fact: Fact) -> Iterator[str]:
    """The words beside a row, a line each; a tick's question stands by its arrow, the answer by the other."""
    if isinstance(fact.action, Reply):
        yield cut(f"{tick_id(fact.action.tenant, fact.action.n)} {asked(fact.effect)}", _LETTERS)
        yield cut(answered(fact), _LETTERS)
    else:
        yield from _wrapped(happened(fact), _LETTERS)
    if fact.broken is not None:
        yield cut(f"It dies: {fact.broken}", _LETTERS)
    elif fact.result is not None:
        yield cut(f"It ends: {fact.outcome}, {'success' if fact.result.success else 'no success'}.", _LETTERS)


def _wrapped(text: str, letters: int) -> list[str]:
    return wrap(text, letters, max_lines=3, placeholder=MORE)


def _text(kind: str, x: int, y: int, text: str) -> Mark:
    return "text", {"class": kind, "x": x, "y": y}, text


def _rect(kind: str, x: int, y: int, width: int, height: int) -> Mark:
    return "rect", {"class": kind, "x": x, "y": y, "width": width, "height": height, "rx": 3}, ""


def _segment(kind: str, x1: int, y1: int, x2: int, y2: int) -> Mark:
    """A line straight down or straight across."""
    return "path", {"class": kind, "d": f"M{x1} {y1}V{y2}" if x1 == x2 else f"M{x1} {y1}H{x2}"}, ""


def _arrow(kind: str, start: int, end: int, y: int) -> Iterator[Mark]:
    back = 7 if end < start else -7
    yield _segment(kind, start, y, end, y)
    yield "path", {"class": "tip", "d": f"M{end} {y}l{back} -4v8z"}, ""


def _diamond(x: int, y: int, applied: bool) -> Mark:
    kind = "written" if applied else "refused"
    return "path", {"class": kind, "d": f"M{x} {y - 7}l7 7l-7 7l-7 -7z"}, ""


def _cross(kind: str, x: int, y: int, size: int) -> Mark:
    both = f"M{x - size} {y - size}l{2 * size} {2 * size}m0 {-2 * size}l{-2 * size} {2 * size}"
    return "path", {"class": kind, "d": both}, ""


def _triangle(x: int, y: int, down: bool) -> Mark:
    return (
        "path",
        {"class": "clock", "d": f"M{x - 7} {y - 5}h14l-7 11z" if down else f"M{x - 7} {y + 5}h14l-7 -11z"},
        "",
    )


def data(diagram: Diagram) -> dict[str, Any]:
    """The diagram, JSON-able: a text is [class, x, y, text], a path [class, d], any other mark [name, attributes]."""
    rows = [{"y": row.y, "height": row.height, "marks": _short(row.marks)} for row in diagram.rows]
    head, lines = _short(diagram.head), _short(diagram.lines)
    return {"width": diagram.width, "height": diagram.height, "head": head, "lines": lines, "rows": rows}


def _short(marks: Sequence[Mark]) -> list[list[Any]]:
    texts = [[*attributes.values(), text] if text else [] for _, attributes, text in marks]
    others = [list(mark[1].values()) if mark[0] == "path" else [mark[0], mark[1]] for mark in marks]
    return [text or other for text, other in zip(texts, others, strict=True)]


def svg(diagram: Diagram, title: str, style: str) -> str:
    """The picture as one file; `style` is the style sheet of the marks."""
    height = diagram.height + _HEAD + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{diagram.width}" height="{height}" '
        f'viewBox="0 0 {diagram.width} {height}" role="img" class="space-time">',
        f"<title>{escape(title)}</title>",
        f"<style>{escape(style)}</style>",
        f'<rect class="page" width="{diagram.width}" height="{height}"/>',
        _element(_text("title", 8, 17, title)),
        '<g transform="translate(0 24)">',
        *map(_element, diagram.head),
        f'<g transform="translate(0 {_HEAD})">',
        *map(_element, diagram.lines),
    ]
    for row in diagram.rows:
        parts += [f'<g transform="translate(0 {row.y})">', *map(_element, row.marks), "</g>"]
    return "\n".join([*parts, "</g></g></svg>"]) + "\n"


def _element(mark: Mark) -> str:
    name, attributes, text = mark
    said = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items())
    return f"<{name}{said}>{escape(text)}</{name}>"
