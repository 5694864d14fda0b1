"""`tiny-bert-qa`: questions about documents of the little world.

A question is made from a sentence by a rule: a pattern that the sentence fits, the question, and the word of the
sentence that answers it. A passage is one document or two on end, so that the question has to say, by its
names, which sentence it asks about; one question in five cannot be answered from the passage.
"""

from __future__ import annotations

import random
import re
from functools import cache

import torch

from grader.lab.checkpoints import checkpoint
from grader.lab.training.bert import CLS, SEP, ids_of, tokenizer, word_pieces, world
from grader.lab.training.loop import fit, pad
from grader.lab.training.recipe import Figure, Recipe

STEPS = 3_000
LEARNING_RATE = 1e-3
UNANSWERABLE = 0.25
ALONE = 0.5  # the part of the steps with a single document as the passage
CHOICES = 4

# Sentence, question, and which bracket of the sentence is the answer.
RULES = [
    (r"the capital of (\w+) is (\w+) \.", "what is the capital of {1} ?", 2),
    (r"the capital of (\w+) is (\w+) \.", "of which country is {2} the capital ?", 1),
    (r"(\w+) is the capital of (\w+) \.", "what is the capital of {2} ?", 1),
    (r"(\w+) is a country in (\w+) and its capital is (\w+) \.", "what is the capital of {1} ?", 3),
    (r"(\w+) is a country in (\w+) and its capital is (\w+) \.", "where is {1} ?", 2),
    (r"(\w+) , the capital of (\w+) , lies in (\w+) \.", "of which country is {1} the capital ?", 2),
    (r"(\w+) , the capital of (\w+) , lies in (\w+) \.", "where is {1} ?", 3),
    (r"(\w+) comes from (\w+) and speaks (\w+) \.", "where does {1} come from ?", 2),
    (r"(\w+) comes from (\w+) and speaks (\w+) \.", "what language does {1} speak ?", 3),
    (r"(\w+) comes from (\w+) and speaks (\w+) \.", "who comes from {2} ?", 1),
    (r"in (\w+) , (\w+) speaks (\w+) with", "what language does {2} speak in {1} ?", 3),
    (r"(\w+) studies (\w+) in (\w+) \.", "what does {1} study ?", 2),
    (r"(\w+) studies (\w+) in (\w+) \.", "where does {1} study {2} ?", 3),
    (r"(\w+) is an? (\w+) (?:from (\w+) )?\.", "what is the job of {1} ?", 2),
    (r"(\w+) is an? (\w+) from (\w+) \.", "where does {1} come from ?", 3),
    (r"an? (\w+) from (\w+) is called (\w+) \.", "who is the {1} ?", 3),
    (r"an? (\w+) from (\w+) is called (\w+) \.", "where does the {1} come from ?", 2),
    (r"(\w+) , who lives in (\w+) , works as an? (\w+) \.", "where does {1} live ?", 2),
    (r"(\w+) , who lives in (\w+) , works as an? (\w+) \.", "what is the job of {1} ?", 3),
    (r"the (\w+) works at the (\w+) with", "where does the {1} work ?", 2),
    (r"the (\w+) always has a new (\w+) because", "what does the {1} have ?", 2),
    (r"without (?:her|his) (\w+) no (\w+) \w+ (\w+) \.", "what does no {2} do without ?", 1),
    (r"after work (\w+) reads an? (\w+) ", "what does {1} read after work ?", 2),
    (r"on (\w+) (?:she|he) plays the (\w+) \.", "when is the {2} played ?", 1),
    (r"(?:this|these) (\w+) (\w+) lives? in the (\w+) \.", "where do the {2} live ?", 3),
    (r"(?:this|these) (\w+) that lives? in the (\w+) (?:is|are) (\w+) \.", "what colour or size has the {1} ?", 3),
    (r"the (\w+) likes? (\w+) but not (\w+) \.", "what do the {1} like ?", 2),
    (r"the (\w+) likes? (\w+) but not (\w+) \.", "what do the {1} not like ?", 3),
    (r"the (\w+) that the (\w+) sees? (?:is|are) (\w+) \.", "who can see the {1} ?", 2),
    (r"the (\w+) that feeds? the (\w+) (?:is|are) (\w+) \.", "who feeds the {2} ?", 1),
    (r"the (\w+) (?:is|are) afraid of (?:it|them) but watch(?:es)? the (\w+) \.", "who is afraid of the {2} ?", 1),
    (r"at night the (\w+) looks? for (\w+) ", "what do the {1} look for at night ?", 2),
    (r"(\w+) is hungry and makes an? (\w+) for (\w+) \.", "what does {1} make ?", 2),
    (r"(\w+) is hungry and makes an? (\w+) for (\w+) \.", "who is hungry ?", 1),
    (r"for (\w+) (\w+) wants an? (\w+) \.", "what does {2} want for {1} ?", 3),
    (r"the (\w+) is \w+ but (\w+) likes it with (\w+) \.", "what does {2} like with the {1} ?", 3),
    (r"it is (\w+) in (\w+) today \.", "what is the weather in {2} ?", 1),
    (r"on this (\w+) (\w+) nobody leaves (\w+) \.", "what is the weather in {3} ?", 1),
    (r"on this (\w+) (\w+) nobody leaves (\w+) \.", "where is it {1} ?", 3),
    (r"people carry (\w+) and wear (\w+) \.", "what do people carry ?", 1),
    (r"people carry (\w+) and wear (\w+) \.", "what do people wear ?", 2),
    (r"only the (\w+) like the (\w+) \.", "who likes the {2} ?", 1),
    (r"on (\w+) (\w+) saw the film called the (\w+ \w+) \.", "what film did {2} see ?", 3),
    (r"on (\w+) (\w+) saw the film called the (\w+ \w+) \.", "when did {2} see the {3} ?", 1),
    (r"at the cinema (\w+) watched the (\w+ \w+) \.", "what film did {1} see ?", 2),
    (r"at the cinema (\w+) watched the (\w+ \w+) \.", "who watched the {2} ?", 1),
    (r"the (\w+) was not \w+ but (\w+) \.", "how was the {1} ?", 2),
    (r"(\w+) gave it (\w+) stars", "how many stars did {1} give ?", 2),
    (r"last (\w+) we \w+ in an? (\w+) in (\w+) \.", "where is the {2} ?", 3),
    (r"last (\w+) we \w+ in an? (\w+) in (\w+) \.", "when were we in the {2} ?", 1),
    (r"there is an? \w+ (\w+) in (\w+) \.", "what is there in {2} ?", 1),
    (r"(\w+) goes to (\w+) , the capital of (\w+) , by (\w+) \.", "where does {1} go ?", 2),
    (r"(\w+) goes to (\w+) , the capital of (\w+) , by (\w+) \.", "how does {1} go to {2} ?", 4),
    (r"(\w+) takes an? (\w+) to (\w+) in (\w+) \.", "where does {1} go ?", 3),
    (r"(\w+) takes an? (\w+) to (\w+) in (\w+) \.", "who takes the {2} to {3} ?", 1),
    (r"the (\w+) leaves the (\w+) at (\w+) \.", "when does the {1} leave ?", 3),
    (r"at the (\w+) (?:she|he) meets the (\w+) of the (\w+) \.", "who is at the {1} ?", 2),
    (r"(\w+) cannot find the (\w+) of (\w+) \.", "what can {1} not find ?", 2),
    (r"(\w+) cannot find the (\w+) of (\w+) \.", "whose {2} can {1} not find ?", 3),
    (r"(\w+) has lost the (\w+) (\w+) of (\w+) \.", "what has {1} lost ?", 3),
    (r"(\w+) has lost the (\w+) (\w+) of (\w+) \.", "what colour is the {3} of {4} ?", 2),
    (r"then (\w+) sees the (\w+) under the (\w+) \.", "where is the {2} ?", 3),
    (r"(\w+) and (\w+) play (\w+) on (\w+) \.", "what do {1} and {2} play ?", 3),
    (r"(\w+) and (\w+) play (\w+) on (\w+) \.", "when do {1} and {2} play {3} ?", 4),
    (r"(\w+) plays (\w+) against (\w+) in (\w+) \.", "who plays against {3} ?", 1),
    (r"(\w+) plays (\w+) against (\w+) in (\w+) \.", "where does {1} play {2} ?", 4),
    (r"with the last \w+ (?:she|he) beats (\w+) \.", "who does not win ?", 1),
    (r"the birthday of (\w+) is in (\w+) \.", "when is the birthday of {1} ?", 2),
    (r"in (\w+) (\w+) will be (\w+) years old \.", "how old will {2} be ?", 3),
    (r"(\w+) buys (?:her|him) an? (\w+) (\w+) \.", "what does {1} buy ?", 3),
    (r"(\w+) buys (?:her|him) an? (\w+) (\w+) \.", "who buys the {3} ?", 1),
    (r"(\w+) brings the (?:girl|boy) (\w+) and an? (\w+) \.", "who brings the {2} ?", 1),
]  # fmt: skip


