"""The sync forms are as generated, and what is not is named."""

from pathlib import Path

import pytest

from make_sync import MADE, RUNTIME, SOURCE, main, sync

BEGINS = '"""Purpose."""\n\nfrom evidence_runtime.aio.store import AsyncStore\n\n\n'


def planted(runtime: Path, name: str, text: str) -> Path:
    """A source, in a runtime of its own."""
    (runtime / "aio").mkdir(exist_ok=True)
    (runtime / "aio" / name).write_text(SOURCE + BEGINS + text)
    return runtime / name


def test_the_sync_forms_are_as_generated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert capsys.readouterr() == ("", "")
    assert [path.name for path in RUNTIME.glob("*.py") if path.read_text().startswith("# Generated from")]


def test_what_is_stale_is_named_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = planted(tmp_path, "one.py", "async def f(store: AsyncStore) -> None:\n    await store.get('k')\n")
    (tmp_path / "aio" / "two.py").write_text(BEGINS)
    for text in ("", MADE.format(name="one.py") + BEGINS):
        made.write_text(text)
        assert main(["--check"], tmp_path) == 1
        assert capsys.readouterr().err == "one.py is stale: run python kernel/make_sync.py\n"
        assert made.read_text() == text
    assert main([], tmp_path) == 0 == main(["--check"], tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.py")) == ["one.py"]


def test_a_source_that_lost_its_first_line_is_seen(tmp_path: Path) -> None:
    planted(tmp_path, "one.py", "a = 1\n")
    assert main([], tmp_path) == 0
    (tmp_path / "aio" / "one.py").write_text(BEGINS)
    with pytest.raises(ValueError, match=r"aio/one\.py"):
        main(["--check"], tmp_path)
    (tmp_path / "aio" / "one.py").unlink()
    with pytest.raises(FileNotFoundError):
        main(["--check"], tmp_path)


def test_wrong_usage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--chekc"]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "due"),
    [
        ("async def f() -> None:\n    await g(await h())\n", "def f() -> None:\n    g(h())\n"),
        ("async with a as b:\n    async for c in b:\n        pass\n", "with a as b:\n    for c in b:\n        pass\n"),
        ("d = [e async for e in f]\n", "d = [e for e in f]\n"),
        ("g = h(\n    await i\n)\n", "g = h(i)\n"),
        ('"""Of an AsyncStore: await it."""\n', '"""Of an Store: await it."""\n'),
        ("from redis.asyncio import Redis\n", "from redis import Redis\n"),
        ("from sqlalchemy.ext.asyncio import AsyncEngine\n", "from sqlalchemy import Engine\n"),
        ("awaited = async_ = AsyncStores = my_aclose\n", "awaited = async_ = AsyncStores = my_aclose\n"),
        ("async def __aenter__(self): ...\n", "def __enter__(self): ...\n"),
    ],
)
def test_words_go_or_are_replaced(source: str, due: str) -> None:
    assert sync(SOURCE + source, "a.py") == MADE.format(name="a.py") + due
