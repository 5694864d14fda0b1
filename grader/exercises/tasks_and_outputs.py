"""Lesson 01: one body, many heads, and what comes out of each.

The oracle for shapes is a tiny real model of each class; for the pipeline, softmax in float64.
"""

from __future__ import annotations

import functools

import torch

from grader.exercises._models import bert_config, gpt2_config
from grader.judge import Case, Exercise, Question, Quiz, expect

LESSON = "01_tasks_and_outputs"

# The Auto class that loads a model for each task, and the class of BERT or GPT-2 that it finds.
_CLASSES = {
    "fill-mask": ("AutoModelForMaskedLM", "BertForMaskedLM"),
    "text-generation": ("AutoModelForCausalLM", "GPT2LMHeadModel"),
    "text-classification": ("AutoModelForSequenceClassification", "BertForSequenceClassification"),
    "token-classification": ("AutoModelForTokenClassification", "BertForTokenClassification"),
    "question-answering": ("AutoModelForQuestionAnswering", "BertForQuestionAnswering"),
    "next-sentence-prediction": ("AutoModelForNextSentencePrediction", "BertForNextSentencePrediction"),
    "multiple-choice": ("AutoModelForMultipleChoice", "BertForMultipleChoice"),
}
_NO_TASKS = ("text-sorting", "mask-filling", "fill_mask", "sequence-classification")


def _task_case(exercise: Exercise, task: str, arguments):
    """Add a case for one task to an exercise; `arguments` draws those beside the task."""

    def make(draw) -> Case:
        return Case(task=task, **arguments(draw))

    make.__name__, make.__doc__ = task.replace("-", "_"), f"the task `{task}`"
    return exercise.case(make)


def _unknown_tasks_are_refused(answer) -> None:
    answer(task="fill-mask")
    answer.raises(ValueError)
    for part_of_a_name in ("", "classification"):  # both stand in one of the known names
        answer.raises(ValueError, task=part_of_a_name)


def _no_more(draw) -> dict:
    return {}


# ----------------------------------------------------------------------------------------- auto_class

auto_class = Exercise(
    "auto_class",
    points=1,
    takes=("task: str",),
    returns=("name: str",),
    summary="The name of the Auto class that loads a body with the head for a task.",
    read="“A class for each head”",
    rounds=1,
    hints=(
        "Every name begins with `AutoModelFor`. What follows is what the *head* does, in the library's words.",
        "The cell above the exercise names six of the seven. For the seventh, the text above says what a model is called that predicts each token from "
        "those before it; `LM` stands for language modelling, as in the name for `fill-mask`.",
    ),
)

_LOADS = {task: _task_case(auto_class, task, _no_more) for task in _CLASSES}


@auto_class.case(apart=True)
def no_such_task(draw):
    """a task that does not exist"""
    return Case(task=draw.choice(_NO_TASKS))


def _what_it_loads(name: str, bert: bool) -> str:
    """What an Auto class makes of a BERT or GPT-2 checkpoint, for a message."""
    import transformers

    kind = transformers.BertConfig if bert else transformers.GPT2Config
    body = kind.model_type
    if not name.startswith("AutoModel") or not hasattr(transformers, name):
        heads = tuple(model.removeprefix("Bert").removeprefix("GPT2") for _, model in _CLASSES.values())
        if name.isidentifier() and "Auto" not in name and name.endswith(heads) and name not in heads:
            return f"{name[:60]} is no Auto class: it names one architecture, and an Auto class reads from the checkpoint which it is"
        return f"`transformers` has no Auto class {name[:60]!r}"
    try:
        found = getattr(transformers, name)._model_mapping[kind]
    except KeyError:
        return f"{name} knows no {body} model"
    found = found[0] if isinstance(found, (list, tuple)) else found
    return f"from a {body} checkpoint, {name} makes a {found.__name__}"


def _loads_the_right_class(case: Case, answer) -> None:
    got, (want, model) = answer(), _CLASSES[case.task]
    if got != want:
        expect.that(
            False, f"{_what_it_loads(got, model.startswith('Bert'))}; wanted is one that makes a {model}"
        )