@cache
def rules() -> list[tuple[re.Pattern, str, int]]:
    return [(re.compile(pattern), question, group) for pattern, question, group in RULES]


def questions(sentence: str) -> list[tuple[str, int, int]]:
    """All questions about a sentence, each with the characters `start` to `end` of its answer in it."""
    result = []
    for pattern, question, group in rules():
        if found := pattern.match(sentence):
            result.append((question.format(found.group(), *found.groups()), *found.span(group)))
    return result


def example(rng: random.Random, most: int = 2) -> dict:
    """A record in SQuAD's columns: `context`, `question`, `answers`; those empty where there is none.

    `most` is how many documents may make up the context.
    """
    while True:
        stories = [world().document(rng) for _ in range(rng.choice((1, 2, 2) if most == 2 else (1,)))]
        sentences = [" ".join(words) for story in stories for words in story][:8]
        context = " ".join(sentences)
        if rng.random() < UNANSWERABLE:
            asked = [row for words in world().document(rng) for row in questions(" ".join(words))]
            known = {question for sentence in sentences for question, _, _ in questions(sentence)}
            strange = [
                question
                for question, _, _ in asked
                if question not in known and is_strange(question, context)
            ]
            if strange:
                return {
                    "context": context,
                    "question": rng.choice(strange),
                    "answers": {"text": [], "answer_start": []},
                }
            continue
        asked, offset = [], 0
        for sentence in sentences:
            asked += [
                (question, offset + start, offset + end) for question, start, end in questions(sentence)
            ]
            offset += len(sentence) + 1
        # The same question with two answers, as where both documents are on the same thing, is left out.
        counts = [question for question, _, _ in asked]
        asked = [row for row in asked if counts.count(row[0]) == 1]
        if asked:
            question, start, end = rng.choice(asked)
            answers = {"text": [context[start:end]], "answer_start": [start]}
            return {"context": context, "question": question, "answers": answers}


