"""Lesson 14: a clinic for broken models.

Each exercise begins with code that runs and is wrong. That code is its mistake `as_found_...`, and earns
at most a quarter of the points.
"""

from __future__ import annotations

import copy
import functools
import itertools

import torch
import torch.nn.functional as F

from grader.exercises._models import bert_config, build, gpt2_config
from grader.judge import Case, Draw, Exercise, Question, Quiz, expect
from grader.judge.expect import Mismatch
from grader.judge.values import short

LESSON = "14_pitfalls"

# ------------------------------------------------------------------------------- untrained_parameters

untrained_parameters = Exercise(
    "untrained_parameters",
    points=3,
    takes=("model_keys: list", "checkpoint_keys: list", "base_prefix: str"),
    returns=("names: list",),
    summary="Which parameters of a model are drawn at random because the checkpoint does not bring them.",
    read="“The report, line by line”, and the example worked by hand",
    hints=(
        "Write down for each checkpoint key the names under which it may be found in the model: there are two.",
        'The two are the key itself and `base_prefix + "." + key`. Put them all into one set.',
        "What is left is every model key outside that set, through `sorted`.",
    ),
)


@functools.cache
def _keys(class_name: str, **settings) -> tuple[str, ...]:
    """Names of the parameters of a library model of that class, in its own order; no memory is used."""
    import transformers

    config = {"vocab_size": 7, "hidden_size": 4, "num_attention_heads": 1, "intermediate_size": 4, **settings}
    model_class = getattr(transformers, class_name)
    with torch.device("meta"):
        return tuple(name for name, _ in model_class(model_class.config_class(**config)).named_parameters())


def _keys_case(draw, model_keys, checkpoint_keys, base_prefix, untrained) -> Case:
    arguments = {
        "model_keys": list(model_keys),
        "checkpoint_keys": draw.shuffled(checkpoint_keys),
        "base_prefix": base_prefix,
    }
    return Case(**arguments).knows(untrained=sorted(untrained))


@untrained_parameters.case
def a_body_alone(draw):
    """a checkpoint of the body alone, loaded with a head for classes"""
    layers = draw.integer(1, 2)
    body = _keys("BertModel", num_hidden_layers=layers)
    model = _keys("BertForSequenceClassification", num_hidden_layers=layers)
    brought = [*body, "embeddings.position_ids"]
    return _keys_case(draw, model, brought, "bert", ["classifier.weight", "classifier.bias"])


@untrained_parameters.case
def another_head(draw):
    """a checkpoint with another head and without a pooler, under the names that the model uses too"""
    layers = draw.integer(1, 2)
    brought = _keys("BertForMaskedLM", num_hidden_layers=layers)
    model = _keys("BertForSequenceClassification", num_hidden_layers=layers)
    pooler = ["bert.pooler.dense.weight", "bert.pooler.dense.bias"]
    return _keys_case(draw, model, brought, "bert", ["classifier.weight", "classifier.bias", *pooler])


@untrained_parameters.case
def names_that_end_alike(draw):
    """a body alone, and beside it a layer whose name is only the end of a name in the model"""
    layers = draw.integer(1, 2)
    brought = [*_keys("RobertaModel", num_hidden_layers=layers), "dense.weight", "dense.bias"]
    brought = [key for key in brought if not key.startswith("pooler.")]
    model = _keys("RobertaForSequenceClassification", num_hidden_layers=layers)
    head = [f"classifier.{layer}.{kind}" for layer in ("dense", "out_proj") for kind in ("weight", "bias")]
    return _keys_case(draw, model, brought, "roberta", head)


@untrained_parameters.case
def names_of_both_kinds(draw):
    """a checkpoint in which some names have the prefix and some have not"""
    body = draw.shuffled(_keys("BertModel", num_hidden_layers=draw.integer(1, 2)))
    body = [key for key in body if not key.startswith("pooler.")]
    brought = [f"bert.{key}" if number % 2 else key for number, key in enumerate(body)]
    head = ["classifier.weight", "classifier.bias", "pooler.weight"]
    model = [*(f"bert.{key}" for key in body), *head]
    return _keys_case(draw, model, [*brought, "bert.pooler.weight"], "bert", head)


@untrained_parameters.case(apart=True)
def everything_there(draw):
    """a checkpoint that brings everything"""
    keys = _keys("BertForTokenClassification", num_hidden_layers=1)
    return _keys_case(draw, keys, keys, "bert", [])


def _same_names(case, answer):
    got, want = answer(), case.untrained
    for name in got:
        expect.that(isinstance(name, str), f"the result holds {short(name)}, where names should stand")
    missing, extra = sorted(set(want) - set(got)), sorted(set(got) - set(want))
    expect.that(not missing, f"names: {short(missing)} missing; the checkpoint does not bring them")
    expect.that(not extra, f"names: {short(extra)} should not be there, {len(extra)} in all")


@untrained_parameters.must(
    "Take a parameter for loaded where the checkpoint has it without the body's prefix, and name the rest.",
    weight=1.25,
    on=(a_body_alone,),
)
def loaded_under_the_prefix(case, answer):
    _same_names(case, answer)


@untrained_parameters.must(
    "Take a parameter for loaded where the checkpoint has it under its own name, and name the rest: also what is missing from the body.",
    weight=0.45,
    on=(another_head,),
)
def loaded_under_its_own_name(case, answer):
    _same_names(case, answer)


@untrained_parameters.must(
    "Compare whole names: a key that is the end of another name is another parameter.",
    weight=0.6,
    on=(names_that_end_alike, names_of_both_kinds),
)
def whole_names(case, answer):
    _same_names(case, answer)


@untrained_parameters.must("Give the names sorted, each once.", weight=0.45)
def sorted_names(case, answer):
    got = answer()
    _same_names(case, answer)
    expect.that(list(got) == case.untrained, f"names: expected {short(case.untrained)}, got {short(got)}")


@untrained_parameters.must(
    "Give an empty list where nothing is missing.", weight=0.25, on=(everything_there,)
)
def nothing_untrained(case, answer):
    expect.same(answer(), [], "names")


def _left(model_keys, known):
    return sorted(set(model_keys) - set(known))


@untrained_parameters.mistake(
    "The prefix is taken off both names before they are compared. `bert.pooler.weight` of a checkpoint then passes for the `pooler.weight` of a head, which is another parameter: "
    "a checkpoint's name may lack the prefix, a model's may not."
)
def prefix_taken_off_both(model_keys, checkpoint_keys, base_prefix):
    brought = {key.removeprefix(f"{base_prefix}.") for key in checkpoint_keys}
    return sorted(key for key in model_keys if key.removeprefix(f"{base_prefix}.") not in brought)


@untrained_parameters.mistake(
    "Whether the prefix is missing is decided once, for the whole checkpoint. Each name has to be looked at by itself: some may have it and others not."
)
def prefix_for_all_or_none(model_keys, checkpoint_keys, base_prefix):
    if not any(key.startswith(f"{base_prefix}.") for key in checkpoint_keys):
        checkpoint_keys = [f"{base_prefix}.{key}" for key in checkpoint_keys]
    return _left(model_keys, checkpoint_keys)


@untrained_parameters.mistake(
    "This is still the code as it was found: names are compared as they stand. A checkpoint of the body alone writes them without the "
    "prefix, so the whole body is reported as untrained, and the two names that matter are lost among the rest."
)
def as_found_keys(model_keys, checkpoint_keys, base_prefix):
    return [key for key in model_keys if key not in checkpoint_keys]


@untrained_parameters.mistake(
    "The prefix is never put before a checkpoint key (or without its dot), so a checkpoint of the body alone seems to bring nothing."
)
def prefix_never_tried(model_keys, checkpoint_keys, base_prefix):
    return _left(model_keys, checkpoint_keys)


@untrained_parameters.mistake(
    "Every checkpoint key gets the prefix, also one that has it already: a checkpoint with a head seems to bring nothing for the body."
)
def prefix_always_put(model_keys, checkpoint_keys, base_prefix):
    return _left(model_keys, [f"{base_prefix}.{key}" for key in checkpoint_keys])


@untrained_parameters.mistake(
    "The prefix is taken off the checkpoint's keys. It is the model's names that have it; a checkpoint of the body alone has none to take off."
)
def prefix_taken_off_the_checkpoint(model_keys, checkpoint_keys, base_prefix):
    return _left(model_keys, [key.removeprefix(base_prefix + ".") for key in checkpoint_keys])