for _sentence, _tasks in (
    ("`fill-mask`: a head that scores the vocabulary where a word is hidden.", ("fill-mask",)),
    ("`text-generation`: a head that scores the next token.", ("text-generation",)),
    ("`text-classification`: a head that labels a whole text.", ("text-classification",)),
    ("`token-classification`: a head that labels every token.", ("token-classification",)),
    ("`question-answering`: a head that finds a span.", ("question-answering",)),
    (
        "`next-sentence-prediction` and `multiple-choice`: heads for pairs and for choices.",
        ("next-sentence-prediction", "multiple-choice"),
    ),
):
    auto_class.must(_sentence, weight=0.15, on=tuple(_LOADS[task] for task in _tasks))(_loads_the_right_class)


@auto_class.must("Raise `ValueError` for a task that does not exist.", weight=0.1, on=(no_such_task,))
def unknown_task_has_no_class(case, answer):
    _unknown_tasks_are_refused(answer)


def _named(task: str, **other: str) -> str:
    """The right names, but for `other` (a task with `_` for `-`, and the name given for it)."""
    if task not in _CLASSES:
        raise ValueError(f"there is no task {task!r}")
    return other.get(task.replace("-", "_"), _CLASSES[task][0])


@auto_class.mistake(
    "`AutoModel` loads the body alone, for every task. It gives hidden states and no scores: there is nothing to read a label from."
)
def body_alone(task):
    return _named(task, **{known.replace("-", "_"): "AutoModel" for known in _CLASSES})


@auto_class.mistake(
    "These are the classes of one architecture. They do load, but only that architecture; an Auto class looks into the checkpoint and picks "
    "BERT's, DistilBERT's or RoBERTa's by itself."
)
def one_architecture(task):
    return _named(task, **{known.replace("-", "_"): model for known, (_, model) in _CLASSES.items()})


@auto_class.mistake(
    "`AutoModelForTextClassification` has the name of the task, and no such class exists: the library calls a text a *sequence*."
)
def text_for_sequence(task):
    return _named(task, text_classification="AutoModelForTextClassification")


@auto_class.mistake(
    "A causal head was asked for to fill masks. It reads from left to right, so it cannot use the words after the gap."
)
def causal_for_masks(task):
    return _named(task, fill_mask="AutoModelForCausalLM")


@auto_class.mistake(
    "A sequence-to-sequence class was asked for to generate. It is for models with an encoder *and* a decoder, as T5; it does not load a GPT-2."
)
def seq2seq_for_generation(task):
    return _named(task, text_generation="AutoModelForSeq2SeqLM")


@auto_class.mistake(
    "Next-sentence prediction has two labels, and so a classification head would fit in shape. But it would be a new one: the head that pretraining "
    "has trained for pairs would be thrown away."
)
def classifier_for_pairs(task):
    return _named(task, next_sentence_prediction="AutoModelForSequenceClassification")


@auto_class.mistake(
    "The classes for whole texts and for single tokens are swapped: a review would get a label for every word, and a name none."
)
def texts_and_tokens_swapped(task):
    return _named(
        task,
        text_classification="AutoModelForTokenClassification",
        token_classification="AutoModelForSequenceClassification",
    )


@auto_class.mistake(
    "An unknown task ends in a `KeyError`: looking up in a dict does that by itself. A `ValueError` can say which tasks there are."
)
def key_error_for_a_class(task):
    return {known: name for known, (name, _) in _CLASSES.items()}[task]


@auto_class.mistake(
    "An unknown task gives `None`, as `dict.get` does, and the failure shows only later, far from its cause. Raise a `ValueError` at once."
)
def none_for_a_class(task):
    return _CLASSES[task][0] if task in _CLASSES else None


# -------------------------------------------------------------------------------------- output_shapes

output_shapes = Exercise(
    "output_shapes",
    points=4,
    takes=(
        "task: str",
        "batch: int",
        "length: int",
        "vocab_size: int",
        "num_labels: int",
        "num_choices: int",
    ),
    returns=("shapes: dict of tuples",),
    summary="For each task, the outputs of its head by name, and the shape of each.",
    read="“Six heads on one body”, and the table of what each number means",
    rounds=1,
    hints=(
        "Ask two questions of each task: is there an answer for every *token*, or one for the whole *text*? And among how many "
        "possibilities does it choose?",
        "`fill-mask` chooses a token of the vocabulary at every position. Generating text does the same: at every position, which token comes next?",
        "Question answering chooses *positions*: where the answer starts, and where it ends. So it has two outputs, and each scores all positions.",
    ),
)


def _sizes(draw) -> dict[str, int]:
    batch, length, num_labels, num_choices = draw.sizes(4, 3, 9)
    return {
        "batch": batch,
        "length": length,
        "vocab_size": draw.integer(20, 40),
        "num_labels": num_labels,
        "num_choices": num_choices,
    }