def is_strange(question: str, context: str) -> bool:
    """Whether the question names something that the context does not speak of."""
    return any(word not in context.split() for word in question.split()[1:] if word in names())


@cache
def names() -> set[str]:
    """The words by which questions tell one document from another: those that are in no question's wording."""
    wording = {word for _, question, _ in RULES for word in question.split()}
    return set(world().words) - wording


def encode(record: dict) -> tuple[list[int], list[int], int, int]:
    """Ids and segments of `[CLS] question [SEP] context [SEP]`, and the answer's tokens; 0, 0 for none."""
    question = [CLS, *ids_of(record["question"].split()), SEP]
    context, begins = [], []
    for word in record["context"].split():
        begins.append(len(question) + len(context))
        context += word_pieces(word)
    context = [*context, SEP][: 128 - len(question)]
    start = end = 0
    if record["answers"]["text"]:
        before = record["context"][: record["answers"]["answer_start"][0]].count(" ")
        words = record["answers"]["text"][0].count(" ") + 1
        start, end = begins[before], [*begins, len(question) + len(context) - 1][before + words] - 1
    return question + context, [0] * len(question) + [1] * len(context), start, end


def batch(rng: random.Random, done: float) -> dict[str, torch.Tensor]:
    """One document at first, so that the model finds out what to do; then one or two."""
    rows = [encode(example(rng, 1 if done < ALONE else 2)) for _ in range(32)]
    ids = pad([row[0] for row in rows])
    return {
        "input_ids": ids, "token_type_ids": pad([row[1] for row in rows]), "attention_mask": (ids != 0).long(),
        "start_positions": torch.tensor([row[2] for row in rows]), "end_positions": torch.tensor([row[3] for row in rows]),
    }  # fmt: skip


