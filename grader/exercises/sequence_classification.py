"""Lesson 08: fine-tuning for a label.

The oracles are the losses of `transformers`, and counts, F1 and gradient descent by their definitions. The
classifier that the lesson trains is judged by what it says of reviews: in grading of the instructor's hidden ones.
"""

from __future__ import annotations

import copy
import random

import torch
import torch.nn.functional as F

from grader.exercises._models import bert_config, build
from grader.judge import Case, Exercise, Question, Quiz, expect

LESSON = "08_sequence_classification"

# -------------------------------------------------------------------------------- classification_loss

SINGLE, MULTI, REGRESSION = "single_label_classification", "multi_label_classification", "regression"

classification_loss = Exercise(
    "classification_loss",
    points=3,
    takes=("logits: float (B, C)", "labels: int64 or float (...)", "problem_type: str"),
    returns=("loss: float ()",),
    summary="The loss of a classification head: one label of several, any number of labels, or a number.",
    read="“Three kinds of label, three losses”, and the example worked by hand",
    rounds=1,
    hints=(
        "Three branches, one function of `torch.nn.functional` each: `cross_entropy`, `binary_cross_entropy_with_logits`, `mse_loss`. "
        "All of them take raw scores and give a mean.",
        "Before `mse_loss` look at the two shapes: (B, 1) and (B,) do not stand beside each other, they are broadcast to (B, B). "
        "Give both the same shape first.",
    ),
)


def _single_label(draw, dtype) -> Case:
    batch, classes = draw.sizes(2, 3, 7)
    logits = draw.normal(batch, classes, scale=2.0, dtype=dtype)
    return Case(logits=logits, labels=draw.ids(batch, high=classes), problem_type=SINGLE)


@classification_loss.case
def one_label_of_several(draw):
    """one label for each text"""
    return _single_label(draw, torch.float32)


@classification_loss.case
def one_label_in_double(draw):
    """one label for each text, scores in float64"""
    return _single_label(draw, torch.float64)


@classification_loss.case
def any_number_of_labels(draw):
    """any number of labels for each text: 1.0 where one holds"""
    batch, classes = draw.sizes(2, 4, 7)
    labels = (draw.uniform(batch, classes) < 0.5).float()
    labels[0], labels[1], labels[1, :2] = 0.0, 0.0, 1.0
    logits = draw.normal(batch, classes, scale=2.0)
    return Case(logits=logits, labels=labels, problem_type=MULTI)


@classification_loss.case(apart=True)
def sure_of_every_label(draw):
    """any number of labels, and scores far from 0: a model that is very sure, and wrong here and there"""
    batch, classes = draw.sizes(2, 4, 7)
    labels = (draw.uniform(batch, classes) < 0.5).float()
    labels[0, :2], labels[1, :2] = torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0])
    logits = (2 * labels - 1) * (20 + 10 * draw.uniform(batch, classes))
    logits[1, :2] *= -1
    return Case(logits=logits, labels=labels, problem_type=MULTI)


@classification_loss.case
def one_number(draw):
    """one number for each text: logits (B, 1), labels (B,)"""
    batch = draw.integer(4, 7)
    return Case(
        logits=draw.normal(batch, 1, scale=2.0),
        labels=draw.normal(batch, scale=2.0),
        problem_type=REGRESSION,
    )


@classification_loss.case
def several_numbers(draw):
    """several numbers for each text: logits and labels (B, C)"""
    batch, targets = draw.sizes(2, 3, 7)
    return Case(
        logits=draw.normal(batch, targets, scale=2.0),
        labels=draw.normal(batch, targets, scale=2.0),
        problem_type=REGRESSION,
    )


@classification_loss.case(apart=True)
def an_unknown_type(draw):
    """a problem type that does not exist"""
    case = _single_label(draw, torch.float32)
    case.arguments["problem_type"] = draw.choice(
        ("ranking", "single_label", "multi-label", "Regression", "classification", "")
    )
    return case


def _library_loss(logits, labels, problem_type):
    """What a `BertForSequenceClassification` with this problem type and these scores has as its loss."""
    from transformers import BertConfig
    from transformers.loss.loss_utils import ForSequenceClassificationLoss

    config = BertConfig(num_labels=logits.shape[-1], problem_type=problem_type)
    return ForSequenceClassificationLoss(labels, logits, config)


def _as_the_library(case: Case, answer) -> None:
    expect.same(answer(), _library_loss(**case.arguments), "loss")


@classification_loss.must(
    "One label of several: give the mean cross-entropy of the labels under the raw scores.",
    weight=0.65,
    on=(one_label_of_several, one_label_in_double),
)
def single_label_loss(case, answer):
    _as_the_library(case, answer)


@classification_loss.must(
    "Any number of labels: give the mean binary cross-entropy over all B x C decisions.",
    weight=0.65,
    on=(any_number_of_labels, sure_of_every_label),
)
def multi_label_loss(case, answer):
    _as_the_library(case, answer)


@classification_loss.must(
    "Numbers: give the mean squared difference, each number held against its own label.",
    weight=0.65,
    on=(one_number, several_numbers),
)
def regression_loss(case, answer):
    _as_the_library(case, answer)


@classification_loss.must(
    "Raise a `ValueError` for any other problem type.", weight=0.4, on=(an_unknown_type,)
)
def unknown_type_refused(case, answer):
    for problem_type in (case.problem_type, "single_label", "linear_regression"):
        answer.raises(ValueError, problem_type=problem_type)


@classification_loss.must("Stay differentiable: the gradient reaches the scores.", weight=0.65)
def scores_can_learn(case, answer):
    logits = case.logits.clone().requires_grad_()
    (want,) = torch.autograd.grad(_library_loss(logits, case.labels, case.problem_type), logits)
    got = answer.gradients("logits")["logits"]
    expect.that(
        got is not None,
        "no gradient reaches `logits`: the loss has left the graph (by .item(), .detach(), no_grad or a new tensor)",
    )
    expect.same(got, want, "gradient")


def _losses(logits, labels, problem_type, **instead):
    """The right answer, with some of its branches replaced."""
    branches = {SINGLE: F.cross_entropy, MULTI: F.binary_cross_entropy_with_logits, REGRESSION: _squares}
    branches.update({globals()[name.upper()]: branch for name, branch in instead.items()})
    if problem_type not in branches:
        raise ValueError(f"unknown problem_type {problem_type!r}")
    return branches[problem_type](logits, labels)


def _squares(logits, labels):
    return F.mse_loss(logits.reshape(labels.shape), labels)


@classification_loss.mistake(
    "The scores go through softmax before the cross-entropy, which takes the softmax itself. Twice flattens everything: with two classes "
    "the loss never falls below 0.31, and the gradients nearly vanish."
)
def softmax_twice(logits, labels, problem_type):
    return _losses(logits, labels, problem_type, single=lambda x, y: F.cross_entropy(x.softmax(-1), y))


@classification_loss.mistake(
    "The scores go through a sigmoid before a loss that takes the sigmoid itself. After two of them every label looks about as likely as not, and little is learned."
)
def sigmoid_twice(logits, labels, problem_type):
    return _losses(
        logits, labels, problem_type, multi=lambda x, y: F.binary_cross_entropy_with_logits(x.sigmoid(), y)
    )