@untrained_parameters.mistake(
    "Everything inside the body is taken for loaded. Checkpoints from masked language modelling have no pooler: it would stay random, and unnoticed."
)
def body_taken_for_loaded(model_keys, checkpoint_keys, base_prefix):
    known = {*checkpoint_keys, *(f"{base_prefix}.{key}" for key in checkpoint_keys)}
    return sorted(key for key in model_keys if key not in known and not key.startswith(base_prefix + "."))


@untrained_parameters.mistake(
    "Names are compared by their ends, so a layer called `dense` somewhere passes for the `dense` of the head. Only the body's prefix may be missing."
)
def compared_by_their_ends(model_keys, checkpoint_keys, base_prefix):
    ends = tuple("." + key for key in checkpoint_keys)
    return sorted(key for key in model_keys if not f".{key}".endswith(ends))


@untrained_parameters.mistake(
    "This is the other list of the report: keys of the checkpoint that the model has no place for (UNEXPECTED). Asked for are those that the model lacks (MISSING)."
)
def unexpected_instead(model_keys, checkpoint_keys, base_prefix):
    return sorted(
        key for key in checkpoint_keys if key not in model_keys and f"{base_prefix}.{key}" not in model_keys
    )


@untrained_parameters.mistake("These are the parameters that *are* loaded. Asked for are those that are not.")
def loaded_instead(model_keys, checkpoint_keys, base_prefix):
    known = {*checkpoint_keys, *(f"{base_prefix}.{key}" for key in checkpoint_keys)}
    return sorted(key for key in model_keys if key in known)


@untrained_parameters.mistake(
    "The right names, in the order of the model: weight before bias. The contract asks for them sorted, so that two reports can be compared."
)
def not_sorted(model_keys, checkpoint_keys, base_prefix):
    known = {*checkpoint_keys, *(f"{base_prefix}.{key}" for key in checkpoint_keys)}
    return [key for key in model_keys if key not in known]


# ------------------------------------------------------------------------------- trainable_parameters

trainable_parameters = Exercise(
    "trainable_parameters",
    points=3,
    takes=("model: model", "head: str"),
    returns=("names: list",),
    summary="Freeze all of a model but one module, and say what still trains.",
    read="“Frozen, and yet it moves”",
    changes=("model",),
    rounds=1,
    hints=(
        "Autograd looks at one thing only: the flag `requires_grad` of each *parameter*. The method `requires_grad_(...)` of a module sets it for all its parameters.",
        "`model.get_submodule(head)` finds the module of exactly that name, and raises `AttributeError` if there is none: turn that into a `ValueError`.",
        "First find the module, then freeze everything, then thaw the module; the names come from `model.named_parameters()`.",
    ),
)


def _module_case(draw, model_class, config, head: str, training: bool) -> Case:
    model = build(draw, model_class, config, training=training)
    names = sorted(f"{head}.{name}" for name, _ in model.get_submodule(head).named_parameters())
    return Case(model=model, head=head).knows(names=names)


@trainable_parameters.case
def two_names_alike(draw):
    """a DistilBERT in train mode, whose `pre_classifier` is not its `classifier`"""
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    config = DistilBertConfig(
        vocab_size=draw.integer(9, 12), dim=8, n_layers=1, n_heads=2, hidden_dim=12, max_position_embeddings=8
    )
    return _module_case(draw, DistilBertForSequenceClassification, config, "classifier", True)


@trainable_parameters.case
def one_layer_of_eleven(draw):
    """a GPT-2 of eleven layers in eval mode: layer 1, which is not layer 10"""
    from transformers import GPT2ForTokenClassification

    config = gpt2_config(draw.integer(9, 12), n_embd=4, n_inner=4, n_layer=11, n_positions=8)
    return _module_case(draw, GPT2ForTokenClassification, config, "transformer.h.1", False)


@trainable_parameters.case(apart=True)
def names_of_no_module(draw):
    """a BERT for classes, and names that none of its modules has"""
    from transformers import BertForSequenceClassification

    config = bert_config(draw.integer(9, 12), max_position_embeddings=8)
    return _module_case(draw, BertForSequenceClassification, config, "classifier", False)


def _training_names(model) -> list[str]:
    return sorted(name for name, parameter in model.named_parameters() if parameter.requires_grad)


def _only_the_module_trains(case, answer):
    got = _training_names(answer.after("model"))
    extra, missing = [n for n in got if n not in case.names], [n for n in case.names if n not in got]
    expect.that(
        not extra, f"after the call, {len(extra)} other parameters still train, `{(extra or [''])[0]}` first"
    )
    expect.that(not missing, f"after the call, `{(missing or [''])[0]}` is frozen, and belongs to the module")


@trainable_parameters.must(
    "Leave only the parameters of `classifier` with `requires_grad`, not those of a module whose name merely contains it.",
    weight=0.6,
    on=(two_names_alike,),
)
def only_the_classifier(case, answer):
    _only_the_module_trains(case, answer)


@trainable_parameters.must(
    "Leave only the parameters of the one layer with `requires_grad`, not those of layers whose names begin alike.",
    weight=0.6,
    on=(one_layer_of_eleven,),
)
def only_the_layer(case, answer):
    _only_the_module_trains(case, answer)


@trainable_parameters.must("Return the names of the parameters that still train, sorted.", weight=0.6)
def names_that_train(case, answer):
    expect.same(answer(), case.names, "names")


@trainable_parameters.must(
    "Raise a `ValueError` for a name that no module has: a typo must not freeze everything.",
    weight=0.45,
    on=(names_of_no_module,),
)
def unknown_names(case, answer):
    for head in ("classifer", "pooler", "classifier.weight"):
        answer.raises(ValueError, head=head)


@trainable_parameters.must(
    "Freeze by `requires_grad` alone: weights, modes and modules stay what they are.", weight=0.75
)
def nothing_else_changes(case, answer):
    after = answer.after("model")
    expect.that(
        not all(parameter.requires_grad for parameter in after.parameters()),
        "after the call all parameters still train: nothing was frozen",
    )
    expect.that(
        [module.training for module in after.modules()]
        == [module.training for module in case.model.modules()],
        "the model came in train mode and parts of it are in eval mode now"
        if case.model.training
        else "the model came in eval mode and parts of it are in train mode now",
    )
    came, left = dict(case.model.named_parameters()), dict(after.named_parameters())
    expect.that(came.keys() == left.keys(), "the model has other parameters than before")
    for name, parameter in left.items():
        if not torch.equal(parameter, came[name]):
            expect.same(parameter.detach(), came[name].detach(), name)


