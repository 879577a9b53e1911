"""The table of the fault algebra is the whole product, and the profiles grant what it calls legal."""

from itertools import pairwise, product

from evidence_sim.cells_table import CELLS, FACTORS
from evidence_sim.codes import AnswerCode
from evidence_sim.faults import PROFILES

BYZANTINE = PROFILES["byzantine"]


def test_each_combination_has_one_cell() -> None:
    whole = [(kind, *pair) for kind, factors in FACTORS.items() for pair in product(*factors)]
    assert sorted((cell.kind, cell.does, cell.says) for cell in CELLS) == sorted(whole)


def test_what_is_legal_is_what_the_widest_profile_grants() -> None:
    legal = {kind: {cell.answer for cell in CELLS if cell.kind == kind and cell.answer} for kind in FACTORS}
    assert legal["write"] == {AnswerCode.OK, *BYZANTINE.writes}
    assert legal["read"] == {AnswerCode.OK, *BYZANTINE.reads}
    assert legal["outside"] == {AnswerCode.REPAIR, AnswerCode.FORGET, *BYZANTINE.outside}  # those of every profile
    assert legal["tick"] == set()


def test_each_cell_says_why() -> None:
    assert {cell.verdict for cell in CELLS} == {"legal", "equal", "excluded"}
    assert all(cell.because and (cell.verdict == "legal") is (cell.answer is not None) for cell in CELLS)


def test_wider_profiles_grant_more() -> None:
    names = ("crash-stop", "cloud-kv", "lying-disk", "byzantine")
    for less, more in pairwise(names):
        for part in ("reads", "writes", "generates", "outside"):
            assert set(getattr(PROFILES[less], part)) <= set(getattr(PROFILES[more], part))
        assert PROFILES[more].promised <= PROFILES[less].promised