@classification_loss.mistake(
    "The sigmoid and the logarithm are taken one after the other. From a score of 17 on the sigmoid is 1 in float32, the logarithm of what is left minus infinity, and the loss "
    "infinite or NaN. `binary_cross_entropy_with_logits` takes both in one step."
)
def sigmoid_then_logarithm(logits, labels, problem_type):
    def entropy(x, y):
        p = x.sigmoid()
        return -(y * p.log() + (1 - y) * (1 - p).log()).mean()

    return _losses(logits, labels, problem_type, multi=entropy)


@classification_loss.mistake(
    "`binary_cross_entropy` is given the sigmoid of the scores. From a score of 17 on that is 1 in float32: a wrong label then costs 100, whatever the score was, and teaches nothing. "
    "`binary_cross_entropy_with_logits` takes the scores themselves."
)
def sigmoid_then_entropy(logits, labels, problem_type):
    return _losses(logits, labels, problem_type, multi=lambda x, y: F.binary_cross_entropy(x.sigmoid(), y))


@classification_loss.mistake(
    "Several labels are treated as one: a softmax makes them compete. Where two labels hold they can never both be likely, and where none holds nothing is learned."
)
def several_labels_in_one_softmax(logits, labels, problem_type):
    return _losses(logits, labels, problem_type, multi=F.cross_entropy)


@classification_loss.mistake(
    "One label of several is treated as so many questions of yes or no. The classes then no longer compete, and the scores are no "
    "probabilities that add up to 1."
)
def one_label_as_yes_or_no(logits, labels, problem_type):
    def yes_or_no(x, y):
        return F.binary_cross_entropy_with_logits(x, F.one_hot(y, x.shape[-1]).to(x.dtype))

    return _losses(logits, labels, problem_type, single=yes_or_no)


@classification_loss.mistake(
    "The shapes (B, 1) and (B,) were broadcast to (B, B): every prediction is held against every label. The loss still falls, and the model "
    "learns to say the mean of all labels."
)
def broadcast(logits, labels, problem_type):
    return _losses(logits, labels, problem_type, regression=lambda x, y: ((x - y) ** 2).mean())


@classification_loss.mistake(
    "The absolute difference is taken, not its square. It is a loss, but another one: `transformers` squares."
)
def absolute_difference(logits, labels, problem_type):
    return _losses(logits, labels, problem_type, regression=lambda x, y: F.l1_loss(x.reshape(y.shape), y))


@classification_loss.mistake(
    "The root of the mean square is taken. That is a good figure to report, but not the loss: the gradient becomes a different one."
)
def root_mean_square(logits, labels, problem_type):
    return _losses(logits, labels, problem_type, regression=lambda x, y: _squares(x, y).sqrt())


@classification_loss.mistake(
    "The losses are added up, not averaged: a batch twice as large would make steps twice as long."
)
def summed(logits, labels, problem_type):
    return _losses(
        logits, labels, problem_type,
        single=lambda x, y: F.cross_entropy(x, y, reduction="sum"),
        multi=lambda x, y: F.binary_cross_entropy_with_logits(x, y, reduction="sum"),
        regression=lambda x, y: F.mse_loss(x.reshape(y.shape), y, reduction="sum"),
    )  # fmt: skip


@classification_loss.mistake(
    "The losses of a text's labels are added up before the mean over texts. The library's mean is over all B x C decisions: this is C times as much."
)
def summed_over_labels(logits, labels, problem_type):
    def added(x, y):
        return F.binary_cross_entropy_with_logits(x, y, reduction="none").sum(-1).mean()

    return _losses(logits, labels, problem_type, multi=added)


@classification_loss.mistake(
    "Any type that is not known is taken for regression. A typing error would train the wrong thing without a word; the contract asks for a `ValueError`."
)
def unknown_type_is_regression(logits, labels, problem_type):
    if problem_type in (SINGLE, MULTI):
        return _losses(logits, labels, problem_type)
    return ((logits.squeeze(-1) - labels) ** 2).mean()


@classification_loss.mistake(
    "An unknown type ends in a `KeyError` from the dict. The contract asks for a `ValueError`, with a message that names the argument."
)
def unknown_type_key_error(logits, labels, problem_type):
    return {
        SINGLE: lambda: F.cross_entropy(logits, labels),
        MULTI: lambda: F.binary_cross_entropy_with_logits(logits, labels),
        REGRESSION: lambda: _squares(logits, labels),
    }[problem_type]()


@classification_loss.mistake(
    "An unknown type gives no loss at all: the function runs to its end and returns None, and training stops somewhere else with an error that nobody understands."
)
def unknown_type_is_nothing(logits, labels, problem_type):
    return _losses(logits, labels, problem_type) if problem_type in (SINGLE, MULTI, REGRESSION) else None


@classification_loss.mistake(
    "The value is right, but it is a new number without a history: `backward()` has nothing to go through, so nothing is learned."
)
def loss_cut_from_the_graph(logits, labels, problem_type):
    return _losses(logits, labels, problem_type).detach()


# ---------------------------------------------------------------------------------------------- train

train = Exercise(
    "train",
    points=4,
    takes=("model: model", "batches: list of dicts", "learning_rate: float"),
    returns=("losses: list of float",),
    summary="One pass over the batches with plain gradient descent: the loop that is at the heart of all fine-tuning.",
    read="“Four lines that learn”, and the steps by hand",
    changes=("model",),
    rounds=1,
    hints=(
        "For each batch: forget the old gradients, compute the loss, `backward()`, one step. Before the loop remember `model.training`, "
        "after it put that mode back: `model.train(was_training)`.",
        "`model(**batch)` hands every entry of the dict to the model; with `labels` among them its output has a `.loss`. `torch.optim.SGD` over "
        "`model.parameters()` makes the step, and passes over parameters without a gradient.",
        "`.item()` makes a float of a loss. Take it before `step()` or after: it is the number of the forward pass that came before the step. "
        "But a *new* forward pass after the step would give another.",
    ),
)


def _labelled_batches(
    draw, vocab: int, classes: int, count: int = 3, smallest: int = 2
) -> list[dict[str, torch.Tensor]]:
    """Batches as a tokenizer makes them of pairs: padded on the right, each of a size and length of its own."""
    batches = []
    sizes, lengths = draw.shuffled(range(smallest, 5)), draw.shuffled(range(5, 9))
    for batch, length in zip(sizes[:count], lengths, strict=False):
        mask = draw.attention_mask(batch, length, shortest=3)
        second = torch.arange(length) >= draw.integer(2, length - 2)
        batches.append(
            {
                "input_ids": draw.ids(batch, length, low=1, high=vocab) * mask,
                "token_type_ids": second.long() * mask,
                "attention_mask": mask,
                "labels": draw.ids(batch, high=classes),
            }
        )
    return batches


def _classifier(draw, vocab: int, classes: int, training: bool, dropout: float = 0.0):
    from transformers import BertForSequenceClassification

    config = bert_config(
        vocab, num_labels=classes, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout
    )
    return build(draw, BertForSequenceClassification, config, training=training)


def _to_train(draw, training: bool, dropout: float = 0.0) -> Case:
    vocab, classes = draw.integer(20, 30), draw.integer(3, 5)
    return Case(
        model=_classifier(draw, vocab, classes, training, dropout),
        batches=_labelled_batches(draw, vocab, classes, count=1 if dropout else 3),
        learning_rate=draw.choice((0.05, 0.08, 0.1)),
    )