def _thawed(model, thaw):
    """Freeze all but the parameters whose names `thaw` says; the sorted names of what trains."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad = thaw(name)
    return _training_names(model)


def _module_of(model, head):
    try:
        return model.get_submodule(head)
    except AttributeError:
        raise ValueError(f"head: no module is called {head!r}") from None


@trainable_parameters.mistake(
    "This is still the code as it was found: `model.requires_grad = False` gives the *module* an attribute that nobody reads. All parameters "
    "train on, for autograd asks each *parameter* whether it wants a gradient."
)
def as_found_frozen(model, head):
    model.requires_grad = False
    model.get_submodule(head).requires_grad = True
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


@trainable_parameters.mistake(
    "The name is looked for *anywhere* in the parameter's name, so `classifier` also thaws `pre_classifier`. Ask for the module of exactly this name."
)
def name_anywhere(model, head):
    if head not in dict(model.named_modules()):
        raise ValueError(f"no module {head!r}")
    return _thawed(model, lambda name: head in name)


@trainable_parameters.mistake(
    "Names that only *begin* alike are thawed as well: layer 1 brings layer 10 with it. A dot behind the name ends it."
)
def begins_alike(model, head):
    if head not in dict(model.named_modules()):
        raise ValueError(f"no module {head!r}")
    return _thawed(model, lambda name: name.startswith(head))


@trainable_parameters.mistake(
    "Only the body is frozen. Other modules outside it, such as DistilBERT's `pre_classifier`, train on."
)
def only_the_body_frozen(model, head):
    module = _module_of(model, head)
    model.base_model.requires_grad_(False)
    module.requires_grad_(True)
    return _training_names(model)


@trainable_parameters.mistake(
    "The wrong way round: the module is frozen and everything else trains, so the body adapts to a head that stays random."
)
def wrong_way_round(model, head):
    _module_of(model, head).requires_grad_(False)
    return _training_names(model)


@trainable_parameters.mistake(
    "The head is frozen together with the body: the list is empty, and with nothing left to learn `backward()` finds no gradient to compute. What is frozen "
    "*after* it was thawed stays frozen."
)
def head_frozen_too(model, head):
    _module_of(model, head).requires_grad_(True)
    model.requires_grad_(False)
    return _training_names(model)


@trainable_parameters.mistake(
    "`eval()` switches dropout off, nothing else: all parameters still get gradients and are moved by the optimizer."
)
def eval_for_freezing(model, head):
    module = _module_of(model, head)
    model.eval()
    module.train()
    return _training_names(model)


@trainable_parameters.mistake(
    "The list is right, but it was made on a copy: the model that goes into training is not frozen."
)
def frozen_copy(model, head):
    model = copy.deepcopy(model)
    _module_of(model, head)
    return _thawed(model, lambda name: name.startswith(head + "."))


@trainable_parameters.mistake(
    "The module was replaced by a new one: what it had learned is gone. And an optimizer that was made before still holds the parameters of the "
    "old one; the new ones get gradients, and never move."
)
def module_made_anew(model, head):
    new = copy.deepcopy(_module_of(model, head))
    for part in new.modules():
        if hasattr(part, "reset_parameters"):
            part.reset_parameters()
    model.requires_grad_(False)
    model.set_submodule(head, new.requires_grad_(True))
    return _training_names(model)


@trainable_parameters.mistake("The right parameters train, but the list names the frozen ones.")
def names_of_the_frozen(model, head):
    _module_of(model, head)
    _thawed(model, lambda name: name.startswith(head + "."))
    return sorted(name for name, parameter in model.named_parameters() if not parameter.requires_grad)


@trainable_parameters.mistake(
    "A name that no module has freezes everything without a word: the loss stands still, and the typo stays."
)
def typo_freezes_everything(model, head):
    return _thawed(model, lambda name: name.startswith(head + "."))


@trainable_parameters.mistake(
    "The right names, in the order of the model. The contract asks for them sorted."
)
def names_not_sorted(model, head):
    _module_of(model, head)
    _thawed(model, lambda name: name.startswith(head + "."))
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


# ------------------------------------------------------------------------------------------- classify

classify = Exercise(
    "classify",
    points=4,
    takes=("model: model", "batch: dict"),
    returns=("probabilities: float (B, C)",),
    summary="Ask a classifier so that the same text always gets the same answer.",
    read="“Another answer each time”, and its three causes",
    rounds=1,
    hints=(
        "Three things are wrong. Two change what the model computes: the mode it is in, and a tensor of the batch that it never sees. One changes what is made of the scores.",
        "Note `model.training` first, call `model.eval()`, and at the end `model.train(was_training)`. In between, under `torch.no_grad()`, hand over the whole batch: `model(**batch)`.",
        "Logits are (B, C). The probabilities of one text must add up to 1: over which axis does the softmax go?",
    ),
)

REFUSED = "gradients are being recorded"


def _refuse_gradients(module, arguments) -> None:
    """A forward pre-hook: an answer must not build a graph that nobody will use."""
    if torch.is_grad_enabled():
        raise RuntimeError(REFUSED)


def _classifier_case(
    draw, *, training: bool, padded: bool, dropout: float = 0.3, batch: int | None = None
) -> Case:
    from transformers import BertForSequenceClassification

    vocab, drawn, labels = draw.integer(30, 40), draw.integer(4, 5), draw.integer(2, 3)
    batch = batch or drawn
    length = draw.integer(7, 9)
    config = bert_config(
        vocab, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout, num_labels=labels
    )
    model = build(draw, BertForSequenceClassification, config, training=training)
    with torch.no_grad():  # else tanh and softmax are saturated, and nothing that goes wrong shows
        model.bert.pooler.dense.weight.mul_(0.4)
    mask = torch.ones(batch, length, dtype=torch.int64)
    if padded:
        lengths = draw.shuffled([length, 3, *(draw.integer(3, length - 2) for _ in range(batch - 2))])
        mask = (torch.arange(length) < torch.tensor(lengths)[:, None]).long()
    ids = draw.ids(batch, length, low=1, high=vocab)
    ids[:, 1] = 0  # a real token with the id that padding has in many vocabularies
    ids[mask == 0] = draw.integer(1, vocab - 1)
    case = Case(model=model, batch={"input_ids": ids, "attention_mask": mask})
    return case.where(B=batch, L=length, C=labels)


@classify.case
def a_model_in_train_mode(draw):
    """a model that comes in train mode, with dropout; texts of one length"""
    return _classifier_case(draw, training=True, padded=False)


@classify.case
def texts_of_unequal_lengths(draw):
    """a model in eval mode; texts of unequal lengths"""
    return _classifier_case(draw, training=False, padded=True)


@classify.case
def both_at_once(draw):
    """a model that comes in train mode, with dropout; texts of unequal lengths"""
    return _classifier_case(draw, training=True, padded=True)


@classify.case(apart=True)
def a_single_text(draw):
    """a model in eval mode; a single text"""
    return _classifier_case(draw, training=False, padded=False, batch=1)


@classify.case(apart=True)
def a_model_that_refuses_gradients(draw):
    """a model that refuses to run while gradients are recorded"""
    case = _classifier_case(draw, training=False, padded=False)
    case.model.bert.embeddings.register_forward_pre_hook(_refuse_gradients)
    return case


@torch.no_grad()
def _without_padding(case: Case) -> torch.Tensor:
    """The probabilities of each text without padding, in eval mode; texts of one length need none, and go together."""
    training, lengths = case.model.training, case.batch["attention_mask"].sum(-1)
    case.model.eval()
    probabilities = torch.empty(len(lengths), case.model.config.num_labels)
    for length in lengths.unique().tolist():
        rows = lengths == length
        logits = case.model(case.batch["input_ids"][rows, :length]).logits
        probabilities[rows] = F.softmax(logits, dim=-1)
    case.model.train(training)
    return probabilities


def _same_probabilities(case, answer):
    expect.same(answer(), _without_padding(case), "probabilities")


@classify.must("Ask in eval mode: no dropout while answering.", on=(a_model_in_train_mode,))
def in_eval_mode(case, answer):
    _same_probabilities(case, answer)


@classify.must(
    "Hide the padding: a text gets the same probabilities in a batch as alone.",
    on=(texts_of_unequal_lengths, a_single_text),
)
def the_same_as_alone(case, answer):
    _same_probabilities(case, answer)


@classify.must("Do both at once.", weight=0.5, on=(both_at_once,))
def both(case, answer):
    _same_probabilities(case, answer)


@classify.must("Let the probabilities of each text add up to 1.", weight=0.5)
def adds_up_to_one(case, answer):
    got = answer()
    expect.same(got.sum(-1), torch.ones(len(got), dtype=got.dtype), "sum over the labels of a text")
    expect.that((got >= 0).all(), f"probabilities: there is a negative one, {short(got.min())}")


@classify.must(
    "Ask under `torch.no_grad()`: a graph that nobody will go back through costs memory.",
    on=(a_model_that_refuses_gradients,),
)
def without_gradients(case, answer):
    raised = answer.outcome.raised
    if raised and REFUSED in raised.message:
        raise Mismatch("the model ran while gradients were being recorded")
    _same_probabilities(case, answer)


def _asked(model, batch, *, mask=True, dim=-1, evaluate=True, back=True):
    training = model.training
    if evaluate:
        model.eval()
    with torch.no_grad():
        logits = model(batch["input_ids"], attention_mask=batch["attention_mask"] if mask else None).logits
    if back:
        model.train(training)
    return logits if dim is None else logits.softmax(dim)


@classify.mistake(
    "`squeeze()` drops every axis of size 1, in a batch of one text the batch as well: (C,) comes out where (1, C) was asked for."
)
def scores_squeezed(model, batch):
    return _asked(model, batch, dim=None).squeeze().softmax(-1)


@classify.mistake(
    "This is still the code as it was found: dropout is on, padding is read like words, gradients are recorded, and the softmax runs over the "
    "texts of the batch instead of the labels."
)
def as_found_classify(model, batch):
    return model(batch["input_ids"]).logits.softmax(0)


@classify.mistake(
    "The model answers in whatever mode it is in. Straight after training that is train mode: dropout switches random features off, and each call "
    "gives another answer."
)
def mode_as_it_comes(model, batch):
    return _asked(model, batch, evaluate=False)


@classify.mistake(
    "The attention mask is not handed over, so the model reads padding as if it were words: what a text gets depends on how long its neighbours are."
)
def mask_left_out(model, batch):
    return _asked(model, batch, mask=False)


@classify.mistake(
    "The mask is made from the ids, wherever they are not 0. Here 0 is a word and padding is another id, so words are hidden and padding is read. "
    "The batch brings the mask: pass it on."
)
def mask_from_the_ids(model, batch):
    return _asked(model, {**batch, "attention_mask": (batch["input_ids"] != 0).long()})


@classify.mistake(
    "The softmax runs over the batch: it compares the texts with each other, and what a text gets depends on its neighbours. It is the labels "
    "of one text that compete."
)
def softmax_over_the_batch(model, batch):
    return _asked(model, batch, dim=0)


@classify.mistake(
    "These are the raw scores. They rank the labels, but are no probabilities: they may be negative, and add up to anything."
)
def raw_scores(model, batch):
    return _asked(model, batch, dim=None)


@classify.mistake(
    "Each score goes through a sigmoid on its own. That is for labels that may hold together; here exactly one does, and the row must add up to 1."
)
def sigmoid_of_each(model, batch):
    return _asked(model, batch, dim=None).sigmoid()


@classify.mistake(
    "All is right but `no_grad`: each call records a graph for a backward pass that never comes. Collect such results, and memory runs full."
)
def gradients_recorded(model, batch):
    training = model.training
    model.eval()
    probabilities = model(**batch).logits.softmax(-1)
    model.train(training)
    return probabilities


@classify.mistake(
    "The probabilities are right, but the model stays in eval mode. If it came from a training loop, it goes on training without dropout, and nobody notices."
)
def left_in_eval_mode(model, batch):
    return _asked(model, batch, back=False)


@classify.mistake(
    "The model is always put into train mode afterwards, also where it came in eval mode: the next one to ask it gets dropout."
)
def always_back_to_train_mode(model, batch):
    probabilities = _asked(model, batch)
    model.train()
    return probabilities


# ------------------------------------------------------------------------------------- generate_batch

generate_batch = Exercise(
    "generate_batch",
    points=4,
    takes=("model: model", "prompts: list", "pad_id: int", "steps: int"),
    returns=("new_ids: int64 (B, N)",),
    summary="Continue several prompts at once, each exactly as it would be continued alone.",
    read="“Fine alone, nonsense in a batch”",
    rounds=1,
    hints=(
        "New tokens are appended on the right, so the prompts must end on the right: on which side does the padding go?",
        "A decoder with learnt positions counts from the left edge of the tensor. A prompt behind three pads begins at position 3, unless you say otherwise: `position_ids`.",
        "`mask.cumsum(-1) - 1`, with the padding clamped to 0, are the positions. Append a column of ones to the mask with every new token, and build the mask from the lengths, "
        "not from `pad_id`: a prompt may hold that id.",
    ),
)


@torch.no_grad()
def _alone(model, prompts: torch.Tensor, steps: int) -> list[tuple[list[int], list[int]]]:
    """Prompts (N, L) with their greedy continuations, but for those that are monotonous, and those where a best token
    only just leads."""
    length, leads, ids = prompts.shape[1], [], prompts
    for _ in range(steps):
        best = model(ids).logits[:, -1].topk(2)
        leads.append(best.values[:, 0] - best.values[:, 1])
        ids = torch.cat([ids, best.indices[:, :1]], dim=1)
    clear = torch.stack(leads).amin(0) > 0.02
    continued = [(row[:length], row[length:]) for row in ids[clear].tolist()]
    return [(prompt, new) for prompt, new in continued if len(set(new)) >= 3]


@torch.no_grad()
def _extended(model, ids, mask, steps, positions=None, first=None):
    """`steps` greedy tokens appended on the right of a rectangle. `positions` maps a mask to position ids, `first` are the
    columns from which the first new token is read."""
    length = ids.shape[1]
    for step in range(steps):
        arguments = {} if mask is None else {"attention_mask": mask}
        if positions is not None:
            arguments["position_ids"] = positions(mask)
        logits = model(ids, **arguments).logits
        columns = first if first is not None and step == 0 else torch.full((len(ids),), ids.shape[1] - 1)
        token = logits[torch.arange(len(ids)), columns].argmax(-1)
        ids = torch.cat([ids, token[:, None]], dim=1)
        mask = None if mask is None else torch.cat([mask, torch.ones_like(token)[:, None]], dim=1)
    return ids[:, length:]


def _rectangle(prompts, pad_id, side):
    """Ids and mask (B, L), padded on `side`."""
    longest = max(map(len, prompts))
    rows, masks = [], []
    for prompt in prompts:
        padding, real = [pad_id] * (longest - len(prompt)), [1] * len(prompt)
        rows.append(padding + prompt if side == "left" else prompt + padding)
        zeros = [0] * len(padding)
        masks.append(zeros + real if side == "left" else real + zeros)
    return torch.tensor(rows), torch.tensor(masks)


def _counted(mask):
    return (mask.cumsum(-1) - 1).clamp(min=0)


@functools.lru_cache(maxsize=16)
def _prompts_case(seed: int, pad_inside: bool) -> Case:
    """Prompts of three lengths whose continuations are varied, clear, and different from what common errors give;
    kept, because the search takes time."""
    from transformers import GPT2LMHeadModel

    draw = Draw(seed)
    steps, vocab = 5, draw.integer(30, 36)
    config = gpt2_config(vocab, tie_word_embeddings=False)
    lengths = draw.integer(2, 3), draw.integer(4, 5), draw.integer(7, 8)
    chosen = None
    while not chosen:
        model = build(draw, GPT2LMHeadModel, config, training=pad_inside)
        pools = [
            _alone(model, torch.stack([draw.distinct_ids(length, high=vocab) for _ in range(12)]), steps)
            for length in lengths
        ]
        often = [token for pool in pools for _, new in pool for token in new[:-1]]
        pad_id = draw.choice(often) if pad_inside and often else draw.integer(0, vocab - 1)
        chosen = _telling(model, pools, pad_id, pad_inside)
    if pad_inside:
        model.config.eos_token_id = model.generation_config.eos_token_id = pad_id
    prompts, new = zip(*draw.shuffled(chosen), strict=True)
    case = Case(model=model, prompts=list(prompts), pad_id=pad_id, steps=steps)
    return case.knows(new=torch.tensor(new))


def _telling(model, pools, pad_id: int, pad_inside: bool, steps: int = 3) -> tuple | None:
    """A prompt, with its continuation, of each pool, such that every common error shows within some `steps`; None if
    there are none. All prompts go through an error together: the padding of each depends on the longest alone."""

    def stands_in_a_prompt(triple) -> bool:
        return any(pad_id in prompt[:-1] for prompt, _ in triple)

    def is_written_and_passed(triple) -> bool:
        return any(pad_id in new and {*new[new.index(pad_id) :]} != {pad_id} for _, new in triple)

    triples = itertools.product(*pools)
    if pad_inside:
        triples = [
            triple for triple in triples if stands_in_a_prompt(triple) and is_written_and_passed(triple)
        ]
    else:
        triples = [triple for triple in triples if all(pad_id not in prompt + new for prompt, new in triple)]
    rows = [row for pool in pools for row in pool]
    for way in (padding_told_by_its_id, *WAYS) if pad_inside else WAYS:
        if not triples:
            return None
        got = way(model, [prompt for prompt, _ in rows], pad_id, steps).tolist()
        wrong = {tuple(prompt) for (prompt, new), mine in zip(rows, got, strict=True) if mine != new[:steps]}
        shown = 2 if way in WAYS else 3  # the longest prompt has no padding
        triples = [
            triple for triple in triples if any(tuple(prompt) in wrong for prompt, _ in triple[:shown])
        ]
    return triples[0] if triples else None


def _as_drawn(case: Case) -> Case:
    return Case(**case.arguments).knows(**case.facts).where(B=len(case.prompts), N=case.steps)


@generate_batch.case
def prompts_of_unequal_lengths(draw):
    """three prompts of unequal lengths; the padding id is no token of theirs"""
    return _as_drawn(_prompts_case(draw.seed, pad_inside=False))


@generate_batch.case
def padding_id_is_a_token(draw):
    """as with GPT-2, the padding id is end-of-text: it stands inside a prompt and comes up before the steps are over; the model in train mode (without dropout)"""
    return _as_drawn(_prompts_case(draw.seed, pad_inside=True))


def _longest(case) -> torch.Tensor:
    lengths = torch.tensor([len(prompt) for prompt in case.prompts])
    return lengths == lengths.max()


@generate_batch.must(
    "Continue each shorter prompt as it would be continued alone.",
    weight=2.0,
    on=(prompts_of_unequal_lengths,),
)
def short_prompts_as_alone(case, answer):
    for row in (~_longest(case)).nonzero().flatten().tolist():
        expect.same(answer()[row], case.new[row], f"new_ids[{row}]", prompt=case.prompts[row])


@generate_batch.must("Continue the longest prompt as it would be continued alone.", weight=0.5)
def longest_prompt_as_alone(case, answer):
    row = int(_longest(case).nonzero()[0])
    expect.same(answer()[row], case.new[row], f"new_ids[{row}]", prompt=case.prompts[row])


@generate_batch.must(
    "Tell padding by its place, not by its id, and go on after end-of-text: `steps` new tokens for every prompt.",
    weight=1.5,
    on=(padding_id_is_a_token,),
)
def padding_is_a_place(case, answer):
    expect.same(answer(), case.new, "new_ids", pad_id=case.pad_id)


@generate_batch.mistake(
    "This is still the code as it was found: padded on the right, so the next token is read off a *pad* and written behind the padding. Only the "
    "longest prompt has none."
)
def as_found_generate(model, prompts, pad_id, steps):
    ids, _ = _rectangle(prompts, pad_id, "right")
    return _extended(model, ids, None, steps)


@generate_batch.mistake(
    "The mask hides the padding on the right, but the next token is still read at the last column, which *is* padding, and written behind it. Where "
    "must a prompt end, for its last token to stand there?"
)
def right_with_mask(model, prompts, pad_id, steps):
    return _extended(model, *_rectangle(prompts, pad_id, "right"), steps)


@generate_batch.mistake(
    "The first new token is read at the right place, before the padding. But the new tokens are written behind it, where positions count the padding in. "
    "Padding on the left, or positions of your own, keep a text together."
)
def right_and_read_before_the_padding(model, prompts, pad_id, steps):
    ids, mask = _rectangle(prompts, pad_id, "right")
    return _extended(model, ids, mask, steps, first=mask.sum(-1) - 1)


@generate_batch.mistake(
    "The padding is on the left, where it belongs, but nothing hides it: every short prompt begins with words that nobody wrote."
)
def left_without_mask(model, prompts, pad_id, steps):
    return _extended(model, _rectangle(prompts, pad_id, "left")[0], None, steps)


@generate_batch.mistake(
    "Padding on the left and a mask, but positions still count the padding: a prompt behind three pads is read as if it began at its fourth word. "
    "`generate` makes `position_ids` from the mask; calling the model yourself, you must."
)
def left_with_mask_without_positions(model, prompts, pad_id, steps):
    return _extended(model, *_rectangle(prompts, pad_id, "left"), steps)


@generate_batch.mistake(
    "The positions are right, but padding is not hidden: it is read, at position 0, before every short prompt."
)
def left_with_positions_without_mask(model, prompts, pad_id, steps):
    ids, mask = _rectangle(prompts, pad_id, "left")
    with torch.no_grad():
        for _ in range(steps):
            token = model(ids, position_ids=_counted(mask)).logits[:, -1].argmax(-1, keepdim=True)
            ids = torch.cat([ids, token], dim=1)
            mask = torch.cat([mask, torch.ones_like(token)], dim=1)
    return ids[:, -steps:]


@generate_batch.mistake(
    "Padding is told by its id. GPT-2 pads with end-of-text, which may well stand inside a prompt or be written: those tokens are then hidden, too."
)
def padding_told_by_its_id(model, prompts, pad_id, steps):
    ids, _ = _rectangle(prompts, pad_id, "left")
    with torch.no_grad():
        for _ in range(steps):
            mask = (ids != pad_id).long()
            logits = model(ids, attention_mask=mask, position_ids=_counted(mask)).logits
            ids = torch.cat([ids, logits[:, -1].argmax(-1, keepdim=True)], dim=1)
    return ids[:, -steps:]


@generate_batch.mistake(
    "After the padding id has been written, a row is only filled up. Here it is a token like any other: every prompt gets as many new tokens as asked for."
)
def stopped_at_the_end_of_text(model, prompts, pad_id, steps):
    new = _extended(model, *_rectangle(prompts, pad_id, "left"), steps, _counted)
    ended = ((new == pad_id).cumsum(-1) - (new == pad_id).long()) > 0
    return new.masked_fill(ended, pad_id)


@generate_batch.mistake(
    "All prompts are cut to the length of the shortest. That needs no padding, but the beginnings of the longer ones are gone."
)
def cut_to_the_shortest(model, prompts, pad_id, steps):
    shortest = min(map(len, prompts))
    return _extended(model, torch.tensor([prompt[-shortest:] for prompt in prompts]), None, steps)


@generate_batch.mistake(
    "`generate` was left to guess. It needs the attention mask, for it cannot tell padding from end-of-text where both have one id; and it stops at end-of-text unless "
    "`eos_token_id=None` forbids it."
)
def generate_left_to_guess(model, prompts, pad_id, steps):
    ids, _ = _rectangle(prompts, pad_id, "left")
    new = model.generate(ids, max_new_tokens=steps, do_sample=False, pad_token_id=pad_id)
    return new[:, ids.shape[1] :]


@generate_batch.mistake("The rows hold the padded prompts, too. Asked for are the new ids alone.")
def prompts_kept(model, prompts, pad_id, steps):
    ids, mask = _rectangle(prompts, pad_id, "left")
    return torch.cat([ids, _extended(model, ids, mask, steps, _counted)], dim=1)


WAYS = (
    as_found_generate,
    right_with_mask,
    right_and_read_before_the_padding,
    left_without_mask,
    left_with_mask_without_positions,
    left_with_positions_without_mask,
)

# ---------------------------------------------------------------------------------------- looks_ahead

looks_ahead = Exercise(
    "looks_ahead",
    points=4,
    takes=("model: model", "ids: int64 (1, L)"),
    returns=("ahead: bool (L,)",),
    summary="At which positions a language model has seen the tokens that it is to predict: measured.",
    read="“Too good to be true”",
    rounds=1,
    hints=(
        "Do not ask the configuration, ask the model: run it on the text, then on a text whose *later* tokens are others, and compare the logits that should not have moved.",
        "For position i, everything up to and including i stays. Either replace all that comes after, `(ids[:, i + 1:] + 1) % vocabulary`, or cut it off: `ids[:, : i + 1]`.",
        "`(after - before).abs().amax(-1)` is one number a position. Compare that of position i with 1e-4; nothing comes after the last one.",
    ),
)


def _moved(model, ids: torch.Tensor) -> torch.Tensor:
    """(L, L): how far the logits at position i move when token j is replaced, at the most over two other tokens."""
    places = torch.arange(ids.shape[1])
    moved = torch.zeros(len(places), len(places), dtype=torch.float64)
    with torch.no_grad():
        before = model(ids).logits[0].double()
        for step in (1, 5):
            others = ids.repeat(len(places), 1)  # row j: token j is another
            others[places, places] = (others[places, places] + step) % model.config.vocab_size
            change = (model(others).logits.double() - before).abs().amax(-1)
            moved = torch.maximum(moved, change.T)
    return moved


def _attend_evenly(model):
    """Make queries and keys small, so that every token weighs about the same. As they are drawn, attention may pass a
    token over so wholly that what is read of it moves no logit."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "self.query" in name or "self.key" in name:
                parameter.mul_(0.2)
            elif "attn.c_attn" in name:  # GPT-2: queries, keys and values side by side
                parameter[..., : 2 * model.config.n_embd].mul_(0.2)
    return model


