"""A split model is the model, and its pictures are drawn from what was noted."""

import pytest
import torch
from transformers import BertConfig, BertForMultipleChoice, BertForSequenceClassification
from transformers.models.bert.modeling_bert import BertLayer

from grader.lab.finetuning import Run, curves, for_first_token, split_at, word_effects

IDS = torch.tensor([[2, 7, 9, 3], [2, 8, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
LABELS = torch.tensor([0, 1])


@pytest.fixture
def model():
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=12, hidden_size=8, num_hidden_layers=3, num_attention_heads=2, intermediate_size=16
    )
    return BertForSequenceClassification(config).eval()


def through(lower, upper):
    with torch.no_grad():
        hidden = lower(IDS, attention_mask=MASK).last_hidden_state
    return upper(inputs_embeds=hidden, attention_mask=MASK, labels=LABELS)


@pytest.mark.parametrize("layers", [0, 1, 3])
@pytest.mark.parametrize("first", [lambda model: model, for_first_token])
def test_the_two_parts_together_are_the_model(model, first, layers):
    lower, upper = split_at(first(model), layers)
    assert torch.allclose(
        through(lower, upper.eval()).logits, model(IDS, attention_mask=MASK).logits, atol=1e-6
    )


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_for_its_first_token_a_model_is_and_learns_the_same(model, attention):
    model.set_attn_implementation(attention)
    twin, grown = for_first_token(model), []
    for each in (twin, model):
        output = each(IDS, attention_mask=MASK, labels=LABELS)
        output.loss.backward()
        grown.append([output.logits, *(value.grad for value in model.parameters())])
        model.zero_grad()
    assert all(torch.allclose(mine, full, atol=1e-6) for mine, full in zip(*grown, strict=True))


def test_a_chooser_for_its_first_token_scores_the_same(model):
    chooser = BertForMultipleChoice(model.config).eval()
    batch = {
        "input_ids": torch.stack([IDS, IDS.flip(0)]),
        "attention_mask": torch.stack([MASK, MASK.flip(0)]),
    }
    twin = for_first_token(chooser)
    assert torch.allclose(twin(**batch).logits, chooser(**batch).logits, atol=1e-6)
    twin(**batch).logits.sum().backward()
    assert all(value.grad is not None for name, value in chooser.named_parameters() if "pooler" in name)


def test_for_its_first_token_a_model_drops_out_in_training_alone(model):
    twin = for_first_token(model)
    attention = twin.bert.encoder.layer[-1].layer.attention
    attention.output.dropout.p = 0.0
    hidden = torch.randn(2, 4, 8)
    layer = twin.bert.encoder.layer[-1].eval()
    assert torch.equal(layer(hidden), layer(hidden))
    attention.train()
    assert not torch.equal(layer(hidden), layer(hidden))


@pytest.mark.parametrize("change", [for_first_token, lambda model: split_at(model, 1)])
def test_the_model_is_left_whole(model, change):
    names = list(model.state_dict())
    change(model)
    assert list(model.state_dict()) == names
    assert [type(layer) for layer in model.bert.encoder.layer] == [BertLayer] * 3


def test_training_the_upper_part_trains_the_model_above_the_split_and_nothing_below(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    lower, upper = split_at(model, 2)
    optimizer = torch.optim.SGD(upper.parameters(), lr=0.5)
    through(lower, upper).loss.backward()
    optimizer.step()
    moved = {
        name.split(".")[:4][-1]
        for name, value in model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert moved == {"2", "weight", "bias"}  # the last layer; pooler and classifier
    assert torch.allclose(
        through(lower, upper.eval()).logits, model(IDS, attention_mask=MASK).logits, atol=1e-6
    )


def test_the_upper_part_owns_no_embeddings(model):
    lower, upper = split_at(model, 2)
    assert not any("embeddings" in name for name, _ in upper.named_parameters())
    assert lower.pooler is None


def test_too_many_layers_are_refused(model):
    with pytest.raises(ValueError, match="layers must be from 0 to 3, got 4"):
        split_at(model, 4)


@pytest.fixture
def run():
    run = Run("a run", batches=10, epochs=2)
    for number in range(20):
        run.step(1 - number / 20)
        if number % 10 == 9:
            run.epoch(0.6 + number / 100)
    return run


def test_a_run_tells_where_it_is(run):
    assert run._bar.value == run._bar.max == 20
    assert run._text.value == "step 20 of 20: loss 0.28, accuracy 0.79"


def test_a_run_draws_once_it_is_displayed_and_when_it_ends(run):
    assert run._picture.value == b""
    run._repr_mimebundle_()
    displayed = bytes(run._picture.value)
    assert displayed.startswith(b"\x89PNG")
    run.accuracies.pop()
    run.epoch(0.9)
    assert bytes(run._picture.value) not in (b"", displayed)


def test_a_run_is_stored_as_its_title(run):
    assert repr(run) == "a run: 2 epochs of 10 steps (run this cell to watch)"


def test_a_title_is_text():
    assert "&lt;b&gt;" in Run("<b>", 1, 1).children[0].value


def test_a_run_without_batches_is_refused():
    with pytest.raises(ValueError, match="not 0 batches in 2 epochs"):
        Run("a run", batches=0, epochs=2)


def test_curves_are_means_of_the_window_over_epochs(run):
    loss, accuracy = curves({"one": run}, window=2).axes
    x, y = loss.lines[0].get_xydata()[1]
    assert (x, y) == pytest.approx((0.2, 0.975))
    assert accuracy.lines[0].get_xydata().tolist() == [[1, pytest.approx(0.69)], [2, pytest.approx(0.79)]]
    assert loss.get_legend() is None
    assert [
        text.get_text() for text in curves({"one": run, "two": run}).axes[0].get_legend().get_texts()
    ] == ["one", "two"]


def test_effects_have_a_bar_each_and_signs_differ_in_hatch():
    bars = word_effects(["not", "dull"], [0.4, -0.2]).axes[0].patches
    assert [bar.get_height() for bar in bars] == [0.4, -0.2]
    assert bars[0].get_hatch() != bars[1].get_hatch()
    with pytest.raises(ValueError, match="1 effects for 2 words"):
        word_effects(["not", "dull"], [0.4])


def test_the_accuracy_of_a_guess_is_in_the_picture():
    run = Run("choices", batches=1, epochs=1, chance=0.25)
    run.step(1.4)
    run.epoch(0.3)
    _, accuracy = curves({"choices": run}, run.chance).axes
    assert "a guess" in [text.get_text() for text in accuracy.texts]
    low, _ = accuracy.get_ylim()
    assert low < 0.25