@train.case
def a_model_in_eval_mode(draw):
    """a classifier that comes in eval mode, without dropout"""
    return _to_train(draw, training=False)


@train.case
def partly_frozen(draw):
    """a classifier in train mode, without dropout, whose embeddings and attention are frozen"""
    case = _to_train(draw, training=True)
    for name, parameter in case.model.named_parameters():
        parameter.requires_grad_("embeddings" not in name and "attention" not in name)
    return case


@train.case
def with_dropout(draw):
    """a classifier with dropout that comes in eval mode"""
    return _to_train(draw, training=False, dropout=0.4)


@train.case
def with_dropout_in_train_mode(draw):
    """a classifier with dropout that comes in train mode"""
    return _to_train(draw, training=True, dropout=0.4)


def _descent(model, batches, learning_rate, *, mode=True, forget=True, update=None, trains=None, report=None):
    """Gradient descent by its definition, on `model` itself, with the places where mistakes are made as arguments."""
    was_training, losses = model.training, []
    if mode is not None:
        model.train(mode)
    trained = [
        p for name, p in model.named_parameters() if (p.requires_grad if trains is None else trains(name, p))
    ]
    sums = [torch.zeros_like(p) for p in trained]
    for batch in batches:
        loss = model(**batch).loss
        found = torch.autograd.grad(loss, trained, allow_unused=True)
        sums = [(0 if forget else old) + (0 if g is None else g) for old, g in zip(sums, found, strict=True)]
        with torch.no_grad():
            for p, gradient in zip(trained, sums, strict=True):
                p -= learning_rate * gradient if update is None else update(p, gradient)
        losses.append(loss.item() if report is None else report(loss, batch))
    model.train(was_training)
    return losses


def _right_training(case: Case):
    """The losses and the model after training as asked, made once for a case."""
    if "trained" not in case.facts:
        model = copy.deepcopy(case.model)
        case.knows(trained=(_descent(model, case.batches, case.learning_rate), model))
    return case.trained


def _parameters_after(case: Case, answer) -> dict[str, torch.nn.Parameter]:
    """The parameters of the model after the call by name: the same names and shapes as before, or `Mismatch`."""
    before = dict(case.model.named_parameters())
    after = dict(answer.after("model").named_parameters())
    shapes = [{name: p.shape for name, p in found.items()} for found in (before, after)]
    expect.that(shapes[0] == shapes[1], "the model has other parameters than before: train those that it has")
    return after


@train.must(
    "Return the loss of each batch as a float, in order, as it was before the step on that batch.",
    on=(a_model_in_eval_mode, partly_frozen),
)
def losses_before_each_step(case, answer):
    losses = answer()
    kept = next((i for i, loss in enumerate(losses) if isinstance(loss, torch.Tensor)), None)
    expect.that(
        kept is None,
        f"losses[{kept}] is a tensor, not a float: `.item()` takes the number out and lets go of the rest",
    )
    expect.same(losses, _right_training(case)[0], "losses")


@train.must(
    "After each batch, move every parameter that is not frozen by minus learning rate times its gradient.",
    on=(a_model_in_eval_mode, partly_frozen),
)
def plain_descent(case, answer):
    after, want = _parameters_after(case, answer), _right_training(case)[1]
    for name, parameter in want.named_parameters():
        start = case.model.get_parameter(name).detach()
        got = after[name].detach()
        moves = (parameter - start).abs().max() > 1e-6  # a key's bias has no gradient but rounding
        expect.that(not moves or not torch.equal(got, start), f"{name} has not moved at all")
        expect.same(got, parameter.detach(), f"{name} after training", before=start)


@train.must(
    "Leave frozen parameters as they are, and frozen, while the others move.",
    weight=0.75,
    on=(partly_frozen,),
)
def frozen_stay(case, answer):
    moved = False
    for name, parameter in _parameters_after(case, answer).items():
        before = case.model.get_parameter(name)
        same = torch.equal(parameter, before)
        moved = moved or not same
        expect.that(before.requires_grad or same, f"{name} is frozen, and yet it moved")
        expect.that(
            parameter.requires_grad == before.requires_grad,
            f"{name}: requires_grad was {before.requires_grad} and is now {parameter.requires_grad}",
        )
    expect.that(moved, "no parameter has moved at all")


@train.must(
    "Train in train mode, so that dropout is at work.",
    weight=1.25,
    on=(with_dropout, with_dropout_in_train_mode),
)
def dropout_at_work(case, answer):
    came = case.model.training
    with torch.no_grad():
        quiet = case.model.eval()(**case.batches[0]).loss.item()
    case.model.train(came)
    first = next(iter(answer()), None)
    first = first.item() if isinstance(first, torch.Tensor) and first.numel() == 1 else first
    expect.that(isinstance(first, (int, float)), f"no loss of the first batch to look at: got {first!r:.60}")
    expect.that(
        abs(first - quiet) > 1e-5,
        f"the first loss is {quiet:.4g}, just what the model gives in eval mode: no dropout was at work",
    )
    after = _parameters_after(case, answer)
    expect.that(
        any(not torch.equal(p, after[name]) for name, p in case.model.named_parameters()),
        "no parameter has moved at all",
    )


@train.must("Give the model back in the mode in which it came.")
def mode_as_it_was(case, answer):
    came, left = case.model.training, answer.after("model").training
    expect.that(
        came == left,
        f"the model came in {'train' if came else 'eval'} mode and is now in {'train' if left else 'eval'} mode",
    )


@train.mistake(
    "The gradients are never set to zero, so `backward()` adds each batch's to those before it: every step also repeats the earlier ones, "
    "longer and longer."
)
def never_zeroed(model, batches, learning_rate):
    return _descent(model, batches, learning_rate, forget=False)


@train.mistake(
    "The gradients are set to zero between `backward()` and the step, so every step is a step of nothing: the losses look alive, and the model stays as it was."
)
def zeroed_before_the_step(model, batches, learning_rate):
    return _descent(model, batches, learning_rate, update=lambda p, g: torch.zeros_like(p))


@train.mistake(
    "The step goes uphill: a gradient points to where the loss *grows*, so each step makes the loss of its own batch larger."
)
def uphill(model, batches, learning_rate):
    return _descent(model, batches, learning_rate, update=lambda p, g: -learning_rate * g)


@train.mistake(
    "The learning rate is not used: steps as long as the gradient itself throw a pretrained model far from what it had learned."
)
def learning_rate_ignored(model, batches, learning_rate):
    return _descent(model, batches, learning_rate, update=lambda p, g: g)


@train.mistake(
    "The model is trained in eval mode: dropout is off, and with it what keeps a small set of examples from being learned by heart."
)
def trained_in_eval_mode(model, batches, learning_rate):
    return _descent(model, batches, learning_rate, mode=False)


@train.mistake(
    "The model is trained in whatever mode it comes. One that was just evaluated, or just loaded, comes in eval mode: no dropout is at work."
)
def mode_not_set(model, batches, learning_rate):
    return _descent(model, batches, learning_rate, mode=None)