def _reader_case(draw, model_class, config, ahead, *, training: bool = False) -> Case:
    model = _attend_evenly(build(draw, model_class, config, training=training))
    length = draw.integer(7, 9)
    ids = draw.ids(1, length, high=config.vocab_size)
    return Case(model=model, ids=ids).knows(ahead=ahead(torch.arange(length), length))


def _all_but_the_last(places, length):
    return places < length - 1


def _none(places, length):
    return places < 0


# The cases on which errors differ most come first: which of them an answer has made is then soon found.


def _open_prefix(module, arguments, keywords, prefix):
    """A forward pre-hook: the first `prefix` tokens see each other, the others what stands to their left."""
    text = next(
        value
        for value in (*arguments, keywords.get("input_ids"), keywords.get("inputs_embeds"))
        if value is not None
    )
    places = torch.arange(text.shape[1])
    seen = (places <= places[:, None]) | (places < prefix) & (places[:, None] < prefix)
    dtype = next(module.parameters()).dtype
    mask = torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)
    return arguments, {**keywords, "attention_mask": mask.expand(text.shape[0], 1, -1, -1)}


@looks_ahead.case
def an_open_prefix(draw):
    """a prefix language model: a GPT2LMHeadModel whose first tokens see each other"""
    from transformers import GPT2LMHeadModel

    prefix = draw.integer(3, 5)
    case = _reader_case(
        draw, GPT2LMHeadModel, gpt2_config(draw.integer(17, 23)), lambda places, length: places < prefix - 1
    )
    hook = functools.partial(_open_prefix, prefix=prefix)
    case.model.register_forward_pre_hook(hook, with_kwargs=True)
    return case