_SHAPES = {task: _task_case(output_shapes, task, _sizes) for task in _CLASSES}


@output_shapes.case(apart=True)
def no_shapes(draw):
    """a task that does not exist"""
    return Case(task=draw.choice(_NO_TASKS), **_sizes(draw))


@functools.lru_cache(maxsize=100)
def _tiny_model(task: str, vocab_size: int = 1, num_labels: int = 2) -> torch.nn.Module:
    """A real model without layers, with the head for a task, in eval mode."""
    import transformers

    if task == "text-generation":
        config = gpt2_config(vocab_size, n_layer=0, n_embd=4, use_cache=False)
    else:
        config = bert_config(
            vocab_size, num_hidden_layers=0, hidden_size=4, intermediate_size=1, num_labels=num_labels
        )
    with torch.random.fork_rng(devices=[]):
        return getattr(transformers, _CLASSES[task][1])(config).eval()


def _real_shapes(task, batch, length, vocab_size, num_labels, num_choices) -> dict[str, tuple[int, ...]]:
    """What a real model gives: the shape of each of its outputs."""
    sizes = {}
    if task in ("fill-mask", "text-generation"):
        sizes["vocab_size"] = vocab_size
    elif task in ("text-classification", "token-classification"):
        sizes["num_labels"] = num_labels
    shape = (batch, num_choices, length) if task == "multiple-choice" else (batch, length)
    with torch.no_grad():
        outputs = _tiny_model(task, **sizes)(input_ids=torch.zeros(shape, dtype=torch.int64))
    return {name: tuple(output.shape) for name, output in outputs.items() if isinstance(output, torch.Tensor)}


def _shapes_as_the_model(case: Case, answer) -> None:
    sizes = {name: value for name, value in case.arguments.items() if name != "task"}
    expect.same(answer(), _real_shapes(**case.arguments), f"shapes for `{case.task}`", **sizes)


for _sentence, _tasks in (
    (
        "`fill-mask` and `text-generation`: at every position, a score for every token of the vocabulary.",
        ("fill-mask", "text-generation"),
    ),
    ("`text-classification`: for every text, a score for every label.", ("text-classification",)),
    ("`token-classification`: at every position, a score for every label.", ("token-classification",)),
    ("`question-answering`: two outputs, each with a score for every position.", ("question-answering",)),
    (
        "`next-sentence-prediction`: for every pair, two scores, whatever the other sizes are.",
        ("next-sentence-prediction",),
    ),
    ("`multiple-choice`: for every question, one score for each choice.", ("multiple-choice",)),
):
    output_shapes.must(_sentence, weight=0.6, on=tuple(_SHAPES[task] for task in _tasks))(
        _shapes_as_the_model
    )


@output_shapes.must("Raise `ValueError` for a task that does not exist.", weight=0.4, on=(no_shapes,))
def unknown_task_has_no_shapes(case, answer):
    _unknown_tasks_are_refused(answer)


def _shaped(task, batch, length, vocab_size, num_labels, num_choices, **other):
    """The right shapes, but for `other` (a task with `_` for `-`, and what is given for it)."""
    shapes = {
        "fill-mask": {"logits": (batch, length, vocab_size)},
        "text-generation": {"logits": (batch, length, vocab_size)},
        "text-classification": {"logits": (batch, num_labels)},
        "token-classification": {"logits": (batch, length, num_labels)},
        "question-answering": {"start_logits": (batch, length), "end_logits": (batch, length)},
        "next-sentence-prediction": {"logits": (batch, 2)},
        "multiple-choice": {"logits": (batch, num_choices)},
    }
    if task not in shapes:
        raise ValueError(f"there is no task {task!r}")
    return other.get(task.replace("-", "_"), shapes[task])


@output_shapes.mistake(
    "A text gets labels at every position. That is token classification; a whole text has one row of scores, read off one vector for the text."
)
def text_label_for_every_token(task, batch, length, vocab_size, num_labels, num_choices):
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        text_classification={"logits": (batch, length, num_labels)},
    )  # fmt: skip


@output_shapes.mistake(
    "Token classification gives one row for the whole text here, so the names in a text could not be told from its other words."
)
def one_label_for_all_tokens(task, batch, length, vocab_size, num_labels, num_choices):
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        token_classification={"logits": (batch, num_labels)},
    )  # fmt: skip


