"""Lesson 11's last exercise cannot be passed by luck: fresh heads earn nothing, a trained model everything."""

import functools

import pytest
from choice_heads import GRADED, HIDDEN, asked, choices_of, fresh, lesson, pooled, share_right, trained

from grader.exercises.sentence_pairs import STEPS, TOPIC, answer_questions
from grader.judge.judging import mark
from grader.judge.paper import Paper, here

PLACES = {"practice": None, "hidden": HIDDEN}
every_place = pytest.mark.parametrize("where", PLACES)


def verdict(where, taken):
    """The verdict on an answer that takes these choices, by kind."""
    known = {
        (question["prompt"], *question["choices"]): index
        for kind in GRADED
        for question, index in zip(asked()[where][kind], taken[kind], strict=True)
    }

    def answer(questions):
        return [known[question["prompt"], *question["choices"]] for question in questions]

    return mark(paper(where), here(answer_questions, answer))


@functools.cache
def paper(where):
    return Paper(answer_questions, hidden=PLACES[where])


@every_place
def test_no_fresh_head_earns_a_point(where):
    lucky = 0
    for seed in range(40):
        head = fresh(seed)
        taken = {kind: choices_of(head, where, kind) for kind in GRADED}
        lucky += share_right(taken["topic"], where, "topic") >= TOPIC
        assert share_right(taken["interrupted"], where, "interrupted") < STEPS[0] - 0.03, seed
        assert verdict(where, taken).points == 0, seed
    assert lucky >= 10  # topics alone would let them pass


@every_place
@pytest.mark.parametrize("sign", [1, -1])
def test_the_direction_of_next_sentence_prediction_earns_nothing_either_way(where, sign):
    from transformers import BertForNextSentencePrediction

    from grader.lab import checkpoint

    nsp = BertForNextSentencePrediction.from_pretrained(checkpoint("tiny-bert")).cls.seq_relationship
    taken = {
        kind: choices_of(lambda vectors: sign * (nsp(vectors)[..., :1] - nsp(vectors)[..., 1:]), where, kind)
        for kind in GRADED
    }
    found = verdict(where, taken)
    assert found.points == 0
    assert found.mistake == ("asks_the_nsp_head" if sign == 1 else "")
    assert (share_right(taken["topic"], where, "topic") > 0.9) == (sign == 1)


def test_the_lessons_model_passes_on_hidden_questions():
    model = trained(1)
    for where in PLACES:
        taken = {
            kind: [
                model(**lesson()["batch_of"]([question])).logits.argmax().item()
                for question in asked()[where][kind]
            ]
            for kind in GRADED
        }
        assert verdict(where, taken).right


def test_heads_read_what_the_model_reads():
    model = lesson()["new_chooser"](3).eval()
    some = asked()["practice"]["topic"][:5]
    logits = model(**lesson()["batch_of"](some)).logits
    assert logits.argmax(-1).tolist() == choices_of(model.classifier, "practice", "topic")[:5]
    assert pooled("practice", "topic").shape[:2] == (len(asked()["practice"]["topic"]), 4)