def _leak(module, arguments, keywords, output, text):
    """A forward hook: each later token that is as in `text` moves all scores by some thousandths, up at even positions
    and down at odd ones."""
    ids = next((value for value in (*arguments, keywords.get("input_ids")) if value is not None), None)
    if ids is not None:
        same = (ids == torch.tensor(text)[: ids.shape[-1]]).long()
        later = same.flip(-1).cumsum(-1).flip(-1) - same
        up = 1 - 2 * (torch.arange(ids.shape[-1]) % 2)
        steps = torch.linspace(2e-3, 4e-3, output.logits.shape[-1], dtype=output.logits.dtype)
        output.logits = output.logits + (later * up)[..., None] * steps
    return output


@looks_ahead.case
def a_leak_up_and_down(draw):
    """a GPT2LMHeadModel with a leak: later tokens raise all scores a little at even positions, and lower them at odd ones"""
    from transformers import GPT2LMHeadModel

    case = _reader_case(draw, GPT2LMHeadModel, gpt2_config(draw.integer(17, 23)), _all_but_the_last)
    case.model.register_forward_hook(
        functools.partial(_leak, text=tuple(case.ids[0].tolist())), with_kwargs=True
    )
    return case


@looks_ahead.case
def reads_both_sides(draw):
    """a BertForMaskedLM"""
    from transformers import BertForMaskedLM

    return _reader_case(draw, BertForMaskedLM, bert_config(draw.integer(17, 23)), _all_but_the_last)