@output_shapes.mistake(
    "The scores for start and end are one tensor with a last axis of 2. Inside the head they are, but the model splits them and gives two outputs, "
    "`start_logits` and `end_logits`."
)
def span_scores_not_split(task, batch, length, vocab_size, num_labels, num_choices):
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        question_answering={"logits": (batch, length, 2)},
    )  # fmt: skip


@output_shapes.mistake(
    "Start and end have one number for each text: that would be a finished answer. The head *scores* every position, and the best one is chosen afterwards."
)
def span_already_chosen(task, batch, length, vocab_size, num_labels, num_choices):
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        question_answering={"start_logits": (batch,), "end_logits": (batch,)},
    )  # fmt: skip


@output_shapes.mistake(
    "The span head scores the vocabulary, as if it would write the answer. It points: the answer stands in the text, and only its start and end are sought."
)
def span_over_the_vocabulary(task, batch, length, vocab_size, num_labels, num_choices):
    scores = (batch, length, vocab_size)
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        question_answering={"start_logits": scores, "end_logits": scores},
    )  # fmt: skip


@output_shapes.mistake(
    "Next-sentence prediction has `num_labels` scores here. It asks one question, follows or not, so there are two, whatever a classifier's labels are."
)
def pairs_with_num_labels(task, batch, length, vocab_size, num_labels, num_choices):
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        next_sentence_prediction={"logits": (batch, num_labels)},
    )  # fmt: skip


@output_shapes.mistake(
    "Next-sentence prediction has a single score here, as a yes-or-no question could have. BERT's head has two, one for “follows” and one for "
    "“does not”, and a softmax over them."
)
def one_score_for_a_pair(task, batch, length, vocab_size, num_labels, num_choices):
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        next_sentence_prediction={"logits": (batch, 1)},
    )  # fmt: skip


@output_shapes.mistake(
    "The choices are left as rows of their own. The body does read each of them by itself, but the model puts them back together, so that a softmax "
    "can compare the choices of one question."
)
def choices_not_regrouped(task, batch, length, vocab_size, num_labels, num_choices):
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        multiple_choice={"logits": (batch * num_choices, 1)},
    )  # fmt: skip


@output_shapes.mistake(
    "Every choice has a row of `num_labels` scores. A choice needs only one number, how well it fits; the choices of a question compete with each other."
)
def labels_for_every_choice(task, batch, length, vocab_size, num_labels, num_choices):
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        multiple_choice={"logits": (batch, num_choices, num_labels)},
    )  # fmt: skip


@output_shapes.mistake(
    "Multiple choice has `num_labels` scores, as a classifier has. Its last axis is the choices of the question: their number may change from one batch to the next."
)
def choices_as_labels(task, batch, length, vocab_size, num_labels, num_choices):
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        multiple_choice={"logits": (batch, num_labels)},
    )  # fmt: skip


@output_shapes.mistake(
    "Text generation scores the vocabulary once for each text. Only the last position is *used* to write on, but the model gives scores at every position: "
    "that is how it is trained."
)
def last_position_only(task, batch, length, vocab_size, num_labels, num_choices):
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        text_generation={"logits": (batch, vocab_size)},
    )  # fmt: skip


@output_shapes.mistake(
    "Masks are filled with one row of scores for each text. A text may hold several masks, or none, so the model scores every position; you pick the masked ones."
)
def masked_position_only(task, batch, length, vocab_size, num_labels, num_choices):
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices,
        fill_mask={"logits": (batch, vocab_size)},
    )  # fmt: skip


@output_shapes.mistake(
    "Language models give ids here, one for each position. What they give are scores for the whole vocabulary; an id is what *you* choose from them."
)
def ids_for_scores(task, batch, length, vocab_size, num_labels, num_choices):
    ids = {"logits": (batch, length)}
    return _shaped(
        task, batch, length, vocab_size, num_labels, num_choices, fill_mask=ids, text_generation=ids
    )


@output_shapes.mistake(
    "Length and batch are swapped. In `transformers` the batch is always the first axis, and the length the second."
)
def length_first(task, batch, length, vocab_size, num_labels, num_choices):
    shapes = _shaped(task, length, batch, vocab_size, num_labels, num_choices)
    if task in ("text-classification", "next-sentence-prediction", "multiple-choice"):
        return _shaped(task, batch, length, vocab_size, num_labels, num_choices)
    return shapes