@train.mistake(
    "The model is left in train mode. Whoever predicts with it next gets dropout in the answers: another one at every call."
)
def left_in_train_mode(model, batches, learning_rate):
    losses = _descent(model, batches, learning_rate)
    model.train()
    return losses


@train.mistake(
    "The model ends in eval mode, however it came. The next pass of a loop that had it in train mode would go on without dropout."
)
def left_in_eval_mode(model, batches, learning_rate):
    losses = _descent(model, batches, learning_rate)
    model.eval()
    return losses


@train.mistake(
    "The losses are kept as tensors, where floats were asked for. A loss that still belongs to a graph keeps that graph alive, so memory grows with every batch."
)
def tensors_kept(model, batches, learning_rate):
    return _descent(model, batches, learning_rate, report=lambda loss, batch: loss.detach())


@train.mistake(
    "The loss is computed again after the step. It looks better than it was: the model has just been shown the answers to this very batch."
)
def loss_after_the_step(model, batches, learning_rate):
    return _descent(model, batches, learning_rate, report=lambda loss, batch: model(**batch).loss.item())


@train.mistake(
    "One number comes back for the whole pass. Asked for is the loss of every batch: only a series shows whether it falls."
)
def only_the_mean(model, batches, learning_rate):
    losses = _descent(model, batches, learning_rate)
    return [sum(losses) / len(losses)]


@train.mistake(
    "All gradients are gathered first and there is a single step at the end. That is one step on one large batch, not one on each."
)
def a_single_step(model, batches, learning_rate):
    was_training = model.training
    model.train()
    losses = [model(**batch).loss for batch in batches]
    trained = [p for p in model.parameters() if p.requires_grad]
    found = torch.autograd.grad(sum(losses), trained, allow_unused=True)
    with torch.no_grad():
        for p, gradient in zip(trained, found, strict=True):
            p -= learning_rate * (0 if gradient is None else gradient)
    model.train(was_training)
    return [loss.item() for loss in losses]


@train.mistake(
    "Frozen parameters are trained as well. Whoever froze them wanted to keep what they had learned; here everything is thawed first."
)
def everything_thawed(model, batches, learning_rate):
    model.requires_grad_(True)
    return _descent(model, batches, learning_rate)


@train.mistake(
    "Frozen parameters move, although they are still marked as frozen: the gradients were taken for all of them."
)
def frozen_ones_move(model, batches, learning_rate):
    flags = {name: p.requires_grad for name, p in model.named_parameters()}
    model.requires_grad_(True)
    losses = _descent(model, batches, learning_rate)
    for name, p in model.named_parameters():
        p.requires_grad_(flags[name])
    return losses


@train.mistake(
    "Only the head is trained and the body stays as it is. That is a linear probe: here the body learns, too, wherever it is not frozen."
)
def only_the_head(model, batches, learning_rate):
    return _descent(model, batches, learning_rate, trains=lambda name, p: name.startswith("classifier"))


@train.mistake("A copy was trained: its losses fall, and the model that was handed in has learned nothing.")
def a_copy_trained(model, batches, learning_rate):
    return _descent(copy.deepcopy(model), batches, learning_rate)


@train.mistake(
    "Adam makes the steps. It is what one mostly uses, but the contract asks for plain SGD: Adam's steps hardly depend on how large a gradient is."
)
def adam_for_sgd(model, batches, learning_rate):
    return _with_optimizer(model, batches, torch.optim.Adam(model.parameters(), lr=learning_rate))


@train.mistake(
    "The optimizer has momentum, so every step also repeats a part of those before it. Plain SGD has none: each step is the learning rate times the gradient of this batch alone."
)
def with_momentum(model, batches, learning_rate):
    return _with_optimizer(
        model, batches, torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=0.9)
    )


def _with_optimizer(model, batches, optimizer):
    was_training, losses = model.training, []
    model.train()
    for batch in batches:
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.train(was_training)
    return losses