@looks_ahead.case
def reads_to_the_left(draw):
    """a GPT2LMHeadModel in train mode (without dropout)"""
    from transformers import GPT2LMHeadModel

    return _reader_case(draw, GPT2LMHeadModel, gpt2_config(draw.integer(17, 23)), _none, training=True)


@looks_ahead.case
def made_a_decoder(draw):
    """a BertLMHeadModel with is_decoder=True"""
    from transformers import BertLMHeadModel

    return _reader_case(draw, BertLMHeadModel, bert_config(draw.integer(17, 23), is_decoder=True), _none)


@functools.lru_cache(maxsize=16)
def _faint_model(seed: int, vocab: int, length: int, target: float, of):
    """A BERT in float64 whose attention brings along so little that `of` (min or max) the movements of earlier logits
    is `target`, and ids; kept, because measuring takes time."""
    from transformers import BertForMaskedLM

    draw = Draw(seed)
    model = _attend_evenly(build(draw, BertForMaskedLM, bert_config(vocab))).double()
    ids = draw.ids(1, length, high=vocab)
    values = model.bert.encoder.layer[0].attention.self.value.weight
    with torch.no_grad():
        values.mul_(1e-3)
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        values.mul_(target / of(_moved(model, ids)[later]).item())
    return model, ids


def _faint_case(draw, target: float, of, ahead) -> Case:
    length = draw.integer(6, 8)
    model, ids = _faint_model(draw.seed, draw.integer(17, 23), length, target, of)
    return Case(model=model, ids=ids).knows(ahead=ahead(torch.arange(length), length))


@looks_ahead.case
def a_faint_leak(draw):
    """a BertForMaskedLM whose later tokens move earlier logits by a few thousandths"""
    return _faint_case(draw, 2e-3, torch.min, _all_but_the_last)


@looks_ahead.case
def too_faint_to_count(draw):
    """a BertForMaskedLM whose later tokens move earlier logits by less than 0.00001"""
    return _faint_case(draw, 3e-6, torch.max, _none)


def _same_places(case, answer):
    expect.same(answer(), case.ahead, "ahead", ids=case.ids)


@looks_ahead.must(
    "Find every position but the last of a model that reads both sides.", weight=0.85, on=(reads_both_sides,)
)
def finds_the_leak(case, answer):
    _same_places(case, answer)


@looks_ahead.must(
    "Accuse no position of a causal model, whatever its configuration calls it.",
    weight=0.6,
    on=(reads_to_the_left, made_a_decoder),
)
def accuses_nobody(case, answer):
    _same_places(case, answer)


@looks_ahead.must(
    "Answer for each position by itself: some may look ahead where others do not.",
    weight=0.85,
    on=(an_open_prefix,),
)
def each_for_itself(case, answer):
    _same_places(case, answer)


@looks_ahead.must(
    "Find a leak that moves the logits by little: more than 0.0001, though it changes no best token.",
    weight=0.85,
    on=(a_faint_leak, a_leak_up_and_down),
)
def finds_the_faint(case, answer):
    _same_places(case, answer)


@looks_ahead.must(
    "Draw the line at 0.0001: overlook what moves the logits by less, for that much comes of rounding alone.",
    weight=0.85,
    on=(too_faint_to_count, a_faint_leak),
)
def draws_the_line(case, answer):
    _same_places(case, answer)


@torch.no_grad()
def _compared(model, ids, keep, differs, *, last=False):
    """For each position i, whether `differs` says so of the logits there, before and after the tokens outside
    `keep(i)` are replaced; the last position is `last`, unless None leaves it to the comparison. All texts go together."""
    length = ids.shape[1]
    kept = torch.tensor([[keep(i, j) for j in range(length)] for i in range(length)])
    before = model(ids).logits[0]
    after = model(torch.where(kept, ids, (ids + 1) % model.config.vocab_size)).logits
    found = [bool(differs(before[i], after[i, i])) for i in range(length)]
    if last is not None:
        found[-1] = last
    return torch.tensor(found)


def _far(before, after):
    return (after - before).abs().max() > 1e-4


@looks_ahead.mistake(
    "This is still the code as it was found: it believes the configuration. That of GPT-2 has no entry `is_decoder` at all, although GPT-2 never looks ahead: "
    "the entry matters to some families only. Measure."
)
def as_found_ahead(model, ids):
    return torch.full((ids.shape[1],), not getattr(model.config, "is_decoder", False))


@looks_ahead.mistake(
    "The position's own token is replaced with the later ones. Every model reads that one: a causal model is accused everywhere."
)
def own_token_replaced(model, ids):
    return _compared(model, ids, lambda i, j: j < i, _far, last=None)


@looks_ahead.mistake(
    "The wrong side: the *earlier* tokens are replaced. Every language model depends on those."
)
def earlier_tokens_replaced(model, ids):
    return _compared(model, ids, lambda i, j: j >= i, _far, last=None)


@looks_ahead.mistake(
    "Only the very last token of the text is replaced. Who looks ahead, but not that far, is not found."
)
def only_the_last_token(model, ids):
    length = ids.shape[1]
    return _compared(model, ids, lambda i, j: j < length - 1, _far)


@looks_ahead.mistake(
    "The last token is replaced, and the last position is then found to have moved: it reads its own token, as it should. Only what stands *after* a position "
    "may not move it."
)
def last_position_accused(model, ids):
    length = ids.shape[1]
    return _compared(model, ids, lambda i, j: j < length - 1, _far, last=None)


@looks_ahead.mistake(
    "Only the best tokens are compared. A leak that moves every score a little but no best token goes unseen, and training makes the most of it."
)
def best_tokens_compared(model, ids):
    return _compared(model, ids, lambda i, j: j <= i, lambda a, b: a.argmax() != b.argmax())


@looks_ahead.mistake(
    "The differences keep their signs, so a leak that only lowers the scores goes unseen. How far a logit has moved is the question, not in which direction."
)
def signed_differences(model, ids):
    return _compared(model, ids, lambda i, j: j <= i, lambda before, after: (after - before).max() > 1e-4)


@looks_ahead.mistake(
    "The logits are compared to the last bit. Rounding alone differs with the length of the text: a causal model is accused at random. Allow for 1e-4."
)
def compared_to_the_bit(model, ids):
    found = torch.zeros(ids.shape[1], dtype=torch.bool)
    with torch.no_grad():
        before = model(ids).logits[0]
        for i in range(len(found) - 1):  # one by one, for several texts at once are rounded otherwise
            other = ids.clone()
            other[:, i + 1 :] = (ids[:, i + 1 :] + 1) % model.config.vocab_size
            found[i] = not torch.equal(model(other).logits[0, i], before[i])
    return found


@looks_ahead.mistake(
    "The tolerance is too wide: logits that move by some thousandths have seen what they should not."
)
def tolerance_too_wide(model, ids):
    return _compared(model, ids, lambda i, j: j <= i, lambda a, b: (a - b).abs().max() > 0.1)