@output_shapes.mistake(
    "An unknown task ends in a `KeyError`: looking up in a dict does that by itself. A `ValueError` can say which tasks there are."
)
def key_error_for_shapes(task, batch, length, vocab_size, num_labels, num_choices):
    if task not in _CLASSES:
        raise KeyError(task)
    return _shaped(task, batch, length, vocab_size, num_labels, num_choices)


@output_shapes.mistake(
    "An unknown task gives an empty dict, so a slip of the pen in a task's name goes unnoticed. Raise a `ValueError` instead."
)
def nothing_for_an_unknown_task(task, batch, length, vocab_size, num_labels, num_choices):
    if task not in _CLASSES:
        return {}
    return _shaped(task, batch, length, vocab_size, num_labels, num_choices)


# ---------------------------------------------------------------------------------------- as_pipeline

as_pipeline = Exercise(
    "as_pipeline",
    points=3,
    takes=("logits: float (B, C)", "id2label: dict"),
    returns=("results: list of dicts",),
    summary="From scores to what a pipeline prints: for each text the best label, by name, and its probability.",
    read="“From scores to an answer”",
    hints=(
        "`logits.softmax(dim=-1)` turns each text's scores into probabilities. Which axis are the labels on?",
        "`probabilities.max(dim=-1)` gives both things that you need: the largest value of each row, and where it stands.",
        "`.item()` makes a Python number of a tensor with one element, and `id2label[...]` wants such a number. One dict for each row.",
    ),
)


def _scores(draw, batch: int, labels: int, dtype=torch.float32) -> Case:
    logits = draw.normal(batch, labels, scale=1.0, dtype=dtype)
    best = torch.tensor([(row + 1) % labels for row in range(batch)])  # not all texts have one label
    rows = torch.arange(batch)
    logits[rows, best] = logits.amax(-1) + 0.3 + draw.uniform(batch).to(dtype)
    names = draw.shuffled(("joy", "anger", "fear", "pride", "hope", "envy", "calm", "grief"))[:labels]
    order = list(range(labels))
    while order[0] in (0, 1) or order == sorted(order):  # the dict's order is not that of the ids
        order = draw.shuffled(order)
    return Case(logits=logits, id2label={index: names[index] for index in order})


@as_pipeline.case
def several_labels(draw):
    """more than two labels"""
    return _scores(draw, draw.integer(3, 4), draw.integer(5, 8))


@as_pipeline.case
def scores_in_double(draw):
    """scores in float64"""
    return _scores(draw, draw.integer(5, 6), draw.integer(3, 4), torch.float64)


@as_pipeline.case
def two_labels(draw):
    """two labels, as for reviews"""
    batch = draw.integer(3, 5)
    first, gap = draw.normal(batch), 0.5 + draw.uniform(batch)
    gap[::2] *= -1  # not all texts have one label
    logits = torch.stack([first, first + gap], dim=1)
    return Case(logits=logits, id2label={1: "POSITIVE", 0: "NEGATIVE"})


@as_pipeline.case(apart=True)
def one_text(draw):
    """a batch of a single text"""
    return _scores(draw, 1, draw.integer(4, 6))


@as_pipeline.case(apart=True)
def far_apart(draw):
    """scores in the hundreds"""
    case = _scores(draw, 3, draw.integer(4, 6))
    case.arguments["logits"] = case.logits + torch.tensor([[400.0], [-300.0], [200.0]])
    return case


def _rows(case: Case, answer) -> list[dict]:
    """The answer's results, one dict for each text, with a score as a number."""
    results = answer()
    expect.that(
        len(results) == len(case.logits),
        f"expected {len(case.logits)} results, one for each text, got {len(results)}",
    )
    rows = []
    for number, result in enumerate(results):
        expect.that(
            isinstance(result, dict) and set(result) == {"label", "score"},
            f"results[{number}]: expected a dict with the keys 'label' and 'score'",
            got=result,
        )
        score = result["score"]
        if isinstance(score, torch.Tensor) and score.numel() == 1:
            score = score.item()
        rows.append({"label": result["label"], "score": score})
    return rows


def _labels_are_best(case: Case, answer) -> None:
    want = [case.id2label[place] for place in case.logits.argmax(-1).tolist()]
    for number, (row, label) in enumerate(zip(_rows(case, answer), want, strict=True)):
        expect.same(row["label"], label, f"results[{number}]['label']", logits=case.logits[number])


