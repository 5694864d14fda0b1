import torch

from grader.judge import Draw
from grader.judge.draw import seed_of


def test_a_seed_depends_on_every_part_and_on_nothing_else():
    assert seed_of(0, "mask_tokens", "padded", 1) == 193146738509018
    assert len({seed_of(a, b) for a in range(20) for b in "xyz"}) == 60


def test_the_same_seed_draws_the_same():
    a, b = Draw(5), Draw(5)
    assert torch.equal(a.normal(3, 4), b.normal(3, 4)) and a.sizes(4) == b.sizes(4)


def test_sizes_differ_pairwise():
    for seed in range(50):
        assert len(set(Draw(seed).sizes(5))) == 5


def test_uniform_draws_keep_away_from_edges():
    drawn = Draw(1).uniform(1000, 100, edges=(0.15, 0.8, 0.9))
    assert drawn.min() >= 0 and drawn.max() < 1
    for edge in (0.15, 0.8, 0.9):
        assert (drawn - edge).abs().min() > 0.001


def test_attention_masks_have_one_full_row_a_shorter_one_and_padding_on_the_named_side():
    for seed in range(30):
        for side in ("left", "right", "mixed"):
            mask = Draw(seed).attention_mask(4, 9, side, shortest=2)
            lengths = mask.sum(1)
            assert lengths.max() == 9 and lengths.min() >= 2 and lengths.min() < 9
            if side != "mixed":
                assert (mask[:, 0 if side == "right" else -1] == 1).all()
            assert ((mask.diff(dim=1) != 0).sum(1) <= 1).all()