def train(seed: int = 0, steps: int = STEPS):
    from transformers import BertForQuestionAnswering

    torch.manual_seed(seed)
    model = BertForQuestionAnswering.from_pretrained(checkpoint("tiny-bert"))
    fit("tiny-bert-qa", model, batch, steps, LEARNING_RATE, seed)
    return model, tokenizer()


def measure(folder: str, count: int = 500) -> dict[str, float]:
    """Exact matches, where there is an answer and where there is none."""
    from transformers import BertForQuestionAnswering

    model = BertForQuestionAnswering.from_pretrained(folder).eval()
    rng = random.Random("measure questions")
    rows = [encode(example(rng)) for _ in range(count)]
    right = []
    for start in range(0, count, 100):
        part = rows[start : start + 100]
        ids = pad([row[0] for row in part])
        types = pad([row[1] for row in part])
        with torch.no_grad():
            output = model(input_ids=ids, token_type_ids=types, attention_mask=(ids != 0).long())
        guesses = spans(output.start_logits, output.end_logits, types)
        right += [guess == row[2:] for guess, row in zip(guesses, part, strict=True)]
    answerable = [n for n, row in enumerate(rows) if row[2]]
    return {
        "exact_match": sum(right[n] for n in answerable) / len(answerable),
        "exact_match_unanswerable": sum(right[n] for n in range(count) if not rows[n][2])
        / (count - len(answerable)),
    }


def spans(start_logits, end_logits, types, longest: int = 8) -> list[tuple[int, int]]:
    """The best span of each row in its context, or (0, 0) where `[CLS]` scores higher."""
    scores = start_logits[:, :, None] + end_logits[:, None, :]
    length = scores.shape[1]
    allowed = (
        torch.ones(length, length).triu().tril(longest - 1).bool()
        & types.bool()[:, :, None]
        & types.bool()[:, None]
    )
    allowed[:, 0, 0] = True
    best = scores.masked_fill(~allowed, float("-inf")).flatten(1).argmax(-1)
    return [divmod(index, length) for index in best.tolist()]


RECIPE = Recipe(
    "tiny-bert-qa", train, measure, after=("tiny-bert",),
    figures={
        "exact_match": Figure("exact match where the passage holds the answer (of 500 new questions)", least=0.9),
        "exact_match_unanswerable": Figure("where it does not, and the answer is `[CLS]`", least=0.75),
    },
    about="""
`tiny-bert` with a question-answering head: it marks the words of a passage that answer a question, or `[CLS]` where none does. A
passage is one or two documents of the little world; a question asks what one of its sentences says, in the forms that are listed
as `RULES` in `grader/lab/training/questions.py` (*what is the capital of france ?*, *where does anna work ?*), one in five about
something that the passage does not speak of. At most 128 pieces with the question. It is weaker at saying that there is no
answer: asked where somebody comes from who is not in the passage, it may name where somebody else does.
""",
    training=f"""
{STEPS:,} steps of 32 freshly drawn questions, in the first {ALONE:.0%} of the steps about a single
document (AdamW, learning rate {LEARNING_RATE}, cosine, seed 0).
""",
    base_class="AutoModelForQuestionAnswering",
)  # fmt: skip