def _scores_are_probabilities(case: Case, answer) -> None:
    want = case.logits.double().softmax(-1).amax(-1).tolist()
    for number, (row, score) in enumerate(zip(_rows(case, answer), want, strict=True)):
        expect.that(
            isinstance(row["score"], (int, float)) and not isinstance(row["score"], bool),
            f"results[{number}]['score']: expected a float",
            got=row["score"],
        )
        expect.same(float(row["score"]), score, f"results[{number}]['score']", logits=case.logits[number])


as_pipeline.must("`label` is the name of the label with the highest score, looked up in `id2label`.")(
    _labels_are_best
)
as_pipeline.must("`score` is that label's softmax probability, over the labels of its own text.", weight=1.5)(
    _scores_are_probabilities
)


@as_pipeline.must("Give a list with one result even for a single text.", weight=0.25, on=(one_text,))
def a_single_text(case, answer):
    _labels_are_best(case, answer)
    _scores_are_probabilities(case, answer)


@as_pipeline.must("Stay right where scores are in the hundreds.", weight=0.25, on=(far_apart,))
def large_scores(case, answer):
    _labels_are_best(case, answer)
    _scores_are_probabilities(case, answer)


def _results(logits, id2label, probabilities=None, places=None):
    """Results with the label at `places` and its entry of `probabilities`; the right ones if not given."""
    probabilities = logits.softmax(-1) if probabilities is None else probabilities
    places = logits.argmax(-1) if places is None else places
    return [
        {"label": id2label[place], "score": row[place].item()}
        for row, place in zip(probabilities, places.tolist(), strict=True)
    ]


@as_pipeline.mistake(
    "The raw score was handed on. It has no upper end and no fixed zero, so nobody can tell whether 2.3 is sure; softmax makes a probability of it."
)
def raw_scores(logits, id2label):
    return _results(logits, id2label, logits)


@as_pipeline.mistake(
    "The softmax runs down the batch: the probability of a text depends on which other texts are in the batch. The labels are on the last axis."
)
def softmax_over_the_batch(logits, id2label):
    return _results(logits, id2label, logits.softmax(0))


@as_pipeline.mistake(
    "The softmax runs over all texts and labels together, so all probabilities of the batch share one 1. Each text has its own."
)
def softmax_over_everything(logits, id2label):
    return _results(logits, id2label, logits.flatten().softmax(0).reshape(logits.shape))


@as_pipeline.mistake(
    "A sigmoid looks at one score alone. It is for labels that may hold at the same time; here exactly one holds, and softmax weighs it against the others."
)
def sigmoid_of_the_best(logits, id2label):
    return _results(logits, id2label, logits.sigmoid())


@as_pipeline.mistake(
    "The logarithm of the probability was given. It is never above 0; `softmax`, not `log_softmax`, gives the probability itself."
)
def log_probabilities(logits, id2label):
    return _results(logits, id2label, logits.log_softmax(-1))


@as_pipeline.mistake(
    "The scores were divided by their sum without taking `exp` first. With negative scores that is no probability at all."
)
def divided_by_the_sum(logits, id2label):
    return _results(logits, id2label, logits / logits.sum(-1, keepdim=True))


@as_pipeline.mistake(
    "`exp` of large scores is infinite, and infinity over infinity is NaN. `torch.softmax` takes the largest score away first, which changes nothing else."
)
def overflowing_softmax(logits, id2label):
    return _results(logits, id2label, logits.exp() / logits.exp().sum(-1, keepdim=True))


@as_pipeline.mistake("The probabilities are in percent. A pipeline's score is from 0 to 1.")
def in_percent(logits, id2label):
    return _results(logits, id2label, logits.softmax(-1) * 100)


@as_pipeline.mistake("The label is the number of the class. `id2label` has its name, and people read names.")
def ids_for_names(logits, id2label):
    return _results(logits, {index: index for index in id2label})


@as_pipeline.mistake(
    "The label was taken by its place in the dict, not by its key. A dict keeps the order in which it was written, and that need not be the order of the ids."
)
def by_place_in_the_dict(logits, id2label):
    return _results(logits, dict(enumerate(id2label.values())))


@as_pipeline.mistake(
    "The label is `LABEL_0`, `LABEL_1`, ...: that is what a model says that was never told the names. `id2label` tells them."
)
def nameless_labels(logits, id2label):
    return _results(logits, {index: f"LABEL_{index}" for index in id2label})


@as_pipeline.mistake(
    "The label with the *lowest* score was taken: sorting is upwards unless `descending=True` says otherwise."
)
def worst_label(logits, id2label):
    return _results(logits, id2label, places=logits.argmin(-1))


