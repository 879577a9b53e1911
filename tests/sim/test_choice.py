"""Keyed choice: test vectors, bounds, and that a stream is read by its own index only."""

from evidence_sim.choice import CLOCKS, H, Stream, fold, mix

# splitmix64 seeded with 0 gives these first three words (its state grows by GAMMA each time).
GAMMA = 0x9E3779B97F4A7C15
FIRST = (0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F)


def test_the_finalizer_is_splitmix64s() -> None:
    assert tuple(mix(n * GAMMA % 2**64) for n in (1, 2, 3)) == FIRST
    assert fold(0, 0) == FIRST[0]


def test_vectors_of_h() -> None:
    assert H(0, 0, 0) == 0x238275BC38FCBE91
    assert H(1, CLOCKS, 7) == 0x809A06034E57D431
    assert H(2**64 - 1, 2**64 - 1, 2**64 - 1) == 0x595B17F487C0E71B
    assert len({H(seed, stream, n) for seed in range(8) for stream in range(8) for n in range(8)}) == 512


def test_a_draw_is_the_upper_half_scaled() -> None:
    stream = Stream(3, 5)
    drawn = [stream.draw(10) for _ in range(1000)]
    assert drawn == [(H(3, 5, n) >> 32) * 10 >> 32 for n in range(1000)]
    assert set(drawn) == set(range(10))


def test_weights_are_kept() -> None:
    stream = Stream(0, 0)
    drawn = [stream.weighted((0, 1, 3)) for _ in range(4000)]
    assert drawn.count(0) == 0
    assert 850 < drawn.count(1) < 1150