@looks_ahead.mistake(
    "One verdict for the whole text: a single position that looks ahead accuses all. Answer for each position."
)
def one_verdict_for_all(model, ids):
    found = _compared(model, ids, lambda i, j: j <= i, _far)
    return found.any().expand(len(found)) & (torch.arange(len(found)) < len(found) - 1)


@looks_ahead.mistake("The polarity is inverted: True stands where a position does *not* look ahead.")
def inverted(model, ids):
    return ~_compared(model, ids, lambda i, j: j <= i, _far)


@looks_ahead.mistake(
    "The answer is right, but the model is left in eval mode although it came in train mode."
)
def left_evaluating(model, ids):
    model.eval()
    return _compared(model, ids, lambda i, j: j <= i, _far)


# ---------------------------------------------------------------------------------- named_predictions

named_predictions = Exercise(
    "named_predictions",
    points=3,
    takes=("logits: float (B, C)", "id2label: dict"),
    returns=("names: list",),
    summary="From scores to the names of labels, however the map from ids to names is written.",
    read="“Far below chance”",
    hints=(
        "A dict has keys. Looking a label up by its key does not care for the order in which the dict was written.",
        'JSON has no integer keys: a map that has been through a file has `"0"`, `"1"`, ... Turn all keys into `int` before you look up.',
        "Make a second dict, the same names under `int(key)`. Then `logits.argmax(-1).tolist()` are the keys to look up.",
    ),
)

NAMES = (
    "joy",
    "anger",
    "fear",
    "love",
    "surprise",
    "sadness",
    "trust",
    "pride",
    "shame",
    "envy",
    "calm",
    "hope",
    "pity",
    "awe",
)


def _labelled(draw, classes: int, keys, order, batch: int | None = None) -> Case:
    """Scores of `batch` texts, each with a clear winner; `keys` makes a key of an id, `order` orders the ids of the map."""
    batch = batch or draw.integer(4, 6)
    names = draw.shuffled(NAMES)[:classes]
    if names == sorted(names):
        names.reverse()
    won = draw.shuffled(range(classes))[:batch]
    won += [draw.integer(0, classes - 1) for _ in range(batch - len(won))]
    logits = draw.normal(batch, classes)
    logits[torch.arange(batch), torch.tensor(won)] = logits.max() + 1 + draw.uniform(batch)
    id2label = {keys(i): names[i] for i in order(list(range(classes)))}
    return Case(logits=logits, id2label=id2label).knows(names=[names[i] for i in won])


def _out_of_order(draw):
    """An order in which no id stands at its own place."""
    return lambda ids: ids[(turn := draw.integer(1, len(ids) - 1)) :] + ids[:turn]


@named_predictions.case
def in_order(draw):
    """whole numbers as keys, in order"""
    return _labelled(draw, 3, int, list)


@named_predictions.case
def in_another_order(draw):
    """whole numbers as keys, in another order"""
    return _labelled(draw, 3, int, _out_of_order(draw))


@named_predictions.case
def texts_as_keys(draw):
    """texts as keys, as JSON has them, in another order"""
    return _labelled(draw, 3, str, _out_of_order(draw))


@named_predictions.case
def more_than_ten(draw):
    """more than ten labels, texts as keys, in the order of an alphabet: "0", "1", "10", ..."""
    classes = draw.integer(12, 14)
    case = _labelled(draw, classes, str, lambda ids: sorted(ids, key=str))
    logits, names = case.logits, list(case.names)
    logits[0, 2] = logits.max() + 2  # id 2 and "10" change places in an alphabet
    names[0] = case.id2label["2"]
    return Case(logits=logits, id2label=case.id2label).knows(names=names)


@named_predictions.case(apart=True)
def one_text_to_name(draw):
    """a single text; whole numbers as keys, in another order"""
    return _labelled(draw, 3, int, _out_of_order(draw), batch=1)


def _names_as_wanted(case, answer):
    for row, (want, got) in enumerate(zip(case.names, answer(), strict=False)):
        best = int(case.logits[row].argmax())
        expect.same(got, want, f"names[{row}]", **{"best label": best})
    expect.same(answer(), case.names, "names")


@named_predictions.must("Name the best label of each text.", weight=0.5, on=(in_order,))
def of_a_map_in_order(case, answer):
    _names_as_wanted(case, answer)


@named_predictions.must(
    "Look each id up by its key, in whatever order the map was written.",
    on=(in_another_order, one_text_to_name),
)
def of_a_map_in_another_order(case, answer):
    _names_as_wanted(case, answer)


@named_predictions.must(
    "Take keys that are texts for the numbers they spell, as JSON writes them.", on=(texts_as_keys,)
)
def of_a_map_from_a_file(case, answer):
    _names_as_wanted(case, answer)


@named_predictions.must(
    'Do so with more than ten labels, too: as texts, "10" comes before "2".', weight=0.5, on=(more_than_ten,)
)
def of_a_long_map(case, answer):
    _names_as_wanted(case, answer)


def _by_number(id2label):
    return {int(key): name for key, name in id2label.items()}


@named_predictions.mistake(
    "`squeeze()` drops every axis of size 1, in a batch of one text the batch as well. `argmax(-1)` then gives a single number, and there is nothing to go through."
)
def one_text_squeezed(logits, id2label):
    return [_by_number(id2label)[i] for i in logits.squeeze().argmax(-1).tolist()]


@named_predictions.mistake(
    "This is still the code as it was found: it takes the names in the order in which the map was written. Another order, and a good model seems to be "
    "worse than guessing."
)
def as_found_names(logits, id2label):
    names = list(id2label.values())
    return [names[i] for i in logits.argmax(-1).tolist()]


@named_predictions.mistake(
    "The map is asked for whole numbers only. One that has been through a JSON file has texts for keys, and raises a `KeyError`."
)
def whole_numbers_only(logits, id2label):
    return [id2label[i] for i in logits.argmax(-1).tolist()]


@named_predictions.mistake(
    "The map is asked for *tensors*: `tensor(2)` is not the key 2, not even where the map has whole numbers, so every look-up is a `KeyError`."
)
def tensors_as_keys(logits, id2label):
    return [id2label[i] for i in logits.argmax(-1)]


@named_predictions.mistake(
    "The map is asked for texts only. One that was written in Python, or has been through `transformers`, has whole numbers for keys."
)
def texts_only(logits, id2label):
    return [id2label[str(i)] for i in logits.argmax(-1).tolist()]


@named_predictions.mistake(
    'The keys are sorted as texts, where "10" comes before "2": right up to ten labels, and mixed up from there on.'
)
def sorted_as_texts(logits, id2label):
    names = [name for _, name in sorted(id2label.items(), key=lambda item: str(item[0]))]
    return [names[i] for i in logits.argmax(-1).tolist()]


@named_predictions.mistake(
    "The names are sorted by the alphabet, as label encoders do it. The ids were given in training, and the map alone knows how."
)
def names_by_the_alphabet(logits, id2label):
    names = sorted(id2label.values())
    return [names[i] for i in logits.argmax(-1).tolist()]


@named_predictions.mistake("The *lowest* score is taken. The highest says what the model thinks.")
def lowest_score(logits, id2label):
    names = _by_number(id2label)
    return [names[i] for i in logits.argmin(-1).tolist()]


@named_predictions.mistake(
    "These are the ids as texts. What is asked for are the names that the map gives them."
)
def ids_for_names(logits, id2label):
    return [str(i) for i in logits.argmax(-1).tolist()]


@named_predictions.mistake(
    "The labels carry the library's placeholder names, `LABEL_0`, `LABEL_1`: the map is not used at all."
)
def placeholder_names(logits, id2label):
    return [f"LABEL_{i}" for i in logits.argmax(-1).tolist()]


# ------------------------------------------------------------------------------------------ mean_loss

mean_loss = Exercise(
    "mean_loss",
    points=3,
    takes=("token_losses: float (B, L)", "labels: int64 (B, L)"),
    returns=("loss: float ()",),
    summary="One loss for a batch in which every counted token weighs the same.",
    read="“The loss depends on the batch”, and the example worked by hand",
    hints=(
        "Which tokens count? Those whose label is not -100. How many are there in the whole batch?",
        "One sum over the whole batch, one count over the whole batch, one division.",
        "Where nothing counts, both sum and count are 0. Divide by a count that is at least 1 (`clamp`), and the 0 stays a 0 with a history.",
    ),
)