@as_pipeline.mistake(
    "Only the first text has a result. A batch holds several, and each has its own row of scores."
)
def first_text_only(logits, id2label):
    return _results(logits, id2label)[:1]


@as_pipeline.mistake(
    "All labels are listed for each text. That is what the pipeline gives for `top_k=None`; asked for is the best one."
)
def all_labels(logits, id2label):
    return [
        [{"label": id2label[index], "score": row[index].item()} for index in range(len(row))]
        for row in logits.softmax(-1)
    ]


@as_pipeline.mistake(
    "Each result stands in a list of its own. One list for the batch, with a dict for each text, is enough."
)
def a_list_for_each_text(logits, id2label):
    return [[result] for result in _results(logits, id2label)]


@as_pipeline.mistake(
    "The result is a bare dict where the batch has a single text. Whoever loops over the results then loops over the words `label` and `score`."
)
def bare_dict_for_one_text(logits, id2label):
    results = _results(logits, id2label)
    return results if len(results) > 1 else results[0]


# --------------------------------------------------------------------------------------- model_family

model_family = Exercise(
    "model_family",
    points=1,
    takes=("task: str",),
    returns=("family: str",),
    summary="The family that is built for a task: `encoder`, `decoder` or `encoder-decoder`.",
    read="“Three families”",
    rounds=1,
    hints=(
        "Does the task *judge* a text that is there, *continue* it, or turn it into *another* one?",
        "Finding an answer in a text is judging: each position is scored. Writing down what was said turns one sequence (sound) into another (text).",
    ),
)

_FAMILIES = {
    "fill-mask": "encoder",
    "text-classification": "encoder",
    "token-classification": "encoder",
    "question-answering": "encoder",
    "text-generation": "decoder",
    "translation": "encoder-decoder",
    "summarization": "encoder-decoder",
    "speech-recognition": "encoder-decoder",
}
_MEMBERS = {task: _task_case(model_family, task, _no_more) for task in _FAMILIES}


@model_family.case(apart=True)
def no_family(draw):
    """a task that does not exist"""
    return Case(task=draw.choice(_NO_TASKS))


def _belongs(case: Case, answer) -> None:
    expect.same(answer(), _FAMILIES[case.task], f"family for `{case.task}`")


for _sentence, _weight, _tasks in (
    (
        "Tasks that judge a text which is there: masks to fill, labels to give, a span to find.",
        1,
        ("fill-mask", "text-classification", "token-classification", "question-answering"),
    ),
    ("The task that writes on where a text ends.", 1, ("text-generation",)),
    (
        "Tasks that read one text and write another: a translation, a summary.",
        0.6,
        ("translation", "summarization"),
    ),
    ("Speech recognition as Whisper does it: sound is read, text is written.", 0.4, ("speech-recognition",)),
):
    model_family.must(_sentence, weight=_weight, on=tuple(_MEMBERS[task] for task in _tasks))(_belongs)


@model_family.must("Raise `ValueError` for a task that does not exist.", on=(no_family,))
def unknown_task_has_no_family(case, answer):
    _unknown_tasks_are_refused(answer)


def _family(task: str, **other: str) -> str:
    if task not in _FAMILIES:
        raise ValueError(f"there is no task {task!r}")
    return other.get(task.replace("-", "_"), _FAMILIES[task])


@model_family.mistake(
    "Question answering was given to a model that writes. Here the answer stands in the text, and its start and end are to be found: "
    "scores for positions are an encoder's work."
)
def answers_written(task):
    return _family(task, question_answering="decoder")


@model_family.mistake(
    "Question answering was given to an encoder-decoder. It could *write* an answer, but the extractive kind points at one that stands in the text."
)
def answers_rewritten(task):
    return _family(task, question_answering="encoder-decoder")


@model_family.mistake(
    "Filling masks was given to a decoder, because both guess words. A decoder sees only what stands before the gap; an encoder sees both sides."
)
def masks_from_the_left(task):
    return _family(task, fill_mask="decoder")


@model_family.mistake(
    "Whisper was taken for an encoder, because it hears. It does have one, for the sound; but the text is written by a decoder, token by token."
)
def whisper_only_hears(task):
    return _family(task, speech_recognition="encoder")


@model_family.mistake(
    "Translation and summarization were given to a decoder. Large ones can be asked to, but the family *built* for it reads the whole source from both "
    "sides with an encoder first."
)
def one_stack_for_two_texts(task):
    return _family(task, translation="decoder", summarization="decoder")