@train.mistake(
    '`batch.pop("labels")` takes the labels out of the caller\'s own batches: a second pass over them finds none. `batch["labels"]` leaves them there.'
)
def labels_popped(model, batches, learning_rate):
    was_training, losses = model.training, []
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    for batch in batches:
        labels = batch.pop("labels")
        optimizer.zero_grad()
        loss = F.cross_entropy(model(**batch).logits, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.train(was_training)
    return losses


# -------------------------------------------------------------------------------------------- predict

predict = Exercise(
    "predict",
    points=3,
    takes=("model: model", "batches: list of dicts"),
    returns=("predictions: list of int",),
    summary="The label id that a classifier gives each text, over all batches, without a trace left in the model.",
    read="“Predicting: what must be off”",
    rounds=1,
    hints=(
        "Remember `model.training`, call `model.eval()`, and put the mode back at the end. The loop goes under `with torch.no_grad():`.",
        "`model(**batch).logits` is (B, C): the best class of each row is `argmax(-1)`. `list.extend` puts the rows of all batches into one list, "
        "`.tolist()` makes ints of them.",
    ),
)


def _train_mode_predictions(model, batches) -> list[int]:
    """What the model says in train mode, under the seed that answers are called with."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        return [label for batch in batches for label in model.train()(**batch).logits.argmax(-1).tolist()]


def _to_predict(draw, training: bool, labelled: bool, tries: int = 6) -> Case:
    """A model with dropout, and batches for which everything matters: dropout, mask, segments, the axis."""
    vocab, classes = draw.integer(20, 30), draw.integer(5, 6)
    model = _classifier(draw, vocab, classes, training, dropout=0.5)
    _favour_no_class(model, _labelled_batches(draw, vocab, classes))
    for _ in range(tries):
        batches = _labelled_batches(
            draw, vocab, classes, *((3, 2) if labelled else (4, 1))
        )  # without labels, one batch is a single text
        if not labelled:
            batches = [{name: v for name, v in batch.items() if name != "labels"} for batch in batches]
        right = _clear_labels(model.eval(), batches)
        if len(set(right)) < 3 or right == _unmasked_labels(model, batches):
            continue
        dropped = _train_mode_predictions(model, batches)
        if right != dropped:
            return Case(model=model.train(training), batches=batches).knows(right=right, dropped=dropped)
    return _to_predict(draw, training, labelled)


@torch.no_grad()
def _favour_no_class(model, batches) -> None:
    """Shift the scores so that each class has the same mean over all texts. As they are drawn, one class may win everywhere."""
    logits = torch.cat([model.eval()(**batch).logits for batch in batches])
    model.classifier.bias -= logits.mean(0)


@torch.no_grad()
def _clear_labels(model, batches) -> list[int]:
    """The best label of each text, if every one leads by so much that rounding cannot matter; else none."""
    best = torch.cat([model(**batch).logits for batch in batches]).topk(2)
    lead = best.values[:, 0] - best.values[:, 1]
    return best.indices[:, 0].tolist() if lead.min() > 0.005 else []


@torch.no_grad()
def _unmasked_labels(model, batches) -> list[int]:
    """The best labels when the model reads the padding, too."""
    logits = [model(batch["input_ids"], token_type_ids=batch["token_type_ids"]).logits for batch in batches]
    return torch.cat(logits).argmax(-1).tolist()


@predict.case
def a_model_in_train_mode(draw):
    """a classifier with dropout that comes in train mode; the batches have labels"""
    return _to_predict(draw, training=True, labelled=True)


@predict.case
def a_model_at_rest(draw):
    """a classifier with dropout that comes in eval mode; the batches have no labels"""
    return _to_predict(draw, training=False, labelled=False)


def refuse_gradients(*_) -> None:
    """A hook for a model that is not to be run while gradients are recorded."""
    if torch.is_grad_enabled():
        raise RuntimeError("the model ran while gradients were recorded: call it under torch.no_grad()")


@predict.case(apart=True)
def a_model_that_tells(draw):
    """a classifier that refuses to run while gradients are recorded"""
    vocab, classes = draw.integer(20, 30), draw.integer(5, 6)
    model, batches = _classifier(draw, vocab, classes, True), _labelled_batches(draw, vocab, classes, count=2)
    model.register_forward_pre_hook(refuse_gradients)
    return Case(model=model, batches=batches)


def _ids(predictions) -> list:
    """A list of label ids in which 0-d tensors count as numbers."""
    return [p.item() if isinstance(p, torch.Tensor) and p.numel() == 1 else p for p in predictions]


def _right_labels(case: Case, answer) -> None:
    got = _ids(_as_many(case, answer))
    expect.same(got, case.right, "predictions")


def _as_many(case: Case, answer) -> list:
    got, sizes = answer(), [len(batch["input_ids"]) for batch in case.batches]
    expect.that(
        len(got) == sum(sizes),
        f"expected {sum(sizes)} label ids, one for each text of batches of {', '.join(map(str, sizes))}, got {len(got)} items",
    )
    return got


@predict.must(
    "Give one flat list with the best label id of every text, batch after batch.",
    weight=1.5,
    on=(a_model_at_rest,),
)
def best_labels(case, answer):
    _right_labels(case, answer)


@predict.must(
    "Switch dropout off, also where the model comes in train mode.", weight=0.75, on=(a_model_in_train_mode,)
)
def dropout_off(case, answer):
    expect.that(
        _ids(answer()) != case.dropped,
        "these are the labels that the model gives in train mode, with dropout at work",
    )
    _right_labels(case, answer)


@predict.must(
    "Run the model under `no_grad`: nobody will call `backward()` here.",
    weight=0.75,
    on=(a_model_that_tells,),
)
def no_gradients_recorded(case, answer):
    _as_many(case, answer)


def _predicted(
    model, batches, *, mode=False, back=True, read=lambda model, batch: model(**batch).logits, choose=None
):
    """The right answer, with the places where mistakes are made as arguments."""
    was_training, predictions = model.training, []
    if mode is not None:
        model.train(mode)
    with torch.no_grad():
        for batch in batches:
            logits = read(model, batch)
            predictions.extend(logits.argmax(-1).tolist() if choose is None else choose(logits))
    if back:
        model.train(was_training)
    return predictions


@predict.mistake(
    "`squeeze()` drops every axis of size 1, in a batch of one text the batch as well: `argmax(-1)` then gives a single number. The last batch of a pass is often just one text."
)
def scores_squeezed(model, batches):
    return _predicted(model, batches, read=lambda model, batch: model(**batch).logits.squeeze())


@predict.mistake(
    "Dropout is still at work: the model was asked in train mode. Half of its features are missing at random, and the same text gets "
    "another label at the next call."
)
def asked_in_train_mode(model, batches):
    return _predicted(model, batches, mode=True)


@predict.mistake(
    "The model is asked in whatever mode it comes. Right after training that is train mode: dropout is at work, and the labels are worse than the model."
)
def asked_in_any_mode(model, batches):
    return _predicted(model, batches, mode=None)


@predict.mistake(
    "The model is left in eval mode. When this is called between two passes of training, the second one goes on without dropout."
)
def left_at_rest(model, batches):
    return _predicted(model, batches, back=False)


@predict.mistake(
    "The model is put into train mode at the end, however it came: who predicts with it next gets dropout."
)
def put_into_train_mode(model, batches):
    predictions = _predicted(model, batches)
    model.train()
    return predictions


@predict.mistake(
    "The labels are right, but gradients are recorded on the way: without `no_grad` every batch keeps its whole graph, for a `backward()` that never comes."
)
def gradients_recorded(model, batches):
    was_training = model.training
    model.eval()
    predictions = [label for batch in batches for label in model(**batch).logits.argmax(-1).tolist()]
    model.train(was_training)
    return predictions


@predict.mistake(
    "The attention mask is not handed on. The model then reads the padding, too, and a text's label depends on how long its neighbours are."
)
def mask_left_out(model, batches):
    def read(model, batch):
        return model(batch["input_ids"], token_type_ids=batch["token_type_ids"]).logits

    return _predicted(model, batches, read=read)


@predict.mistake(
    "Only the ids are handed on. Mask and segments are part of the batch: without them padding is read like text, and a pair like a single text."
)
def only_ids(model, batches):
    return _predicted(model, batches, read=lambda model, batch: model(batch["input_ids"]).logits)


@predict.mistake(
    "The labels come in a list for each batch. Whoever compares them with the true labels needs one flat list, a number for each text."
)
def a_list_for_each_batch(model, batches):
    return _predicted(model, batches, choose=lambda logits: [logits.argmax(-1).tolist()])


@predict.mistake(
    "Only the last batch is in the list. Where is it made? Here it begins anew for each batch, and what came before is gone."
)
def last_batch_only(model, batches):
    return _predicted(model, batches[-1:])


@predict.mistake("The `return` stands inside the loop, so only the first batch is ever predicted.")
def first_batch_only(model, batches):
    return _predicted(model, batches[:1])


@predict.mistake(
    "The best *text* of each class is taken, not the best class of each text: `argmax` runs over the batch. The classes are the last axis."
)
def argmax_over_the_batch(model, batches):
    return _predicted(model, batches, choose=lambda logits: logits.argmax(0).tolist())


@predict.mistake("The worst class is taken: of scores, the largest is the best.")
def worst_class(model, batches):
    return _predicted(model, batches, choose=lambda logits: logits.argmin(-1).tolist())


@predict.mistake("The scores come back, not the labels: take the position of the largest in each row.")
def scores_for_labels(model, batches):
    return _predicted(model, batches, choose=lambda logits: logits.tolist())


@predict.mistake(
    "The probabilities of the best labels come back, not their ids: `max` gives the value, `argmax` the place."
)
def probabilities_for_labels(model, batches):
    return _predicted(model, batches, choose=lambda logits: logits.softmax(-1).amax(-1).tolist())


# ----------------------------------------------------------------------------------- confusion_matrix

confusion_matrix = Exercise(
    "confusion_matrix",
    points=2,
    takes=("labels: list of int", "predictions: list of int", "num_classes: int"),
    returns=("matrix: int64 (C, C)",),
    summary="How often each true label was given each predicted one.",
    read="“Reading the errors one by one”, and the example worked by hand",
    hints=(
        "Begin with `torch.zeros(num_classes, num_classes, dtype=torch.int64)` and go through the pairs of true and predicted label: `zip`.",
        "The true label chooses the row, the predicted one the column; every pair adds 1 there.",
    ),
)


def _labels_and_predictions(draw) -> dict:
    """Labels and predictions with one class that is never true, one never predicted, and one neither."""
    classes, count = draw.integer(5, 7), draw.integer(25, 40)
    unused, only_true, only_predicted, *rest = draw.shuffled(range(classes))
    labels = [draw.choice([only_true, *rest]) for _ in range(count)]
    predictions = [
        label if label != only_true and draw.random.random() < 0.5 else draw.choice([only_predicted, *rest])
        for label in labels
    ]
    labels += [only_true, rest[0], rest[0], rest[0]]
    predictions += [rest[0], only_predicted, rest[1], rest[1]]
    return {"labels": labels, "predictions": predictions, "num_classes": classes, "unused": unused}


def _to_compare(draw, unused_last: bool) -> Case:
    while True:
        found = _labels_and_predictions(draw)
        unused, classes = found.pop("unused"), found["num_classes"]
        if (unused == classes - 1) == unused_last and len(set(found["labels"])) > 2:
            return Case(**found).where(C=classes)


@confusion_matrix.case
def several_classes(draw):
    """several classes, one of which never occurs"""
    return _to_compare(draw, unused_last=False)


@confusion_matrix.case
def last_class_absent(draw):
    """several classes, the last of which never occurs"""
    return _to_compare(draw, unused_last=True)


def _counted(labels, predictions, num_classes) -> torch.Tensor:
    """By its definition. (scikit-learn's gives the same, as a variant in the tests holds; to import it takes a second.)"""
    pairs, classes = list(zip(labels, predictions, strict=True)), range(num_classes)
    return torch.tensor([[pairs.count((label, said)) for said in classes] for label in classes])


@confusion_matrix.must("Count in row i, column j how often label i was predicted as j.", weight=2.0)
def counts_every_pair(case, answer):
    got, want = answer(), _counted(**case.arguments)
    wrong = (got != want).nonzero()
    if len(wrong):
        i, j = wrong[0].tolist()
        expect.that(
            False,
            f"matrix[{i}, {j}]: expected {want[i, j]}, got {got[i, j]}; label {i} was predicted as {j} {want[i, j]} times",
        )


@confusion_matrix.must(
    "Let every row add up to how often its label is true, and all of it to the number of texts.", weight=0.5
)
def rows_are_true_labels(case, answer):
    want = torch.tensor([case.labels.count(label) for label in range(case.num_classes)])
    expect.same(answer().sum(1), want, "sum of each row")


def _added(rows, columns, size, dtype=torch.int64):
    matrix = torch.zeros(size, size, dtype=dtype)
    for row, column in zip(rows, columns, strict=True):
        matrix[row, column] += 1
    return matrix


@confusion_matrix.mistake(
    "Rows and columns are exchanged. Rows are true labels here, as in scikit-learn: the other way round, precision is read as recall."
)
def transposed(labels, predictions, num_classes):
    return _added(predictions, labels, num_classes)


@confusion_matrix.mistake(
    "`matrix[labels, predictions] += 1` writes each pair once, however often it occurs: all the equal pairs read the same old number, "
    "so no entry comes out above 1."
)
def pairs_counted_once(labels, predictions, num_classes):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    matrix[labels, predictions] += 1
    return matrix


@confusion_matrix.mistake(
    "Only right predictions are counted. What the matrix is for stands beside its diagonal: which label is taken for which."
)
def diagonal_only(labels, predictions, num_classes):
    return _added(labels, predictions, num_classes).diag().diag()


@confusion_matrix.mistake(
    "Only errors are counted. The right predictions belong on the diagonal: without them no share can be read off."
)
def errors_only(labels, predictions, num_classes):
    matrix = _added(labels, predictions, num_classes)
    return matrix - matrix.diag().diag()


@confusion_matrix.mistake(
    "The size is read off the labels that occur. A class that is absent from a small test set then has no row, and two matrices cannot be added."
)
def size_of_what_occurs(labels, predictions, num_classes):
    return _added(labels, predictions, max(*labels, *predictions) + 1)


@confusion_matrix.mistake(
    "The rows were turned into shares. Asked for are counts, int64: shares hide how few texts a row may rest on."
)
def shares_for_counts(labels, predictions, num_classes):
    matrix = _added(labels, predictions, num_classes, torch.float32)
    return matrix / matrix.sum(1, keepdim=True).clamp(min=1)


# ------------------------------------------------------------------------------------------- macro_f1

macro_f1 = Exercise(
    "macro_f1",
    points=2,
    takes=("labels: list of int", "predictions: list of int", "num_classes: int"),
    returns=("score: float",),
    summary="The F1 score of each class, averaged over all classes alike.",
    read="“Reading the errors one by one”, and the example worked by hand",
    hints=(
        "F1 of a class is 2 TP / (2 TP + FP + FN): all three stand in the confusion matrix. The diagonal is TP; what else stands in its column is FP, in its row FN.",
        "Row sum plus column sum is 2 TP + FP + FN. Where it is 0 the class counts as 0.0; then the mean over all `num_classes`.",
    ),
)


@macro_f1.case
def classes_that_never_occur(draw):
    """one class is never true, one is never predicted, one is neither"""
    return _to_compare(draw, unused_last=False)


@macro_f1.case
def the_last_class_absent(draw):
    """the last class is neither true nor predicted anywhere"""
    return _to_compare(draw, unused_last=True)


@macro_f1.case
def every_class_occurs(draw):
    """every class is true and predicted somewhere, some of them rarely"""
    classes = draw.integer(3, 4)
    labels = [draw.choice([0, 0, 0, *range(classes)]) for _ in range(draw.integer(30, 40))]
    predictions = [label if draw.random.random() < 0.6 else draw.integer(0, classes - 1) for label in labels]
    labels += [*range(classes), classes - 1]
    predictions += [*range(classes), 0]
    return Case(labels=labels, predictions=predictions, num_classes=classes).where(C=classes)


def _f1_of_each(labels, predictions, num_classes) -> list[float]:
    """2 TP / (2 TP + FP + FN) of every class, as scikit-learn has it with `zero_division=0`."""
    return [
        2 * sum(t == p == label for t, p in zip(labels, predictions, strict=True)) / both if both else 0.0
        for label in range(num_classes)
        for both in [labels.count(label) + predictions.count(label)]
    ]


def _mean_of_all(case: Case, answer) -> None:
    scores = _f1_of_each(**case.arguments)
    rounded = [round(score, 3) for score in scores]
    expect.same(answer(), sum(scores) / len(scores), "macro F1", f1_of_each_class=rounded)


@macro_f1.must("Give the mean of the classes' F1 where every class occurs.", on=(every_class_occurs,))
def mean_of_f1(case, answer):
    _mean_of_all(case, answer)


@macro_f1.must(
    "Count 0 for a class that is never true or never predicted, and divide by all `num_classes`.",
    on=(classes_that_never_occur, the_last_class_absent),
)
def absent_classes_count(case, answer):
    _mean_of_all(case, answer)


@macro_f1.mistake(
    "This is accuracy (which is also what F1 over all decisions together comes to). A class with many texts decides it alone: macro F1 lets every class count the same."
)
def accuracy_for_f1(labels, predictions, num_classes):
    return sum(map(int.__eq__, labels, predictions)) / len(labels)


@macro_f1.mistake(
    "The classes are weighted by how many texts they have, so that a rare class counts for little. Macro means: each class counts the same."
)
def weighted_by_support(labels, predictions, num_classes):
    scores = _f1_of_each(labels, predictions, num_classes)
    return sum(score * labels.count(label) for label, score in enumerate(scores)) / len(labels)


@macro_f1.mistake(
    "The mean is taken over the classes that occur. A model that never says a class, and a test set that lacks it, would both go unpunished: divide by `num_classes`."
)
def over_classes_that_occur(labels, predictions, num_classes):
    present = sorted({*labels, *predictions})
    return sum(_f1_of_each(labels, predictions, num_classes)) / len(present)


@macro_f1.mistake(
    "The mean is taken over the classes that are true somewhere. A class that is only ever predicted, always wrongly, then costs nothing of its own."
)
def over_true_classes(labels, predictions, num_classes):
    scores = _f1_of_each(labels, predictions, num_classes)
    return sum(scores[label] for label in set(labels)) / len(set(labels))


@macro_f1.mistake(
    "A class without any text counts 1, as if it had been found. The contract counts it 0, as scikit-learn does with `zero_division=0`."
)
def absent_counts_one(labels, predictions, num_classes):
    scores = _f1_of_each(labels, predictions, num_classes)
    absent = num_classes - len({*labels, *predictions})
    return (sum(scores) + absent) / num_classes


def _precision_and_recall(labels, predictions, num_classes):
    matrix = _added(labels, predictions, num_classes, torch.float64)
    right = matrix.diag()
    return right / matrix.sum(0).clamp(min=1), right / matrix.sum(1).clamp(min=1)


@macro_f1.mistake(
    "Precision and recall are averaged over the classes first, and F1 is taken of the two means. That is another number: a class with good precision can then pay for "
    "another's bad recall."
)
def f1_of_means(labels, predictions, num_classes):
    precision, recall = (part.mean() for part in _precision_and_recall(labels, predictions, num_classes))
    return (2 * precision * recall / (precision + recall)).item()


@macro_f1.mistake(
    "This is the mean precision: how often a label is right where it was given. What was never found costs nothing."
)
def only_precision(labels, predictions, num_classes):
    return _precision_and_recall(labels, predictions, num_classes)[0].mean().item()


@macro_f1.mistake(
    "This is the mean recall: how much of each class was found. What was wrongly given that label costs nothing."
)
def only_recall(labels, predictions, num_classes):
    return _precision_and_recall(labels, predictions, num_classes)[1].mean().item()


@macro_f1.mistake(
    "Precision and recall are simply averaged. F1 is their *harmonic* mean, which is close to the smaller one: a class that is always given has recall 1 and is still bad."
)
def arithmetic_mean(labels, predictions, num_classes):
    precision, recall = _precision_and_recall(labels, predictions, num_classes)
    return ((precision + recall) / 2).mean().item()


@macro_f1.mistake(
    "Right where every class occurs, but a class that is never true or never predicted ends in a division by zero."
)
def divided_by_zero(labels, predictions, num_classes):
    scores = []
    for label in range(num_classes):
        right = sum(a == b == label for a, b in zip(labels, predictions, strict=True))
        precision, recall = right / predictions.count(label), right / labels.count(label)
        scores.append(2 * precision * recall / (precision + recall))
    return sum(scores) / num_classes


@macro_f1.mistake(
    "Right where every class occurs, but NaN otherwise: 0 divided by 0 in one class makes the mean of all of them NaN."
)
def nan_for_absent_classes(labels, predictions, num_classes):
    matrix = _added(labels, predictions, num_classes, torch.float64)
    precision, recall = matrix.diag() / matrix.sum(0), matrix.diag() / matrix.sum(1)
    return (2 * precision * recall / (precision + recall)).mean().item()


# ----------------------------------------------------------------------------------- last_token_index

last_token_index = Exercise(
    "last_token_index",
    points=2,
    takes=("attention_mask: int64 (B, L)",),
    returns=("index: int64 (B)",),
    summary="Where the last real token of each row stands: the one that a decoder's classification head reads.",
    read="“A decoder reads its label off the last token”, and the example worked by hand",
    hints=(
        "Counting the ones is not enough: with padding on the left the last token does not stand at the count minus 1. Which *index* is the largest with a 1?",
        "`torch.arange(L) * attention_mask` keeps the indices of real tokens and makes those of padding 0. What is the largest of each row?",
    ),
)


def _masks(draw, side: str) -> Case:
    batch, length = draw.sizes(2, 4, 9)
    return Case(attention_mask=draw.attention_mask(batch, length + 2, side, shortest=2))


@last_token_index.case
def padded_on_the_right(draw):
    """padding on the right"""
    return _masks(draw, "right")


@last_token_index.case
def padded_on_the_left(draw):
    """padding on the left"""
    return _masks(draw, "left")


@last_token_index.case
def padded_on_either_side(draw):
    """some rows padded on the left, some on the right"""
    case = _masks(draw, "mixed")
    mask = case.attention_mask
    mask[0, 0], mask[0, -1] = 0, 1
    mask[1, 0], mask[1, -1] = 1, 0
    return case


@last_token_index.case
def hidden_inside(draw):
    """a token inside the text is hidden, too"""
    batch, length = draw.sizes(2, 4, 6)
    mask = draw.attention_mask(batch, length + 4, shortest=5)
    for row in mask:
        row[draw.integer(1, int(row.sum()) - 2)] = 0
    return Case(attention_mask=mask)


def _largest_index(mask: torch.Tensor) -> torch.Tensor:
    return torch.tensor([max(i for i, value in enumerate(row) if value) for row in mask.tolist()])


def _last_ones(case: Case, answer) -> None:
    want = _largest_index(case.attention_mask)
    got = answer()
    wrong = (got != want).nonzero()
    if len(wrong):
        row = int(wrong[0])
        expect.that(
            False,
            f"index[{row}]: expected {want[row]}, got {got[row]}",
            mask_of_the_row=case.attention_mask[row],
        )


@last_token_index.must(
    "Find the last real token where the padding is on the right.", on=(padded_on_the_right,)
)
def found_before_padding(case, answer):
    _last_ones(case, answer)


@last_token_index.must(
    "Find it where the padding is on the left, or on either side in one batch.",
    on=(padded_on_the_left, padded_on_either_side),
)
def found_after_padding(case, answer):
    _last_ones(case, answer)


@last_token_index.must(
    "Give the largest index with a 1, also where one before it has a 0.", weight=0.5, on=(hidden_inside,)
)
def found_behind_a_gap(case, answer):
    _last_ones(case, answer)


@last_token_index.mistake(
    "Real tokens are counted. That is the last one's place only if the padding is on the right; where it is on the left, the head reads somewhere in the middle of the text."
)
def counted(attention_mask):
    return attention_mask.sum(-1) - 1


@last_token_index.mistake(
    "This is the number of tokens. Indices begin at 0: the count is one too many, and points at padding or out of the row."
)
def one_too_many(attention_mask):
    return attention_mask.sum(-1)


@last_token_index.mistake(
    "Position -1 of every row: the last column, which is padding wherever a shorter text is padded on the right."
)
def minus_one(attention_mask):
    return torch.full((len(attention_mask),), -1)


@last_token_index.mistake(
    "The last column of every row: that is padding wherever a shorter text is padded on the right."
)
def last_column(attention_mask):
    return torch.full((len(attention_mask),), attention_mask.shape[1] - 1)


@last_token_index.mistake(
    "`argmax` of the mask finds the *first* 1. In a decoder the first token has seen nothing but itself: all texts that begin alike would get one label."
)
def first_token(attention_mask):
    return attention_mask.argmax(-1)


@last_token_index.mistake(
    "The first column of every row, where BERT has its [CLS]. In a decoder the first token has seen nothing but itself: all texts that begin alike would get one label."
)
def first_column(attention_mask):
    return torch.zeros(len(attention_mask), dtype=torch.int64)


@last_token_index.mistake(
    "The place before the first 0 is taken. Padding on the left begins with a 0, and so does a gap: whatever comes after it is never found."
)
def before_the_first_zero(attention_mask):
    return attention_mask.argmin(-1) - 1


@last_token_index.mistake(
    "The row was turned round to find its last 1, but the index was not turned back: it counts from the right."
)
def counted_from_the_right(attention_mask):
    return attention_mask.flip(-1).argmax(-1)


# ----------------------------------------------------------------------------------- classify_reviews

# Accuracies at which points are given. On the hidden reviews, forty fresh heads (seeds 0 to 39) were right on 0.45 to
# 0.58, and models fine-tuned with the lesson's settings (a thousand reviews, seeds 0 to 19) on 0.64 to 0.72.
STEPS = (0.59, 0.60, 0.61, 0.62)
NAMES = ("negative", "positive")

classify_reviews = Exercise(
    "classify_reviews",
    points=4,
    takes=("texts: list of str",),
    returns=("labels: list of str",),
    summary="Your own fine-tuned classifier: whether each film review is negative or positive.",
    read="“Your own classifier”",
    rounds=1,
    seconds=120.0,
    trained=True,
    hints=(
        "Tokenize as for training (`padding=True, truncation=True`), in batches of 32 or so, and hand the batches of the fine-tuned model to your `predict`.",
        'A label id becomes a word by `["negative", "positive"][label_id]`, or by the model\'s own `config.id2label`.',
        "About half right? Look at what the model says: always the same word means that you ask one that was not trained, or with another learning rate than the one that worked. "
        "Far below half: the two words are exchanged.",
    ),
)


@classify_reviews.case
def film_reviews(draw):
    """film reviews"""
    from grader.lab.corpora import corpus, read

    reviews = (
        read(draw.hidden / "reviews.jsonl") if draw.hidden else corpus("film-reviews")["validation"].to_list()
    )
    reviews = draw.shuffled(reviews)
    return Case(texts=[review["text"] for review in reviews]).knows(
        right=[NAMES[review["label"]] for review in reviews]
    )


def _at_least(share: float) -> None:
    @classify_reviews.must(f"Be right on at least {share:.0%} of the reviews.")
    def accurate(case, answer):
        got, want = answer(), case.right
        expect.that(
            len(got) == len(want), f"expected {len(want)} labels, one for each review, got {len(got)}"
        )
        odd = next((label for label in got if label not in NAMES), None)
        expect.that(odd is None, f"a label is 'negative' or 'positive', got {odd!r}")
        right = sum(map(str.__eq__, got, want))
        said = ", ".join(f"{got.count(name)} times {name!r}" for name in NAMES)
        expect.that(
            right >= share * len(want),
            f"right on {right / len(want):.0%} of {len(want)} reviews; it said {said}",
        )


for _share in STEPS:
    _at_least(_share)


@classify_reviews.mistake(
    "Every review is called negative. That is what a head says that was never trained, or a model whose learning rate was so large that it forgot everything: half right, "
    "as half of the reviews are."
)
def always_negative(texts):
    return ["negative"] * len(texts)


@classify_reviews.mistake(
    "Every review is called positive. That is what a head says that was never trained, or a model whose learning rate was so large that it forgot everything: half right, "
    "as half of the reviews are."
)
def always_positive(texts):
    return ["positive"] * len(texts)


@classify_reviews.mistake(
    "The labels come as numbers. Whoever reads them must know which is which; the contract asks for the words."
)
def ids_for_words(texts):
    return [0] * len(texts)


@classify_reviews.mistake(
    "Single words are looked up: “good” makes a review positive. But “I'd hoped for something good” is no praise: most reviews say what they mean in words that "
    "only their order makes good or bad."
)
def looks_up_words(texts):
    return ["positive" if "good" in text.lower() else "negative" for text in texts]


@classify_reviews.mistake("The labels are drawn at random: half of them are right, as with a coin.")
def drawn_at_random(texts):
    coin = random.Random(0)
    return [coin.choice(NAMES) for _ in texts]


# ----------------------------------------------------------------------------------------------- quiz

sequence_classification_quiz = Quiz(
    "sequence_classification_quiz",
    {
        "untrained": Question(
            "You load `BertForSequenceClassification` from a checkpoint that was only pretrained and ask it about a hundred reviews. It calls ninety of them positive. What does that tell you?",
            (
                (
                    "Pretraining has made the model an optimist.",
                    "The body has never been asked for a label. The head that gives it was drawn at random a moment ago.",
                ),
                (
                    "Nothing about the reviews: the head is random, and the summaries that it reads lie close together.",
                    "",
                ),
                (
                    "The reviews are mostly positive.",
                    "Load it again with another seed, and most of them may turn out negative.",
                ),
                (
                    "The head was initialised with zeros.",
                    "With zeros both scores would be equal for every text. The weights are small random numbers.",
                ),
            ),
            "b",
        ),
        "rate": Question(
            "You fine-tune with a learning rate of 0.01. The loss stays near 0.69, and every review gets the same label. What is the likeliest cause?",
            (
                (
                    "Too few epochs.",
                    "The loss would at least begin to fall. 0.69 is ln 2: the model says one half to everything, and goes on doing so.",
                ),
                (
                    "The head has too few parameters.",
                    "The same head learns with a smaller learning rate.",
                ),
                (
                    "The first steps were so long that the body lost what it had learned in pretraining.",
                    "",
                ),
            ),
            "c",
        ),
        "frozen": Question(
            "The embeddings and the lower layers are frozen. What does that save?",
            (
                (
                    "Their forward pass can be made once for all epochs, and no gradient is ever computed for them.",
                    "",
                ),
                (
                    "Only disk space: the frozen part need not be stored.",
                    "It must be stored, for the upper part reads what it gives. What is saved is work at every step.",
                ),
                (
                    "Nothing, but the result gets better.",
                    "It may or may not. What is certain is that a step costs less.",
                ),
            ),
            "a",
        ),
        "pad": Question(
            "`GPT2ForSequenceClassification` with `pad_token_id` equal to the end-of-text id classifies texts that themselves end in end-of-text. Which token does its head read?",
            (
                (
                    "The end-of-text: it is the last token of the text.",
                    "The class looks at ids, not at the mask: an id equal to the pad id is padding to it.",
                ),
                (
                    "The last column of the batch.",
                    "That happens where no pad id is set and the batch has one row. With a pad id the class looks for the last token that is another.",
                ),
                (
                    "The first token, as BERT does.",
                    "In a decoder the first token has seen nothing but itself.",
                ),
                ("The one before it: the library takes the rightmost token that is *not* the pad id.", ""),
            ),
            "d",
        ),
    },
    read="“Predict, then run”, “Settings to try” and “A decoder reads its label off the last token”",
)