def _losses_case(draw, dtype=torch.float32, empty_row: bool = False) -> Case:
    batch, length = draw.integer(3, 4), draw.integer(7, 9)
    labels = draw.ids(batch, length, low=0, high=30)
    counts = draw.shuffled([length - 1, 2, *(draw.integer(3, length - 2) for _ in range(batch - 2))])
    if empty_row:
        counts[counts.index(2)] = 0
    for row, count in enumerate(counts):
        hidden = draw.shuffled(range(length))[: length - count]
        labels[row, hidden] = -100
    labels[counts.index(length - 1)][labels[counts.index(length - 1)] != -100] = draw.integer(1, 29)
    labels[counts.index(length - 1), int((labels[counts.index(length - 1)] != -100).nonzero()[0])] = 0
    # rows of different difficulty, so that it matters how they are weighed
    level = torch.linspace(0.5, 4.0, batch)[torch.tensor(draw.shuffled(range(batch)))]
    losses = (draw.uniform(batch, length) + level[:, None]).to(dtype)
    return Case(token_losses=losses, labels=labels)


@mean_loss.case
def rows_of_unequal_counts(draw):
    """rows with unequal numbers of counted tokens; the model was sure of one of them"""
    case = _losses_case(draw)
    row, place = (case.labels != -100).nonzero()[draw.integer(0, 4)].tolist()
    case.token_losses[row, place] = 0.0
    return case


@mean_loss.case
def a_row_without_a_label(draw):
    """losses in float64; one row has no counted token"""
    return _losses_case(draw, torch.float64, empty_row=True)


@mean_loss.case
def a_single_label(draw):
    """a single counted token in the whole batch"""
    case = _losses_case(draw)
    labels = torch.full_like(case.labels, -100)
    row, place = draw.integer(0, labels.shape[0] - 1), draw.integer(0, labels.shape[1] - 1)
    labels[row, place] = draw.integer(1, 29)
    return Case(token_losses=case.token_losses, labels=labels)


@mean_loss.case(apart=True)
def nothing_counted(draw):
    """every label is -100"""
    case = _losses_case(draw)
    return Case(token_losses=case.token_losses, labels=torch.full_like(case.labels, -100))


def _by_definition(token_losses: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    counted = [
        token_losses[row, place]
        for row, line in enumerate(labels.tolist())
        for place, label in enumerate(line)
        if label != -100
    ]
    return torch.stack(counted).mean()


@mean_loss.must(
    "Give the mean of the losses at all labels other than -100, over the whole batch at once.", weight=1.25
)
def mean_over_the_batch(case, answer):
    expect.same(answer(), _by_definition(case.token_losses, case.labels), "loss")


@mean_loss.must("Let the losses at -100 change nothing.", weight=0.5)
def ignored_losses(case, answer):
    other = torch.where(case.labels == -100, case.token_losses + 7.0, case.token_losses)
    after = answer(token_losses=other)
    expect.same(after, answer(), "loss after only losses at -100 changed")
    expect.same(after, _by_definition(other, case.labels), "loss")


@mean_loss.must("Give 0, not NaN, where nothing counts.", weight=0.5, on=(nothing_counted,))
def nothing_gives_zero(case, answer):
    expect.same(answer(), torch.tensor(0.0, dtype=case.token_losses.dtype), "loss")


@mean_loss.must("Stay differentiable: every counted token pulls equally.", weight=0.75)
def every_token_pulls_equally(case, answer):
    counted = (case.labels != -100).to(case.token_losses.dtype)
    got = answer.gradients("token_losses")["token_losses"]
    expect.that(
        got is not None,
        "no gradient reaches `token_losses`: the loss has left the graph (by .item(), .detach(), no_grad or a new tensor)",
    )
    expect.same(got, counted / counted.sum(), "gradient", labels=case.labels)


@mean_loss.mistake(
    "Losses of 0 are left out. A counted token of which the model was quite sure has a loss of 0, too: without it the mean is too high, the more so the better the model."
)
def losses_of_zero_left_out(token_losses, labels):
    counted = (labels != -100) & (token_losses != 0)
    return (token_losses * counted).sum() / counted.sum().clamp(min=1)


@mean_loss.mistake(
    "This is still the code as it was found: each row is averaged on its own, and then the rows. A token in a short row weighs more than one in a long row, "
    "and a row without any turns the whole loss into NaN."
)
def as_found_loss(token_losses, labels):
    counted = labels != -100
    rows = (token_losses * counted).sum(-1) / counted.sum(-1)
    return rows.mean()


@mean_loss.mistake(
    "Rows without a label are handled, but it is still a mean of row means: a token in a short row weighs more than one in a long row."
)
def mean_of_row_means(token_losses, labels):
    counted = labels != -100
    rows = (token_losses * counted).sum(-1) / counted.sum(-1).clamp(min=1)
    filled = counted.any(-1)
    return (rows * filled).sum() / filled.sum().clamp(min=1)


@mean_loss.mistake(
    "The sum is divided by all positions, ignored ones too: the more padding in a batch, the smaller the loss and the steps."
)
def divided_by_all_positions(token_losses, labels):
    return (token_losses * (labels != -100)).mean()


@mean_loss.mistake(
    "All positions are averaged, also those labelled -100: what the model says at padding counts like what it says at words."
)
def ignored_counted(token_losses, labels):
    return token_losses.mean()


@mean_loss.mistake("The sum is divided by the number of rows: long texts make large losses and large steps.")
def divided_by_the_rows(token_losses, labels):
    return (token_losses * (labels != -100)).sum() / len(labels)


@mean_loss.mistake("The losses are added up and not divided: twice the batch, twice the step.")
def summed(token_losses, labels):
    return (token_losses * (labels != -100)).sum()


@mean_loss.mistake(
    "Label 0 is left out with -100. It is a class like any other; in most tag sets it is the commonest."
)
def label_zero_left_out(token_losses, labels):
    counted = labels > 0
    return (token_losses * counted).sum() / counted.sum().clamp(min=1)


@mean_loss.mistake(
    "Right wherever something counts, but NaN where nothing does. One such batch turns every weight of the model into NaN."
)
def nan_without_labels(token_losses, labels):
    return token_losses[labels != -100].mean()


@mean_loss.mistake(
    "The value is right, but it has no history: `backward()` has nothing to go through, so nothing is learned."
)
def cut_from_the_graph(token_losses, labels):
    counted = labels != -100
    return (token_losses * counted).sum().detach() / counted.sum().clamp(min=1)


# ----------------------------------------------------------------------------------------------- quiz

pitfalls_quiz = Quiz(
    "pitfalls_quiz",
    {
        "same": Question(
            "You load a checkpoint, give it fifty different reviews, and it says “positive” to each. In which order do you look?",
            (
                (
                    "First the learning rate, then the data, then the loading report.",
                    "Training comes last: it costs hours to repeat. The report costs a second, and the commonest cause stands in it.",
                ),
                (
                    "First the loading report (was the head ever trained, or lost in saving?), then what reaches the model (ids, mask, label map), then the training itself (one class only, a rate that broke the body).",
                    "",
                ),
                (
                    "First the label map, then the seed.",
                    "A wrong map gives wrong names, but different ones for different texts; and no seed makes an untrained head read.",
                ),
                (
                    "First a larger model.",
                    "A larger body under an untrained head says the same thing to everybody, more slowly.",
                ),
            ),
            "b",
        ),
        "varies": Question(
            "The same text, asked twice of the same model, gets 0.91 and then 0.74. What is the likeliest cause?",
            (
                ("The model is in train mode, so dropout is at work.", ""),
                (
                    "The head is untrained.",
                    "An untrained head is drawn once, when it is made. From then on it gives the same nonsense every time.",
                ),
                (
                    "The softmax runs over the wrong axis.",
                    "That is wrong in the same way each time you ask with the same batch.",
                ),
            ),
            "a",
        ),
        "leak": Question(
            "0.97 on your test set, 0.71 on the reviews of the following month. What do you check first?",
            (
                (
                    "Whether the model is too small.",
                    "A model too small would be bad on the test set as well.",
                ),
                (
                    "Whether dropout was off during the test.",
                    "Dropout left on makes the test score worse, not better.",
                ),
                (
                    "Whether texts of the test set, or copies of them, stand in the training set.",
                    "",
                ),
            ),
            "c",
        ),
        "below": Question(
            "A classifier of two balanced classes reaches 0.06. What does that tell you?",
            (
                (
                    "It has learned nothing.",
                    "Whoever has learned nothing reaches about 0.5. To be wrong so reliably, one must know the answer.",
                ),
                ("It has learned the task, and the names of its labels are swapped.", ""),
                (
                    "The learning rate was too high.",
                    "A body broken in training says one thing to everybody: that is 0.5 on balanced classes.",
                ),
            ),
            "b",
        ),
    },
    read="the half-truths, and what each of their cells showed",
)