@model_family.mistake(
    "Everything that writes text is called an encoder-decoder. A model that only continues a text has no second text to read: it is a decoder alone."
)
def generation_with_an_encoder(task):
    return _family(task, text_generation="encoder-decoder")


@model_family.mistake(
    "The encoder and the decoder are swapped. An encoder *reads* and judges a text; a decoder *writes* one."
)
def readers_and_writers_swapped(task):
    return {"encoder": "decoder", "decoder": "encoder"}.get(_family(task), "encoder-decoder")


@model_family.mistake(
    "An unknown task ends in a `KeyError`: looking up in a dict does that by itself. A `ValueError` can say which tasks there are."
)
def key_error_for_a_family(task):
    return _FAMILIES[task]


@model_family.mistake(
    "Right, but part of a name passes for the whole: `in` looks for a stretch of characters when its right side is a text. Put the names into a list, a tuple or a dict."
)
def part_of_a_name(task):
    known = next((name for name in _FAMILIES if task in name), None)
    return _family(known or task)


@model_family.mistake(
    "An unknown task falls into the last `else` and gets a family like any other, so a slip of the pen goes unnoticed. Raise a `ValueError` instead."
)
def every_task_has_a_family(task):
    return _FAMILIES.get(task, "encoder-decoder")


# ----------------------------------------------------------------------------------------------- quiz

tasks_and_outputs_quiz = Quiz(
    "tasks_and_outputs_quiz",
    {
        "heads": Question(
            "Why does one pretrained body need different heads for different tasks?",
            (
                (
                    "Because each task needs a body that reads differently, and the head changes how it reads.",
                    "The six heads of this lesson sat on one and the same body. A head comes after it and leaves it as it is.",
                ),
                (
                    "Because the body gives vectors, and each task needs other numbers: scores for words, for labels, for positions.",
                    "",
                ),
                (
                    "Because a model with more heads is a better one.",
                    "These heads are output layers, and one task uses one. (The *attention* heads of lesson 06 are another thing with the same name.)",
                ),
            ),
            "b",
        ),
        "reviews": Question(
            "You are to sort 100,000 movie reviews into positive and negative. Which model, and why not a plain text generator?",
            (
                (
                    "A GPT-2 as it comes: it writes a sentence about each review.",
                    "It continues the review. Its text would still have to be sorted, and nothing makes it say “positive” or “negative”.",
                ),
                (
                    "A BERT with a span head: it marks the words that decide.",
                    "Start and end of a span are no label, and the words that decide a review need not stand together.",
                ),
                (
                    "A BERT with its pretrained MLM head: it has read the most.",
                    "That head scores the vocabulary at every position. It was never asked about a whole text.",
                ),
                (
                    "An encoder such as BERT with a classification head, fine-tuned on labelled reviews: one pass over the text, one score for each label, and "
                    "nothing else can come out.",
                    "",
                ),
            ),
            "d",
        ),
        "spans": Question(
            "A batch of 2 sequences of 10 tokens goes through a question-answering head. What comes out?",
            (
                ("`start_logits` (2, 10) and `end_logits` (2, 10).", ""),
                (
                    "`logits` (2, 2): a start and an end for each sequence.",
                    "That would be a finished choice. The head scores every position, and choosing comes after.",
                ),
                (
                    "`logits` (2, 10, V): the tokens of the answer.",
                    "That is a language model's output. An extractive answer is not written but found.",
                ),
                (
                    "`start_logits` (10, 2) and `end_logits` (10, 2).",
                    "The batch comes first: two rows, ten positions each.",
                ),
            ),
            "a",
        ),
        "resources": Question(
            "The sorting of reviews has to run on a small machine without a GPU. Which of these do you try first?",
            (
                (
                    "BERT-large: the best on most benchmarks of its time.",
                    "It has three times the parameters of BERT-base, and every one of them works for every review.",
                ),
                (
                    "A large generator, asked in words for the label.",
                    "Billions of parameters, and a pass through all of them for every token that it writes: the dearest way to one of two labels.",
                ),
                (
                    "DistilBERT with a classification head: half the layers, and 40 % fewer parameters than BERT-base.",
                    "",
                ),
                (
                    "BERT-base without a head: it saves the head's parameters.",
                    "The head is a thousandth of the model, and without it there are no labels.",
                ),
            ),
            "c",
        ),
    },
    read="“Three families”, “What size?”, and the table of what each number means",
)
