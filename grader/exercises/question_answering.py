"""Lesson 10: question answering by spans.

The oracles are brute force over all spans, the windows that the library `tokenizers` cuts, the loss of
`BertForQuestionAnswering`, and the definitions of SQuAD 2.0 (Rajpurkar et al., 2018) for the scores.
"""

from __future__ import annotations

import collections
import itertools
import re
import string
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F

from grader.judge import Case, Exercise, Question, Quiz, expect

LESSON = "10_question_answering"

Pair = tuple[int, int]

# Short ones are one token each; the others are cut into pieces.
SHORT_WORDS = ("moon", "bridge", "ship", "Kyoto", "north", "queen", "clay", "Lyon", "salt", "river", "Nîmes")
LONG_WORDS = ("harpsichord", "kilometres", "volcanoes", "Ganymede", "honeybees", "Maracaibo", "waterfalls")
QUESTION = "Which of them came to the north?"


def _pieces(word: str, at: int) -> list[Pair]:
    """The characters of the pieces of a word that begins at character `at`: three for a long one."""
    cuts = [0, 3, 6, len(word)] if len(word) > 7 else [0, len(word)]
    return [(at + a, at + b) for a, b in itertools.pairwise(cuts)]


def _tokens(text: str) -> list[Pair]:
    """The offsets of the tokens of a text: words, long ones in pieces, and each sign by itself."""
    found = re.finditer(r"\w+|[^\w\s]", text)
    return [piece for match in found for piece in _pieces(match.group(), match.start())]


def _passage(draw, gaps: Sequence[str] = (" ",), count: int = 9) -> str:
    """A text of `count` different words, one in three of them long, with one of `gaps` before each but the first."""
    short, long = draw.shuffled(SHORT_WORDS), draw.shuffled(LONG_WORDS)
    words = [long.pop() if place % 3 == 2 else short.pop() for place in range(count)]
    inner = [*gaps, *(draw.choice(gaps) for _ in words)][: count - 1]
    inner = draw.shuffled(inner)
    return words[0] + "".join(gap + word for gap, word in zip(inner, words[1:], strict=True)) + "."


def _input(
    question: Sequence[Pair], window: Sequence[Pair], padding: int
) -> tuple[list[Pair], list[int | None]]:
    """Offsets and sequence ids of `[CLS] question [SEP] window [SEP]` and padding."""
    offsets = [(0, 0), *question, (0, 0), *window, (0, 0), *[(0, 0)] * padding]
    ids = [None, *[0] * len(question), None, *[1] * len(window), None, *[None] * padding]
    return offsets, ids


def _numbers(value):
    """`value` with Python numbers in the place of 0-d tensors, which stand for numbers."""
    if isinstance(value, torch.Tensor) and value.dim() == 0:
        return value.item()
    if isinstance(value, (list, tuple)):
        return [_numbers(item) for item in value]
    return value


# ---------------------------------------------------------------------------------------- answer_text

answer_text = Exercise(
    "answer_text",
    points=1,
    takes=("context: str", "offsets: list of pairs", "start: int", "end: int"),
    returns=("answer: str",),
    summary="The characters of the text that the tokens from `start` to `end` cover.",
    read="“From tokens back to characters”",
    hints=(
        "An answer is cut out of the context, not put together from tokens. Which character does it begin with, which one does it end with?",
        "`offsets[start]` and `offsets[end]` are pairs. You need the first number of one and the second of the other.",
    ),
)


def _cut(context, offsets, start, end):
    return context[offsets[start][0] : offsets[end][1]]


def _several_tokens(draw, gaps) -> Case:
    context = _passage(draw, gaps)
    offsets = _tokens(context)
    start = draw.integer(1, len(offsets) // 2)
    end = draw.integer(start + 2, len(offsets) - 3)
    return Case(context=context, offsets=offsets, start=start, end=end)


@answer_text.case
def several_tokens(draw):
    """an answer of several tokens"""
    return _several_tokens(draw, (" ",))


@answer_text.case
def odd_gaps(draw):
    """an answer with more than single spaces in it"""
    return _several_tokens(draw, ("-", "  ", ", ", "\n"))


@answer_text.case
def one_token(draw):
    """an answer of one token"""
    context = _passage(draw)
    offsets = _tokens(context)
    place = draw.integer(3, len(offsets) - 4)
    return Case(context=context, offsets=offsets, start=place, end=place)


@answer_text.case
def with_the_question_in_front(draw):
    """the offsets of a whole input, in which a question stands before the context"""
    context = _passage(draw)
    offsets, ids = _input(_tokens(QUESTION), _tokens(context), draw.integer(1, 3))
    start = ids.index(1) + draw.integer(2, 4)
    return Case(context=context, offsets=offsets, start=start, end=start + draw.integer(2, 4))


def _same_text(case: Case, answer) -> None:
    expect.same(answer(), _cut(**case.arguments), "answer")


@answer_text.must(
    "Begin with the first character of token `start` and end with the last one of token `end`.",
    on=(several_tokens, with_the_question_in_front),
)
def both_ends(case, answer):
    _same_text(case, answer)


@answer_text.must("Take one token, too: `start` may equal `end`.", weight=0.5, on=(one_token,))
def a_single_token(case, answer):
    _same_text(case, answer)


@answer_text.must("Leave what stands between the tokens as it is in the context.", weight=0.5, on=(odd_gaps,))
def gaps_as_they_are(case, answer):
    _same_text(case, answer)


@answer_text.mistake(
    "The answer stops where token `end` *begins*, so its last token is missing: `end` is the answer's last token, not the one after it."
)
def stops_where_the_last_begins(context, offsets, start, end):
    return context[offsets[start][0] : offsets[end][0]]


@answer_text.mistake(
    "The last token is left out, as in a slice. Here both ends are inclusive: token `end` belongs to the answer."
)
def last_token_left_out(context, offsets, start, end):
    return context[offsets[start][0] : offsets[end - 1][1]]


@answer_text.mistake(
    "One character too many. The second number of an offset is already the place *after* the last character, as slices want it."
)
def one_character_too_many(context, offsets, start, end):
    return context[offsets[start][0] : offsets[end][1] + 1]


@answer_text.mistake(
    "One character too few. The second number of an offset is the place after the last character, and a slice leaves just that one out."
)
def one_character_too_few(context, offsets, start, end):
    return context[offsets[start][0] : offsets[end][1] - 1]


@answer_text.mistake(
    "Token positions are used as character positions. Token 7 does not begin at character 7: `offsets` says where it does."
)
def tokens_for_characters(context, offsets, start, end):
    return context[start : end + 1]


@answer_text.mistake(
    "The tokens are joined by spaces. Pieces of one word come apart, and SQuAD's exact match is lost although the model was right."
)
def joined_by_spaces(context, offsets, start, end):
    return " ".join(context[a:b] for a, b in offsets[start : end + 1])


@answer_text.mistake(
    "The tokens are joined without what stood between them, so all words run together. Cut the answer out of the context instead."
)
def joined_without_gaps(context, offsets, start, end):
    return "".join(context[a:b] for a, b in offsets[start : end + 1])


@answer_text.mistake(
    "Only token `start` is cut out. An answer may have many tokens: its end is that of token `end`."
)
def first_token_only(context, offsets, start, end):
    return _cut(context, offsets, start, start)


# ------------------------------------------------------------------------------------------ best_span

best_span = Exercise(
    "best_span",
    points=4,
    takes=(
        "start_logits: float (L)",
        "end_logits: float (L)",
        "context_mask: int64 (L)",
        "max_tokens: int",
    ),
    returns=("start: int", "end: int"),
    summary="The span with the highest sum of start and end score, of all that an answer may be.",
    read="“Why not two argmaxes?” and the table worked by hand",
    rounds=1,
    hints=(
        "Go through all pairs: two loops, an `if` for each rule, and the best pair so far. Slow is fine as long as it is right.",
        "Without loops: `start_logits[:, None] + end_logits[None, :]` is a table (L, L) with the score of every pair. Which of its cells are no answers?",
        "Fill forbidden cells with minus infinity: rows and columns outside of the context, below the diagonal, and from `max_tokens` above the diagonal on "
        "(`torch.triu`, `torch.tril`). `divmod(int(table.argmax()), L)` turns the best cell into row and column.",
    ),
)

Span = tuple[float, int, int]


def _all_spans(start_logits, end_logits, context_mask, max_tokens) -> list[Span]:
    """(score, start, end) of every span that an answer may be, the best first."""
    inside = [place for place, kept in enumerate(context_mask.tolist()) if kept]
    starts, ends = start_logits.tolist(), end_logits.tolist()
    return sorted(
        ((starts[s] + ends[e], s, e) for s in inside for e in inside if s <= e < s + max_tokens), reverse=True
    )


class _Scores:
    """Scores of an input of a question (`first` tokens with [CLS] and [SEP]), `tokens` of context, [SEP] and padding."""

    def __init__(self, draw, dtype=torch.float32, shift: float = 0.0):
        self.first = draw.integer(6, 8)
        self.tokens = draw.integer(14, 17)
        self.length = self.first + self.tokens + 1 + draw.integer(2, 3)
        self.starts = draw.uniform(self.length).to(dtype) * 2 + shift
        self.ends = draw.uniform(self.length).to(dtype) * 2 + shift
        self.shift = shift

    def put(self, scores: torch.Tensor, place: int, value: float) -> None:
        scores[self.first + place] = value + self.shift

    def start(self, place: int, value: float) -> None:
        """Give the context's token `place` (negative: before the context) this start score."""
        self.put(self.starts, place, value)

    def end(self, place: int, value: float) -> None:
        self.put(self.ends, place, value)

    def case(self, max_tokens: int) -> Case:
        mask = torch.zeros(self.length, dtype=torch.int64)
        mask[self.first : self.first + self.tokens] = 1
        return Case(start_logits=self.starts, end_logits=self.ends, context_mask=mask, max_tokens=max_tokens)


@best_span.case
def crossed(draw):
    """the best end stands before the best start"""
    scores = _Scores(draw)
    scores.end(draw.integer(1, 3), 7.0)
    scores.start(9, 7.5)
    scores.end(draw.integer(10, 11), 5.0)
    return scores.case(max_tokens=draw.integer(5, 7))


@best_span.case
def one_of_two(draw):
    """the best start has no good end after it, and the best end no good start before it"""
    scores = _Scores(draw, shift=draw.choice((0.0, 1.0)))
    scores.end(1, 7.5)
    scores.start(4, 6.5)
    scores.end(draw.integer(5, 6), 7.0)
    scores.start(scores.tokens - 1, 7.2)
    return scores.case(max_tokens=draw.integer(5, 6))


@best_span.case
def sure_of_one_end(draw):
    """one span has a sure start and another a sure end; the best is fairly good at both"""
    scores = _Scores(draw)
    scores.end(1, 9.0)
    scores.start(4, 9.0)
    scores.start(9, 6.0)
    scores.end(draw.integer(10, 11), 6.0)
    return scores.case(max_tokens=draw.integer(4, 6))


@best_span.case
def one_token_is_enough(draw):
    """the best answer is a single token"""
    scores, place = _Scores(draw), draw.integer(3, 6)
    scores.start(place, 6.0)
    scores.end(place, 6.5)
    return scores.case(max_tokens=draw.integer(4, 6))


@best_span.case
def question_and_padding(draw):
    """tokens of the question, [SEP] and padding score highest"""
    scores = _Scores(draw)
    scores.start(-4, 9.0)
    scores.end(-3, 9.5)
    scores.start(-1, 8.0)
    scores.end(scores.tokens, 8.5)
    scores.ends[-1] = scores.starts[-1] = 10.0
    scores.start(draw.integer(2, 4), 4.0)
    scores.end(draw.integer(5, 6), 4.5)
    scores.start(scores.tokens - 2, 4.2)
    scores.end(1, 3.5)
    return scores.case(max_tokens=draw.integer(5, 6))


@best_span.case
def no_answer_scores_highest(draw):
    """[CLS], the sign for no answer, scores highest"""
    scores = _Scores(draw)
    scores.starts[0], scores.ends[0] = 11.0, 12.0
    scores.start(draw.integer(2, 4), 5.0)
    scores.end(draw.integer(5, 6), 5.5)
    return scores.case(max_tokens=scores.length)


@best_span.case
def just_too_long(draw):
    """the best pair is one token longer than allowed"""
    scores, longest = _Scores(draw), draw.integer(4, 6)
    start = draw.integer(1, 4)
    scores.start(start, 7.0)
    scores.end(start + longest, 8.0)
    scores.end(start + longest - 1, 6.0)
    scores.end(start + longest - 2, 5.0)
    scores.end(scores.tokens - 1, 9.0)
    return scores.case(max_tokens=longest)


@best_span.case
def negative_scores(draw):
    """all scores are far below zero, in float64"""
    scores = _Scores(draw, torch.float64, shift=-300.0)
    start = draw.integer(2, 6)
    scores.start(start, 6.0)
    scores.end(start + draw.integer(1, 3), 6.0)
    return scores.case(max_tokens=draw.integer(5, 7))


@best_span.case(apart=True)
def no_context(draw):
    """no token belongs to the context"""
    case = _Scores(draw).case(max_tokens=5)
    case.context_mask.zero_()
    return case


def _is_the_best(case: Case, answer) -> None:
    """Hold the answer's span against the best one, and say which rule another one breaks."""
    start, end = answer()
    mask, (score, *best) = case.context_mask, _all_spans(**case.arguments)[0]
    shown = f"expected ({best[0]}, {best[1]}), got ({start}, {end})"
    for name, place in (("start", start), ("end", end)):
        inside = 0 <= place < len(mask) and mask[place] == 1
        expect.that(inside, f"{shown}: {name} {place} is not in the context", context_mask=mask)
    expect.that(start <= end, f"{shown}: it ends before it starts")
    expect.that(
        end - start < case.max_tokens,
        f"{shown}: it has {end - start + 1} tokens",
        max_tokens=case.max_tokens,
    )
    got = (case.start_logits[start] + case.end_logits[end]).item()
    expect.that([start, end] == best, f"{shown}: it scores {got:.2f}, the best {score:.2f}")


@best_span.must(
    "Let no answer end before it starts; a single token is an answer, too.",
    weight=0.9,
    on=(crossed, one_token_is_enough),
)
def in_order(case, answer):
    _is_the_best(case, answer)


@best_span.must(
    "Look for both ends together: the *sum* of the two scores decides.",
    weight=0.9,
    on=(one_of_two, sure_of_one_end, negative_scores),
)
def together(case, answer):
    _is_the_best(case, answer)


@best_span.must(
    "Keep both ends in the context, whatever question, [CLS], [SEP] and padding score.",
    weight=0.9,
    on=(question_and_padding, no_answer_scores_highest),
)
def in_the_context(case, answer):
    _is_the_best(case, answer)


@best_span.must(
    "Take spans of up to `max_tokens` tokens, both ends counted, and none longer.",
    weight=0.9,
    on=(just_too_long,),
)
def not_too_long(case, answer):
    _is_the_best(case, answer)


@best_span.must("Raise a `ValueError` where there is no context token.", weight=0.4, on=(no_context,))
def nothing_to_choose_from(case, answer):
    answer(context_mask=torch.ones_like(case.context_mask))  # it does not raise whatever comes
    answer.raises(ValueError)


def _best_of(
    start_logits, end_logits, context_mask, max_tokens, allowed=None, start_in=True, end_in=True, score=None
):
    """The best pair under other rules than the right ones: each argument is where a mistake is made."""
    mask = context_mask.tolist()
    if 1 not in mask:
        raise ValueError("context_mask has no token of the context")
    allowed = allowed or (lambda s, e: s <= e < s + max_tokens)
    score = score or (lambda s, e: start_logits[s].item() + end_logits[e].item())
    pairs = [
        (s, e)
        for s in range(len(mask))
        for e in range(len(mask))
        if (mask[s] or not start_in) and (mask[e] or not end_in) and allowed(s, e)
    ]
    return max(pairs, key=lambda pair: score(*pair))


@best_span.mistake(
    "Start and end are two argmaxes that know nothing of each other. Nothing keeps the end behind the start, and then there is no answer at all."
)
def two_argmaxes(start_logits, end_logits, context_mask, max_tokens):
    return _best_of(start_logits, end_logits, context_mask, max_tokens, allowed=lambda s, e: True)


@best_span.mistake(
    "Two argmaxes, put in order afterwards. The pair is then a legal one, but nobody ever scored it: it runs from a likely end to a likely start."
)
def two_argmaxes_in_order(start_logits, end_logits, context_mask, max_tokens):
    return sorted(two_argmaxes(start_logits, end_logits, context_mask, max_tokens))


@best_span.mistake(
    "The best start is fixed first, and an end looked for after it. If no good end follows, a better pair elsewhere is never seen."
)
def start_first(start_logits, end_logits, context_mask, max_tokens):
    start, _ = two_argmaxes(start_logits, end_logits, context_mask, max_tokens)
    return _best_of(
        start_logits,
        end_logits,
        context_mask,
        max_tokens,
        lambda s, e: s == start and s <= e < s + max_tokens,
    )


@best_span.mistake(
    "The best end is fixed first, and a start looked for before it. If no good start precedes it, a better pair elsewhere is never seen."
)
def end_first(start_logits, end_logits, context_mask, max_tokens):
    _, end = two_argmaxes(start_logits, end_logits, context_mask, max_tokens)
    return _best_of(
        start_logits, end_logits, context_mask, max_tokens, lambda s, e: e == end and s <= e < s + max_tokens
    )


@best_span.mistake(
    "The mask is not used, so words of the question are answers, too. They often score high: they are what the passage repeats."
)
def question_allowed(start_logits, end_logits, context_mask, max_tokens):
    return _best_of(start_logits, end_logits, context_mask, max_tokens, start_in=False, end_in=False)


@best_span.mistake(
    "Only the start is held to the context: the answer may run on into [SEP] and padding, which have no text."
)
def end_anywhere(start_logits, end_logits, context_mask, max_tokens):
    return _best_of(start_logits, end_logits, context_mask, max_tokens, end_in=False)


@best_span.mistake(
    "Only the end is held to the context: the answer may begin in the question and run through [SEP] into the passage."
)
def start_anywhere(start_logits, end_logits, context_mask, max_tokens):
    return _best_of(start_logits, end_logits, context_mask, max_tokens, start_in=False)


@best_span.mistake(
    "There is no limit to the length. A likely start and a likely end far apart make an answer of half the passage."
)
def no_limit(start_logits, end_logits, context_mask, max_tokens):
    return _best_of(start_logits, end_logits, context_mask, max_tokens, lambda s, e: s <= e)


@best_span.mistake(
    "One token too many is allowed. Both ends belong to the span: it has `end - start + 1` tokens."
)
def one_token_too_many(start_logits, end_logits, context_mask, max_tokens):
    return _best_of(start_logits, end_logits, context_mask, max_tokens, lambda s, e: s <= e <= s + max_tokens)


@best_span.mistake(
    "Spans of just `max_tokens` tokens are refused. From start to end, both counted, there are `end - start + 1`: that many are allowed."
)
def one_token_too_few(start_logits, end_logits, context_mask, max_tokens):
    return _best_of(
        start_logits, end_logits, context_mask, max_tokens, lambda s, e: s <= e < s + max_tokens - 1
    )


@best_span.mistake(
    "An answer must end *after* it starts here, so a single token is never found. A year or a name often is just one."
)
def two_tokens_at_least(start_logits, end_logits, context_mask, max_tokens):
    return _best_of(start_logits, end_logits, context_mask, max_tokens, lambda s, e: s < e < s + max_tokens)


@best_span.mistake(
    "A 0 stands where minus infinity should: forbidden scores were *multiplied* by the mask or filled with 0, or the search begins with 0 as the best so far. Where all "
    "scores of the context are negative, 0 beats them all."
)
def multiplied_by_the_mask(start_logits, end_logits, context_mask, max_tokens):
    if not context_mask.any():
        raise ValueError("no context")
    starts, ends = start_logits * context_mask, end_logits * context_mask
    return _best_of(starts, ends, torch.ones_like(context_mask), max_tokens)


@best_span.mistake(
    "The scores become probabilities, and these are added: a sure start outweighs an end that is next to impossible. Probabilities of two things that must both hold are "
    "*multiplied*, and adding the raw scores does just that."
)
def probabilities_added(start_logits, end_logits, context_mask, max_tokens):
    return _best_of(start_logits.softmax(0), end_logits.softmax(0), context_mask, max_tokens)


@best_span.mistake(
    "The two scores are multiplied. Scores are logarithms, so they add up; and the product of two bad, negative scores is large."
)
def product_of_scores(start_logits, end_logits, context_mask, max_tokens):
    def product(s, e):
        return (start_logits[s] * end_logits[e]).item()

    return _best_of(start_logits, end_logits, context_mask, max_tokens, score=product)


@best_span.mistake(
    "The end is exclusive, as in a slice. Here it is the answer's *last* token: whoever cuts the text by it would get one token too many."
)
def end_exclusive(start_logits, end_logits, context_mask, max_tokens):
    start, end = _best_of(start_logits, end_logits, context_mask, max_tokens)
    return start, end + 1


@best_span.mistake(
    "The positions are counted from the first token of the context. The offsets belong to the whole input, question and all, so the wrong text would be cut out."
)
def counted_in_the_context(start_logits, end_logits, context_mask, max_tokens):
    start, end = _best_of(start_logits, end_logits, context_mask, max_tokens)
    first = context_mask.tolist().index(1)
    return start - first, end - first


@best_span.mistake(
    "Where there is no context (0, 0) comes back without a word. That means “no answer”, though nobody has looked: a `ValueError` is asked for."
)
def nothing_is_cls(start_logits, end_logits, context_mask, max_tokens):
    if not context_mask.any():
        return 0, 0
    return _best_of(start_logits, end_logits, context_mask, max_tokens)


@best_span.mistake(
    "Where there is no context, None comes back: whoever unpacks it gets a `TypeError` that says nothing about the cause. A `ValueError` is asked for."
)
def nothing_is_none(start_logits, end_logits, context_mask, max_tokens):
    if not context_mask.any():
        return None
    return _best_of(start_logits, end_logits, context_mask, max_tokens)


# ---------------------------------------------------------------------------------------- span_labels

span_labels = Exercise(
    "span_labels",
    points=4,
    takes=(
        "offsets: list of pairs",
        "sequence_ids: list of int or None",
        "answer_start: int",
        "answer: str",
    ),
    returns=("start: int", "end: int"),
    summary="From an answer's characters to the positions of its first and last token in this window.",
    read="“From characters to tokens: the labels”, and the table there",
    rounds=1,
    hints=(
        "Which characters does the answer have? From `answer_start` to `answer_start + len(answer)`, the end exclusive, just as in `offsets`.",
        "Which positions are the context's? Those whose sequence id is 1. Their first character and their last say whether the whole answer is in this window.",
        "A token belongs to the answer if the two have a character in common: it begins before the answer ends, *and* ends after the answer begins. The first and the last such token "
        "are the labels.",
    ),
)


def _window(draw, first: int, last: int, padding: int | None = None, gaps=(" ", ", ")):
    """A text of eleven words, its tokens, and an input that shows the tokens `first` to `last` (exclusive) of it."""
    context = _passage(draw, gaps, count=11)
    tokens = _tokens(context)
    padding = draw.integer(2, 3) if padding is None else padding
    offsets, ids = _input(_tokens(QUESTION), tokens[first:last], padding)
    return context, tokens, offsets, ids


def _asking(context: str, offsets: list[Pair], ids: list, start: int, end: int) -> Case:
    """An answer of the characters from `start` to `end` (exclusive)."""
    return Case(offsets=offsets, sequence_ids=ids, answer_start=start, answer=context[start:end]).knows(
        end=end
    )


@span_labels.case
def in_the_middle(draw):
    """an answer of several tokens"""
    context, tokens, offsets, ids = _window(draw, 0, None)
    first = draw.integer(5, 7)
    last = first + draw.integer(2, 4)
    return _asking(context, offsets, ids, tokens[first][0], tokens[last][1])


@span_labels.case
def a_sign_behind_it(draw):
    """an answer of one token with a sign right behind it"""
    context, tokens, offsets, ids = _window(draw, 0, None, gaps=(", ", "-"))
    signs = [n for n, (a, b) in enumerate(tokens) if context[a:b] in ",-" and 3 < n < 15]
    place = draw.choice(signs) - 1
    return _asking(context, offsets, ids, *tokens[place])


@span_labels.case
def up_to_the_full_stop(draw):
    """an answer whose last token is the full stop"""
    context, tokens, offsets, ids = _window(draw, 0, None)
    return _asking(context, offsets, ids, tokens[-draw.integer(3, 4)][0], tokens[-1][1])


@span_labels.case
def later_window(draw):
    """an answer in a later window of a long text"""
    context, tokens, offsets, ids = _window(draw, draw.integer(4, 5), 18)
    first = draw.integer(7, 9)
    last = first + draw.integer(1, 3)
    return _asking(context, offsets, ids, tokens[first][0], tokens[last][1])


@span_labels.case
def at_the_beginning(draw):
    """an answer at the first character of the text"""
    context, tokens, offsets, ids = _window(draw, 0, 13)
    return _asking(context, offsets, ids, 0, tokens[draw.integer(1, 3)][1])


@span_labels.case
def from_edge_to_edge(draw):
    """an answer that fills the window from its first token to its last"""
    first = draw.integer(4, 6)
    last = first + draw.integer(4, 6)
    context, tokens, offsets, ids = _window(draw, first, last, padding=draw.choice((0, 2)))
    return _asking(context, offsets, ids, tokens[first][0], tokens[last - 1][1])


@span_labels.case
def inside_tokens(draw):
    """an answer that begins inside one token and ends inside another"""
    context, tokens, offsets, ids = _window(draw, draw.integer(0, 2), 18)
    long = [n for n, (a, b) in enumerate(tokens) if b - a > 2 and 4 <= n <= 15]
    first = draw.choice(long[:2])
    last = draw.choice([n for n in long if n > first + 1])
    return _asking(context, offsets, ids, tokens[first][0] + 1, tokens[last][1] - 1)


@span_labels.case
def in_another_window(draw):
    """an answer that stands in another window"""
    context, tokens, offsets, ids = _window(draw, 5, 12)
    first = draw.choice((1, 2, 13, 14))
    return _asking(context, offsets, ids, tokens[first][0], tokens[first + 1][1])


@span_labels.case
def cut_at_the_front(draw):
    """an answer whose first tokens are in the window before"""
    first = draw.integer(5, 7)
    context, tokens, offsets, ids = _window(draw, first, 16)
    return _asking(
        context, offsets, ids, tokens[first - draw.integer(1, 2)][0], tokens[first + draw.integer(1, 3)][1]
    )


@span_labels.case
def cut_at_the_back(draw):
    """an answer whose last tokens are in the next window"""
    last = draw.integer(12, 14)
    context, tokens, offsets, ids = _window(draw, draw.integer(0, 3), last)
    return _asking(
        context, offsets, ids, tokens[last - draw.integer(2, 3)][0], tokens[last + draw.integer(0, 1)][1]
    )


ELSEWHERE = (in_another_window, cut_at_the_front, cut_at_the_back)


def _answer_tokens(case: Case) -> list[int]:
    """By brute force: (0, 0), or the first and the last position in the context with a character of the answer."""
    begin, end = case.answer_start, case.answer_start + len(case.answer)
    places = [place for place, kind in enumerate(case.sequence_ids) if kind == 1]
    seen = {c for place in range(places[0], places[-1] + 1) for c in range(*case.offsets[place])}
    wanted = {begin, end - 1}
    if not wanted <= seen:
        return [0, 0]
    found = [place for place in places if set(range(*case.offsets[place])) & set(range(begin, end))]
    return [found[0], found[-1]]


def _right_labels(case: Case, answer) -> None:
    start, end = answer()
    want = _answer_tokens(case)
    first, last = case.sequence_ids.index(1), len(case.offsets) - case.sequence_ids[::-1].index(1) - 1
    window = (case.offsets[first][0], case.offsets[last][1])
    characters = (case.answer_start, case.answer_start + len(case.answer))
    expect.that(
        [start, end] == want,
        f"expected ({want[0]}, {want[1]}), got ({start}, {end})",
        answer=case.answer,
        its_characters=characters,
        characters_of_the_window=window,
        positions_of_the_window=(first, last),
    )


@span_labels.must(
    "Give the positions of the answer's first and last token, counted in the whole input.",
    weight=1.1,
    on=(in_the_middle, a_sign_behind_it, up_to_the_full_stop, later_window),
)
def first_and_last_token(case, answer):
    _right_labels(case, answer)


@span_labels.must(
    "Look in the context alone: the characters of the question are counted from 0, too.",
    weight=0.7,
    on=(at_the_beginning,),
)
def context_alone(case, answer):
    _right_labels(case, answer)


@span_labels.must("Count a token that the answer begins or ends inside of.", weight=0.9, on=(inside_tokens,))
def touched_tokens_count(case, answer):
    _right_labels(case, answer)


@span_labels.must("Find an answer that reaches the edges of the window.", weight=0.4, on=(from_edge_to_edge,))
def edges_are_inside(case, answer):
    _right_labels(case, answer)


@span_labels.must("Give (0, 0) where the answer is not wholly in this window.", weight=0.9, on=ELSEWHERE)
def elsewhere(case, answer):
    _right_labels(case, answer)


def _labelled(
    offsets,
    sequence_ids,
    answer_start,
    answer,
    *,
    kinds=(1,),
    touches=None,
    front=True,
    back=True,
    none=(0, 0),
    strict=False,
):
    """The right answer, with the places where mistakes are made as arguments."""
    end = answer_start + len(answer)
    places = [place for place, kind in enumerate(sequence_ids) if kind in kinds]
    context = [place for place, kind in enumerate(sequence_ids) if kind == 1]
    begins, ends = offsets[context[0]][0], offsets[context[-1]][1]
    if (front and answer_start < begins) or (back and end > ends):
        return none
    if strict and (answer_start <= begins or end >= ends):
        return none
    touches = touches or (lambda a, b: a < end and b > answer_start)
    found = [place for place in places if touches(*offsets[place])]
    return (found[0], found[-1]) if found else none


@span_labels.mistake(
    "The answer's last character is left out: its end, `answer_start + len(answer)`, is exclusive already. Where the last token is a single character, a full stop or a digit, it "
    "is lost."
)
def last_character_lost(offsets, sequence_ids, answer_start, answer):
    return _labelled(offsets, sequence_ids, answer_start, answer[:-1])


@span_labels.mistake(
    "The end is exclusive: it points at the token after the answer. The end score of BERT's head belongs to the answer's *last* token, so the model would learn to run on."
)
def labels_end_exclusive(offsets, sequence_ids, answer_start, answer):
    start, end = _labelled(offsets, sequence_ids, answer_start, answer)
    return start, end + (end > 0)


@span_labels.mistake(
    "These are characters, not tokens. The model has one score for each *token*: character 200 of the passage may be token 40 of the input."
)
def characters_for_tokens(offsets, sequence_ids, answer_start, answer):
    start, _ = _labelled(offsets, sequence_ids, answer_start, answer)
    return (answer_start, answer_start + len(answer) - 1) if start else (0, 0)


@span_labels.mistake(
    "The tokens of the question are searched as well. Their offsets count the characters of the *question*, so an early answer seems to stand in it."
)
def question_searched(offsets, sequence_ids, answer_start, answer):
    return _labelled(offsets, sequence_ids, answer_start, answer, kinds=(0, 1))


@span_labels.mistake(
    "The positions are counted from the first token of the context. The logits run over the whole input, so the labels would point into the question."
)
def counted_from_the_context(offsets, sequence_ids, answer_start, answer):
    start, end = _labelled(offsets, sequence_ids, answer_start, answer)
    first = sequence_ids.index(1) if start else 0
    return start - first, end - first


@span_labels.mistake(
    "Only tokens that lie wholly in the answer count. Where it begins or ends inside a token, a piece of it is lost, or all of it."
)
def whole_tokens_only(offsets, sequence_ids, answer_start, answer):
    end = answer_start + len(answer)
    return _labelled(
        offsets, sequence_ids, answer_start, answer, touches=lambda a, b: a >= answer_start and b <= end
    )


@span_labels.mistake(
    "A token must begin just where the answer begins, and another end just where it ends. Answers that begin or end inside a token are taken for unanswerable."
)
def exact_borders_only(offsets, sequence_ids, answer_start, answer):
    start, end = _labelled(offsets, sequence_ids, answer_start, answer)
    exact = offsets[start][0] == answer_start and offsets[end][1] == answer_start + len(answer)
    return (start, end) if exact else (0, 0)


@span_labels.mistake(
    "The token that begins where the answer *ends* is counted, too: a comma right behind the answer becomes a part of it. Ends are exclusive."
)
def token_behind_counted(offsets, sequence_ids, answer_start, answer):
    end = answer_start + len(answer)
    return _labelled(
        offsets, sequence_ids, answer_start, answer, touches=lambda a, b: a <= end and b > answer_start
    )


@span_labels.mistake(
    "An answer whose front is in the window before is cut to what is left of it. The model learns half answers; this window should be labelled as one without an answer."
)
def front_may_be_missing(offsets, sequence_ids, answer_start, answer):
    return _labelled(offsets, sequence_ids, answer_start, answer, front=False)


@span_labels.mistake(
    "An answer that goes on in the next window is cut to what is here. The model learns half answers; this window should be labelled as one without an answer."
)
def back_may_be_missing(offsets, sequence_ids, answer_start, answer):
    return _labelled(offsets, sequence_ids, answer_start, answer, back=False)


@span_labels.mistake(
    "Whatever is left of the answer in this window is labelled. The model learns half answers; a window without the whole answer should be (0, 0)."
)
def halves_labelled(offsets, sequence_ids, answer_start, answer):
    return _labelled(offsets, sequence_ids, answer_start, answer, front=False, back=False)


@span_labels.mistake(
    "-1 stands where the answer is not in the window. No position has that number; SQuAD's sign for “no answer” is [CLS], position 0, which a model can point at."
)
def minus_one_for_none(offsets, sequence_ids, answer_start, answer):
    return _labelled(offsets, sequence_ids, answer_start, answer, none=(-1, -1))


@span_labels.mistake(
    "An answer that begins with the window's first character or ends with its last is taken for missing. The comparison needs an “or equal”."
)
def edges_refused(offsets, sequence_ids, answer_start, answer):
    return _labelled(offsets, sequence_ids, answer_start, answer, strict=True)


@span_labels.mistake(
    "Start and end both point at the answer's first token. The end has a score, and so a label, of its own: the answer's last token."
)
def first_token_twice(offsets, sequence_ids, answer_start, answer):
    start, _ = _labelled(offsets, sequence_ids, answer_start, answer)
    return start, start


# ------------------------------------------------------------------------------------------ span_loss

span_loss = Exercise(
    "span_loss",
    points=3,
    takes=(
        "start_logits: float (B, L)",
        "end_logits: float (B, L)",
        "start_positions: int64 (B)",
        "end_positions: int64 (B)",
    ),
    returns=("loss: float ()",),
    summary="The loss of a question-answering head: the mean of a cross-entropy for the start and one for the end.",
    read="“Two choices among L tokens: the loss”, and the numbers by hand",
    rounds=1,
    hints=(
        "For each row, the start is a choice of one among L tokens, just as a class is one among C. The end is another such choice.",
        "`F.cross_entropy(start_logits, start_positions, ignore_index=...)` skips rows with *one* given label. Positions of L, L + 1, ... are to be skipped: make them all the same first "
        "(`clamp`).",
        "A mean over nothing is NaN. Look first, for each side by itself, whether any position is below L; where none is, its loss is a 0 that hangs on the logits: `start_logits.sum() * 0`.",
    ),
)


def _spans_to_learn(draw, dtype=torch.float32) -> Case:
    batch, length = draw.integer(3, 5), draw.integer(7, 11)
    starts = draw.ids(batch, high=length - 3)
    return Case(
        start_logits=draw.normal(batch, length, scale=2.0, dtype=dtype),
        end_logits=draw.normal(batch, length, scale=2.0, dtype=dtype),
        start_positions=starts,
        end_positions=starts + 1 + draw.ids(batch, high=2),
    )


@span_loss.case
def all_inside(draw):
    """a batch whose answers are all inside"""
    return _spans_to_learn(draw)


@span_loss.case
def all_inside_in_double(draw):
    """a batch whose answers are all inside, in float64"""
    return _spans_to_learn(draw, torch.float64)


@span_loss.case
def first_and_last(draw):
    """answers at the first position and at the last"""
    case = _spans_to_learn(draw)
    length = case.start_logits.shape[1]
    case.start_positions[:2] = torch.tensor([0, length - 1])
    case.end_positions[:2] = torch.tensor([0, length - 1])
    return case


@span_loss.case
def some_outside(draw):
    """some positions are cut off: L and more"""
    case = _spans_to_learn(draw)
    length = case.start_logits.shape[1]
    case.start_positions[0] = length + draw.integer(0, 2)
    case.end_positions[0] = length + draw.integer(3, 5)
    case.end_positions[1] = length
    return case


@span_loss.case(apart=True)
def all_outside(draw):
    """all positions are cut off"""
    case = _spans_to_learn(draw)
    length = case.start_logits.shape[1]
    case.start_positions.fill_(length)
    case.end_positions += length
    case.end_positions[0] = length
    return case


def _library_loss(start_logits, end_logits, start_positions, end_positions):
    from transformers.loss.loss_utils import ForQuestionAnsweringLoss

    return ForQuestionAnsweringLoss(start_logits, end_logits, start_positions, end_positions)


@span_loss.must(
    "Give the mean of two cross-entropies, one for the starts and one for the ends, each a mean over the rows.",
    weight=1.1,
    on=(all_inside, all_inside_in_double, first_and_last),
)
def mean_of_two(case, answer):
    expect.same(answer(), _library_loss(**case.arguments), "loss")


@span_loss.must(
    "Skip a position of L or more, the start and the end each for itself.", weight=0.75, on=(some_outside,)
)
def cut_off_is_skipped(case, answer):
    expect.same(
        answer(),
        _library_loss(**case.arguments),
        "loss",
        start_positions=case.start_positions,
        end_positions=case.end_positions,
    )


@span_loss.must("Give 0 where nothing is counted.", weight=0.4, on=(all_outside,))
def nothing_counted(case, answer):
    expect.same(answer(), torch.tensor(0.0), "loss")


@span_loss.must("Stay differentiable: the gradient reaches both kinds of scores.", weight=0.75)
def both_can_learn(case, answer):
    names = ("start_logits", "end_logits")
    scores = [getattr(case, name).clone().requires_grad_() for name in names]
    loss = _library_loss(*scores, case.start_positions, case.end_positions)
    found = answer.gradients(*names)
    for name, want in zip(names, torch.autograd.grad(loss, scores), strict=True):
        expect.that(found[name] is not None, f"no gradient reaches {name}")
        expect.same(found[name], want, f"gradient of {name}")


def _one_side(logits, positions, reduction="mean"):
    length = logits.shape[1]
    if (positions >= length).all():
        return logits.sum() * 0
    return F.cross_entropy(logits, positions.clamp(max=length), ignore_index=length, reduction=reduction)


def _two_sides(start_logits, end_logits, start_positions, end_positions, side=_one_side):
    return (side(start_logits, start_positions) + side(end_logits, end_positions)) / 2


@span_loss.mistake(
    "The two losses are added up without the half. Steps become twice as long, and the number cannot be compared with the library's."
)
def sum_of_two(start_logits, end_logits, start_positions, end_positions):
    return 2 * _two_sides(start_logits, end_logits, start_positions, end_positions)


@span_loss.mistake("Only the starts are learned. The ends have scores and labels of their own.")
def starts_alone(start_logits, end_logits, start_positions, end_positions):
    return _one_side(start_logits, start_positions)


@span_loss.mistake(
    "Start scores are held against end positions, and the other way round. The model would learn to find every answer backwards."
)
def sides_exchanged(start_logits, end_logits, start_positions, end_positions):
    return _two_sides(start_logits, end_logits, end_positions, start_positions)


@span_loss.mistake(
    "Positions that are cut off are moved to the last token. The model learns that answers stand at the very end, where there is [SEP] or padding."
)
def moved_to_the_last(start_logits, end_logits, start_positions, end_positions):
    last = start_logits.shape[1] - 1
    return _two_sides(
        start_logits, end_logits, start_positions.clamp(max=last), end_positions.clamp(max=last)
    )


@span_loss.mistake(
    "Positions that are cut off are labelled [CLS], position 0. That says “there is no answer”, which nobody knows: the contract leaves them out."
)
def cut_off_is_cls(start_logits, end_logits, start_positions, end_positions):
    length = start_logits.shape[1]
    starts, ends = (torch.where(p < length, p, 0) for p in (start_positions, end_positions))
    return _two_sides(start_logits, end_logits, starts, ends)


@span_loss.mistake(
    "Rows that are skipped still count in the division. A mean is over what is counted, or a batch with many long texts seems to be an easy one."
)
def divided_by_all_rows(start_logits, end_logits, start_positions, end_positions):
    def side(logits, positions):
        return _one_side(logits, positions, reduction="sum") / len(logits)

    return _two_sides(start_logits, end_logits, start_positions, end_positions, side)


@span_loss.mistake(
    "A row is dropped for both sides if one of them is cut off. A start that is inside has something to teach, even where its end is not."
)
def row_dropped_for_both(start_logits, end_logits, start_positions, end_positions):
    length = start_logits.shape[1]
    outside = (start_positions >= length) | (end_positions >= length)
    starts, ends = (torch.where(outside, length, p) for p in (start_positions, end_positions))
    return _two_sides(start_logits, end_logits, starts, ends)


@span_loss.mistake(
    "The losses of the rows are added up, not averaged: a batch twice as large would make steps twice as long."
)
def rows_added_up(start_logits, end_logits, start_positions, end_positions):
    def side(logits, positions):
        return _one_side(logits, positions, reduction="sum")

    return _two_sides(start_logits, end_logits, start_positions, end_positions, side)


@span_loss.mistake(
    "The scores go through softmax before the cross-entropy, which takes the softmax itself. Twice flattens everything, and hardly anything is learned."
)
def softmax_before_cross_entropy(start_logits, end_logits, start_positions, end_positions):
    return _two_sides(start_logits.softmax(-1), end_logits.softmax(-1), start_positions, end_positions)


@span_loss.mistake(
    "All starts and ends together share one mean. Where more ends than starts are cut off, each start then weighs less than it should: the contract is the mean of *two* means."
)
def one_mean_for_both(start_logits, end_logits, start_positions, end_positions):
    logits, positions = torch.cat([start_logits, end_logits]), torch.cat([start_positions, end_positions])
    return _one_side(logits, positions)


@span_loss.mistake(
    "Where everything is cut off the loss is NaN, the mean of nothing. One such batch, and every weight of the model is NaN."
)
def nan_where_nothing_counts(start_logits, end_logits, start_positions, end_positions):
    return _library_loss(start_logits, end_logits, start_positions, end_positions)


@span_loss.mistake(
    "Positions of L and more are not looked after: `cross_entropy` raises an error, and training ends with the first long text."
)
def outside_raises(start_logits, end_logits, start_positions, end_positions):
    return (F.cross_entropy(start_logits, start_positions) + F.cross_entropy(end_logits, end_positions)) / 2


@span_loss.mistake(
    "The value is right, but it is a new number without a history: `backward()` has nothing to go through, so nothing is learned."
)
def cut_from_the_graph(start_logits, end_logits, start_positions, end_positions):
    return _two_sides(start_logits, end_logits, start_positions, end_positions).detach()


# -------------------------------------------------------------------------------------------- windows

windows = Exercise(
    "windows",
    points=3,
    takes=("length: int", "max_length: int", "stride: int"),
    returns=("windows: list of pairs",),
    summary="Cut a long text into overlapping windows, as tokenizers do.",
    read="“A passage that is too long”, and the picture there",
    hints=(
        "How far is it from the start of one window to that of the next? `stride` tokens are shared, so it is `max_length` less that.",
        "A window ends at `start + max_length`, or at `length` if that comes first (`min`).",
        "When to stop: as soon as a window has reached `length`. One more would lie wholly inside the last.",
    ),
)


@windows.case
def several_windows(draw):
    """a text of several windows, the last one shorter"""
    longest = draw.integer(7, 10)
    stride = draw.integer(2, 3)
    step = longest - stride
    return Case(
        length=longest + step * draw.integer(2, 3) + draw.integer(1, step - 1),
        max_length=longest,
        stride=stride,
    )


@windows.case
def wide_overlap(draw):
    """windows that share more than half of their tokens"""
    longest = draw.integer(8, 11)
    stride = longest - draw.integer(2, 3)
    return Case(length=longest + 3 * (longest - stride) + 1, max_length=longest, stride=stride)


@windows.case
def exact_fit(draw):
    """a text whose last window is just full"""
    longest = draw.integer(7, 10)
    stride = draw.integer(2, 4)
    return Case(length=longest + (longest - stride) * draw.integer(2, 3), max_length=longest, stride=stride)


@windows.case
def side_by_side(draw):
    """windows without overlap"""
    longest = draw.integer(4, 7)
    return Case(
        length=longest * draw.integer(2, 3) + draw.integer(1, longest - 1), max_length=longest, stride=0
    )


@windows.case
def short_text(draw):
    """a text that fits into one window"""
    longest = draw.integer(7, 10)
    return Case(length=longest - draw.integer(1, 3), max_length=longest, stride=draw.integer(2, 4))


@windows.case
def just_one(draw):
    """a text that just fills one window"""
    longest = draw.integer(7, 10)
    return Case(length=longest, max_length=longest, stride=draw.integer(2, 4))


@windows.case
def shorter_than_the_overlap(draw):
    """a text that is no longer than the overlap"""
    longest = draw.integer(7, 10)
    stride = draw.integer(3, longest - 1)
    return Case(length=draw.integer(1, stride), max_length=longest, stride=stride)


@windows.case(apart=True)
def all_overlap(draw):
    """a stride as long as the window"""
    longest = draw.integer(4, 7)
    return Case(length=3 * longest, max_length=longest, stride=longest)


@windows.case(apart=True)
def more_than_all(draw):
    """a stride longer than the window"""
    longest = draw.integer(4, 7)
    return Case(length=3 * longest, max_length=longest, stride=longest + draw.integer(1, 3))


LONG_TEXTS = (several_windows, wide_overlap, exact_fit, side_by_side)


def _tokenizer_windows(length: int, max_length: int, stride: int) -> list[list[int]]:
    """The windows that the library `tokenizers` cuts a text of `length` words into, by the words' numbers."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    tokenizer = Tokenizer(WordLevel({str(n): n for n in range(length)}, unk_token="0"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.enable_truncation(max_length, stride=stride)
    first = tokenizer.encode(" ".join(map(str, range(length))))
    return [[window.ids[0], window.ids[-1] + 1] for window in (first, *first.overflowing)]


def _windows_of(answer) -> list[list[int]]:
    got = _numbers(answer())
    for window in got:
        right = isinstance(window, list) and len(window) == 2 and all(type(n) is int for n in window)
        expect.that(right, f"a window is a pair of ints, got {window!r}")
    return got


@windows.must(
    "Begin each window `max_length - stride` tokens after the one before, the first at 0.",
    weight=0.7,
    on=LONG_TEXTS,
)
def windows_begin(case, answer):
    got, want = _windows_of(answer), _tokenizer_windows(**case.arguments)
    shared = min(len(got), len(want))
    expect.that(shared > 1, f"expected {len(want)} windows, got {len(got)}")
    expect.same([w[0] for w in got[:shared]], [w[0] for w in want[:shared]], "starts")


@windows.must(
    "End each window `max_length` tokens after its start (exclusive), the last at `length`.",
    weight=0.7,
    on=LONG_TEXTS,
)
def windows_end(case, answer):
    got, want = _windows_of(answer), _tokenizer_windows(**case.arguments)
    shared = min(len(got), len(want))
    expect.that(shared > 1, f"expected {len(want)} windows, got {len(got)}")
    expect.same([w[1] for w in got[:shared]], [w[1] for w in want[:shared]], "ends")


@windows.must(
    "Stop with the first window that reaches the end of the text, not sooner and not later.",
    weight=0.7,
    on=LONG_TEXTS,
)
def windows_stop(case, answer):
    got, want = _windows_of(answer), _tokenizer_windows(**case.arguments)
    expect.that(len(got) == len(want), f"expected {len(want)} windows {want}, got {len(got)}: {got}")


@windows.must(
    "Give one window for a text that fits into one.",
    weight=0.45,
    on=(short_text, just_one, shorter_than_the_overlap),
)
def one_window(case, answer):
    expect.same(_windows_of(answer), _tokenizer_windows(**case.arguments), "windows")


@windows.must(
    "Raise a `ValueError` where the stride is not below `max_length`: the next window would never get on.",
    weight=0.45,
    on=(all_overlap, more_than_all),
)
def must_get_on(case, answer):
    answer(stride=0)  # it does not raise whatever comes
    answer.raises(ValueError)


def _slide(length, max_length, stride, step=None, end=None, done=None):
    """The right answer, with the places where mistakes are made as arguments."""
    if stride >= max_length:
        raise ValueError("stride must be below max_length")
    end = end or (lambda start: min(start + max_length, length))
    done = done or (lambda start: start + max_length >= length)
    start, found = 0, []
    while True:
        found.append((start, end(start)))
        if done(start):
            return found
        start += step or max_length - stride


@windows.mistake(
    "`stride` is taken for the step. In tokenizers it is the *overlap*: windows that should share two tokens would share nearly all, and there would be many more of them."
)
def stride_is_the_step(length, max_length, stride):
    return _slide(length, max_length, stride, step=max(stride, 1))


@windows.mistake(
    "The windows do not overlap. An answer on the border is cut in two, and no window has the whole of it: that is what the stride is for."
)
def no_overlap(length, max_length, stride):
    return _slide(length, max_length, stride, step=max_length)


@windows.mistake(
    "There is a window too many: it lies wholly inside the one before. It costs time, and its candidates are the same ones once more."
)
def window_inside_the_last(length, max_length, stride):
    step = max_length - stride
    return _slide(length, max_length, stride, done=lambda start: start + step >= length)


@windows.mistake(
    "The rest of the text is dropped: the last window must be full here. Whatever stands in the last tokens of the passage is never read."
)
def rest_dropped(length, max_length, stride):
    found = _slide(length, max_length, stride)
    return [window for window in found if window[1] - window[0] == max_length] or found


@windows.mistake(
    "The starts are those of `range(0, length - stride, ...)`, and for a text that is no longer than the overlap there are none: it is never read. There is always a first window."
)
def short_text_lost(length, max_length, stride):
    windows = _slide(length, max_length, stride)
    return windows if length > stride else []


@windows.mistake(
    "The last window is moved back until it is full. That is a fair way to do it, but not what tokenizers do: the offsets would not fit theirs."
)
def last_moved_back(length, max_length, stride):
    *rest, (start, end) = _slide(length, max_length, stride)
    return [*rest, (max(0, min(start, end - max_length)), end)]


@windows.mistake(
    "The last window runs on past the end of the text. There are no tokens to read: it ends at `length`."
)
def past_the_end(length, max_length, stride):
    return _slide(length, max_length, stride, end=lambda start: start + max_length)


@windows.mistake(
    "The ends are inclusive. The contract has them exclusive, as slices have: `tokens[start:end]` would lose one token of each window."
)
def ends_inclusive(length, max_length, stride):
    return _slide(length, max_length, stride, end=lambda start: min(start + max_length, length) - 1)


@windows.mistake(
    "The step is one too short: windows share one token more than `stride` says. Count by hand what two neighbours have in common."
)
def step_one_too_short(length, max_length, stride):
    return _slide(length, max_length, stride, step=max_length - stride - 1)


@windows.mistake(
    "A stride that is too long is made smaller in silence. The windows are then others than asked for; a `ValueError` says so at once."
)
def stride_cut_in_silence(length, max_length, stride):
    return _slide(length, max_length, min(stride, max_length - 1))


@windows.mistake(
    "A stride just as long as the window is let through. Then every window begins where the one before began, and there is no end of them."
)
def equal_stride_allowed(length, max_length, stride):
    if stride > max_length:
        raise ValueError("stride")
    return _slide(length, max_length, stride) if stride < max_length else [(0, max_length)]


# ---------------------------------------------------------------------------------------- best_answer

best_answer = Exercise(
    "best_answer",
    points=0,
    takes=("candidates: list of dicts", "null_score: float", "threshold: float"),
    returns=("answer: str",),
    summary="The best candidate of all windows, or the empty text where “no answer” beats it clearly enough.",
    read="“No answer”",
    rounds=1,
    hints=(
        "Three questions in this order: is there a candidate at all? Which one scores highest? Does the null score beat it by more than the threshold?",
        "`max(candidates, key=...)` gives the first of equals.",
    ),
)


def _candidates(draw, count: int) -> list[dict]:
    """Candidates with scores in steps of a quarter, all different, the best neither first nor last."""
    scores = sorted(draw.shuffled([n / 4 for n in range(-10, 40)])[:count])
    best, rest = scores[-1], draw.shuffled(scores[:-1])
    place = draw.integer(1, count - 2)
    names = draw.shuffled(SHORT_WORDS)
    ordered = [*rest[:place], best, *rest[place:]]
    return [{"text": name, "score": score} for name, score in zip(names, ordered, strict=False)]


def _with_null(draw, above: float, threshold: float) -> Case:
    """A null score that is `above` the best candidate's."""
    found = _candidates(draw, draw.integer(4, 6))
    best = max(row["score"] for row in found)
    return Case(candidates=found, null_score=best + above, threshold=threshold)


@best_answer.case
def a_clear_answer(draw):
    """a candidate beats “no answer” clearly"""
    return _with_null(draw, -draw.integer(2, 8) / 2, 5.0)


@best_answer.case
def clearly_none(draw):
    """“no answer” beats every candidate"""
    return _with_null(draw, draw.integer(2, 8) / 2, 0.0)


@best_answer.case
def not_by_enough(draw):
    """“no answer” scores higher, but by less than the threshold"""
    return _with_null(draw, draw.integer(1, 3) / 2, 2.0)


@best_answer.case
def by_enough(draw):
    """“no answer” scores higher by more than the threshold"""
    return _with_null(draw, 2 + draw.integer(1, 3) / 2, 2.0)


@best_answer.case
def a_negative_threshold(draw):
    """a negative threshold: “no answer” wins although a candidate scores a little higher"""
    return _with_null(draw, -draw.integer(1, 3) / 2, -2.0)


@best_answer.case
def by_just_the_threshold(draw):
    """“no answer” scores higher by just the threshold"""
    threshold = draw.integer(0, 4) / 2
    return _with_null(draw, threshold, threshold)


@best_answer.case
def two_equals(draw):
    """two candidates score the same"""
    case = _with_null(draw, -2.0, 0.0)
    rows = case.candidates
    best = max(rows, key=lambda row: row["score"])
    rows.append({"text": "zinc", "score": best["score"]})
    return case


@best_answer.case
def threshold_left_out(draw):
    """no threshold is given: “no answer” beats the best candidate by little"""
    case = _with_null(draw, draw.integer(1, 3) / 4, 0.0)
    del case.arguments["threshold"]
    return case


@best_answer.case(apart=True)
def no_candidate(draw):
    """no window has a candidate"""
    return Case(candidates=[], null_score=-draw.integer(2, 8) / 2, threshold=0.0)


def _judged(candidates, null_score, threshold=0.0):
    best = max(candidates, key=lambda row: row["score"], default=None)
    return "" if best is None or null_score - best["score"] > threshold else best["text"]


def _right_answer(case: Case, answer) -> None:
    rows = case.candidates
    expect.same(
        answer(),
        _judged(**case.arguments),
        "answer",
        best_score=max((row["score"] for row in rows), default=None),
        null_score=case.null_score,
        threshold=case.arguments.get("threshold", 0.0),
    )


@best_answer.must(
    "Give the text of the best candidate, the first of equals.", on=(a_clear_answer, two_equals)
)
def best_of_all(case, answer):
    _right_answer(case, answer)


@best_answer.must(
    "Give the empty text only where the null score beats the best candidate by *more* than the threshold.",
    on=(
        clearly_none,
        not_by_enough,
        by_enough,
        a_negative_threshold,
        by_just_the_threshold,
        threshold_left_out,
    ),
)
def null_by_threshold(case, answer):
    _right_answer(case, answer)


@best_answer.must("Give the empty text where there is no candidate.", weight=0.5, on=(no_candidate,))
def nothing_found(case, answer):
    _right_answer(case, answer)


@best_answer.mistake(
    "The null score is never looked at: there is always an answer, also to questions that the passage cannot answer."
)
def always_answers(candidates, null_score, threshold=0.0):
    return _judged(candidates, float("-inf"), threshold)


@best_answer.mistake(
    "The threshold is not used. It is the handle by which one trades wrong answers against missed ones."
)
def threshold_ignored(candidates, null_score, threshold=0.0):
    return _judged(candidates, null_score, 0.0)


@best_answer.mistake(
    "The threshold is on the wrong side: it makes “no answer” *likelier* where it should make it rarer."
)
def threshold_on_the_other_side(candidates, null_score, threshold=0.0):
    return _judged(candidates, null_score, -threshold)


@best_answer.mistake(
    "Null and candidate are compared the wrong way round: an empty answer where the candidate is the better one."
)
def compared_the_wrong_way(candidates, null_score, threshold=0.0):
    best = max(candidates, key=lambda row: row["score"], default=None)
    return "" if best is None or best["score"] - null_score > threshold else best["text"]


@best_answer.mistake(
    "“Just by the threshold” is counted as more. The contract says *more than*: at equality the candidate stands."
)
def equality_is_null(candidates, null_score, threshold=0.0):
    best = max(candidates, key=lambda row: row["score"], default=None)
    return "" if best is None or null_score - best["score"] >= threshold else best["text"]


@best_answer.mistake(
    "The last of equals is taken. Windows overlap, so the same answer comes twice; the contract takes the first, as `max` does."
)
def last_of_equals(candidates, null_score, threshold=0.0):
    return _judged(candidates[::-1], null_score, threshold)


@best_answer.mistake(
    "The first candidate is taken, whatever it scores. Candidates come window by window, not sorted."
)
def first_candidate(candidates, null_score, threshold=0.0):
    return _judged(candidates[:1], null_score, threshold)


@best_answer.mistake(
    "Without a candidate there is an `IndexError` or the like. A window may have none; then the answer is the empty text."
)
def fails_without_candidates(candidates, null_score, threshold=0.0):
    best = sorted(candidates, key=lambda row: -row["score"])[0]
    return "" if null_score - best["score"] > threshold else best["text"]


# ---------------------------------------------------------------------------------------- exact_match


def _bare(text: str) -> str:
    """SQuAD's normal form: lower case, no ASCII punctuation, no articles, single spaces; in this order."""
    letters = "".join(sign for sign in text.lower() if sign not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", letters).split())


exact_match = Exercise(
    "exact_match",
    points=2,
    takes=("prediction: str", "answers: list of str"),
    returns=("score: float",),
    summary="1.0 if the prediction is one of the answers after SQuAD's normalisation, else 0.0.",
    read="“Scored the way SQuAD scores”, and the steps of the normalisation",
    rounds=1,
    hints=(
        "Write a function of its own for the normal form of one text, and use it for the prediction and for every answer.",
        "The order matters: lower case; then take out every character of `string.punctuation`; then drop the words `a`, `an` and `the`; then join what is left by single spaces.",
        '`text.split()` cuts at any white space, so `" ".join(...)` of the words that are no articles does the last two steps at once.',
    ),
)

# Predictions and answers that are the same to SQuAD, or are not, for one reason each.
OTHER_CASE = (("KARL von Frisch", "Karl von Frisch"), ("cast Iron", "cast iron"), ("new haven", "New Haven"))
ARTICLE_IN_FRONT = (("An hour", "hour"), ("a ring", "the ring"), ("eclipse", "an eclipse"))
THE_INSIDE = (("name of the ship", "name of ship"), ("all over the north", "all over north"))
ARTICLE_INSIDE = (("hour and a half", "hour and half"), ("queen of the hive", "queen of a hive"))
SIGN_BEHIND = (("New Haven,", "New Haven"), ("1876.", "1876"), ("(cast iron)", "cast iron"))
SIGN_INSIDE = (("twenty-one", "twentyone"), ("5,895 metres", "5895 metres"), ("X-rays", "Xrays"))
SIGNS_FIRST = (("7 a.m.", "7 am"), ("a.k.a. Io", "aka Io"), ("3 a-days", "3 adays"))
OTHER_SPACES = (("ten  years", "ten years"), (" ten\nyears ", "ten years"), ("two\t months", "two months"))
CUT_BY_A_SIGN = (("twenty-one", "twenty one"), ("six-week", "six week"), ("36/52", "36 52"))
NO_ARTICLE = (("Thebes", "Bes"), ("Andes", "Des"), ("theory", "ory"), ("Anvers", "vers"))
ARTICLE_AT_THE_END = (("panda bear", "pandbear"), ("Roman road", "Romroad"), ("lava rock", "lavrock"))
ANOTHER_ORDER = (("Haven New", "New Haven"), ("Europa and Io", "Io and Europa"), ("metres 12", "12 metres"))
A_WORD_MORE = (("about six weeks", "six weeks"), ("Gregor Mendel", "Mendel"), ("fur of otters", "fur"))
A_WORD_LESS = (("six weeks", "about six weeks"), ("Mendel", "Gregor Mendel"), ("fur", "fur of otters"))


def _with_others(draw, right: str) -> list[str]:
    """`right` behind one or two answers that are quite different."""
    return [*draw.shuffled(("Philadelphia", "eleven ships", "copper wire"))[: draw.integer(1, 2)], right]


def _compared(draw, pairs: Sequence[tuple[str, str]]) -> Case:
    prediction, answer = draw.choice(pairs)
    return Case(prediction=prediction, answers=[answer])


@exact_match.case
def another_case(draw):
    """the same but for case"""
    return _compared(draw, OTHER_CASE)


@exact_match.case
def sign_behind(draw):
    """the same but for a sign around it"""
    return _compared(draw, SIGN_BEHIND)


@exact_match.case
def sign_inside(draw):
    """the same but for a sign inside a word or a number"""
    return _compared(draw, SIGN_INSIDE)


@exact_match.case
def other_spaces(draw):
    """the same but for white space"""
    return _compared(draw, OTHER_SPACES)


@exact_match.case
def cut_by_a_sign(draw):
    """a word with a sign in it against two words"""
    return _compared(draw, CUT_BY_A_SIGN)


@exact_match.case
def article_in_front(draw):
    """the same but for an article in front"""
    return _compared(draw, ARTICLE_IN_FRONT)


@exact_match.case
def article_inside(draw):
    """the same but for an article inside"""
    return _compared(draw, ARTICLE_INSIDE)


@exact_match.case
def signs_before_articles(draw):
    """the same, if punctuation goes before articles do"""
    return _compared(draw, SIGNS_FIRST)


@exact_match.case
def letters_of_articles(draw):
    """a word that merely begins with the letters of an article"""
    return _compared(draw, NO_ARTICLE)


@exact_match.case
def the_inside(draw):
    """the same but for a “the” inside"""
    return _compared(draw, THE_INSIDE)


@exact_match.case
def ends_like_an_article(draw):
    """a word that merely ends with the letters of an article"""
    return _compared(draw, ARTICLE_AT_THE_END)


@exact_match.case
def another_order(draw):
    """the words of the answer in another order"""
    return _compared(draw, ANOTHER_ORDER)


@exact_match.case
def a_later_answer(draw):
    """the last of several answers"""
    answer = draw.choice(("New Haven", "cast iron", "six months"))
    return Case(prediction=answer, answers=_with_others(draw, answer))


@exact_match.case
def an_earlier_answer(draw):
    """the first of several answers"""
    answer = draw.choice(("New Haven", "cast iron", "six months"))
    return Case(prediction=answer, answers=_with_others(draw, answer)[::-1])


@exact_match.case
def a_word_more(draw):
    """a word too many"""
    return _compared(draw, A_WORD_MORE)


@exact_match.case
def a_word_less(draw):
    """a word too few"""
    return _compared(draw, A_WORD_LESS)


@exact_match.case(apart=True)
def rightly_nothing(draw):
    """an empty prediction, and no answer"""
    return Case(prediction=draw.choice(("", " ", "the")), answers=[""])


@exact_match.case(apart=True)
def wrongly_nothing(draw):
    """an empty prediction, and an answer"""
    return Case(prediction="", answers=[draw.choice(("Kibo", "six months"))])


@exact_match.case(apart=True)
def wrongly_something(draw):
    """a prediction, and no answer"""
    return Case(prediction=draw.choice(("Kibo", "six months")), answers=[""])


def _em(prediction, answers, normal: Callable = _bare, same: Callable = str.__eq__, over: Callable = max):
    return float(over([same(normal(prediction), normal(answer)) for answer in answers]))


def _as_squad(case: Case, answer, score: Callable) -> None:
    expect.same(answer(), score(case.prediction, case.answers), "score")


@exact_match.must(
    "Make nothing of case, punctuation and white space, and take punctuation out without a gap.",
    weight=0.55,
    on=(another_case, sign_behind, sign_inside, other_spaces, cut_by_a_sign),
)
def case_and_signs(case, answer):
    _as_squad(case, answer, _em)


@exact_match.must(
    "Make nothing of the words a, an and the, once the punctuation is gone; letters inside words stay.",
    weight=0.55,
    on=(
        article_in_front,
        article_inside,
        the_inside,
        signs_before_articles,
        letters_of_articles,
        ends_like_an_article,
    ),
)
def articles(case, answer):
    _as_squad(case, answer, _em)


@exact_match.must(
    "Give 1.0 for any one of the answers, and 0.0 for a word too many or too few.",
    weight=0.55,
    on=(a_later_answer, an_earlier_answer, a_word_more, a_word_less, another_order),
)
def any_answer_all_of_it(case, answer):
    _as_squad(case, answer, _em)


@exact_match.must(
    "Give 1.0 to an empty prediction where there is no answer, and 0.0 where only one of them is empty.",
    weight=0.35,
    on=(rightly_nothing, wrongly_nothing, wrongly_something),
)
def empty_texts(case, answer):
    _as_squad(case, answer, _em)


def _lower(text):
    return text.lower()


def _no_signs(text):
    return "".join(sign for sign in text if sign not in string.punctuation)


def _no_articles(text):
    return re.sub(r"\b(a|an|the)\b", " ", text)


def _single_spaces(text):
    return " ".join(text.split())


def _steps(*steps: Callable) -> Callable:
    def normal(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    return normal


def _signs_to_spaces(text):
    return "".join(" " if sign in string.punctuation else sign for sign in text)


def _articles_anywhere(text):
    for article in ("the", "an", "a"):
        text = text.replace(article, "")
    return text


def _articles_and_spaces(text):
    for article in ("the ", "an ", "a "):
        text = text.replace(article, "")
    return text


def _signs_at_the_ends(text):
    return " ".join(word.strip(string.punctuation) for word in text.split())


def _leading_article(text):
    return re.sub(r"^\s*(a|an|the)\b", "", text)


NOT_NORMAL = {
    "nothing_normalised": (
        "The texts are compared as they stand. “The distance.” and “distance” are the same answer to SQuAD; whoever marks them wrong measures typing.",
        _steps(),
    ),
    "case_kept": (
        "Upper and lower case still count. Models with a lower-case vocabulary would never be right.",
        _steps(_no_signs, lambda text: re.sub(r"(?i)\b(a|an|the)\b", " ", text), _single_spaces),
    ),
    "signs_kept": (
        "Punctuation still counts: an answer with the full stop of its sentence is marked wrong.",
        _steps(_lower, _no_articles, _single_spaces),
    ),
    "articles_kept": (
        "Articles still count: “the distance” is marked wrong where “distance” is listed.",
        _steps(_lower, _no_signs, _single_spaces),
    ),
    "spaces_kept": (
        "White space still counts: a line feed or a doubled space inside an answer makes it wrong.",
        _steps(_lower, _no_signs, lambda text: re.sub(r"\b(a|an|the)\b ?", "", text)),
    ),
    "signs_become_spaces": (
        "Punctuation becomes a space. SQuAD takes it out: “X-rays” is “xrays” there, and “7 a.m.” is “7 am”.",
        _steps(_lower, _signs_to_spaces, _no_articles, _single_spaces),
    ),
    "articles_before_signs": (
        "Articles go before punctuation does. Then the `a` of “7 a.m.” is an article, and “7 m” is left of it.",
        _steps(_lower, _no_articles, _no_signs, _single_spaces),
    ),
    "articles_inside_words": (
        "The letters of articles are taken out of words, too: “Thebes” becomes “bes”. An article is a word of its own.",
        _steps(_lower, _no_signs, _articles_anywhere, _single_spaces),
    ),
    "signs_at_the_ends_only": (
        "Punctuation is only stripped from the ends of words. Inside them it still counts: “5,895” and “5895” are one number to SQuAD.",
        _steps(_lower, _signs_at_the_ends, _no_articles, _single_spaces),
    ),
    "articles_at_the_ends_of_words": (
        "Articles are looked for as letters with a space behind them. Words may end in these letters: “panda bear” becomes “pandbear”. An article is a word of its own.",
        _steps(_lower, _no_signs, _articles_and_spaces, _single_spaces),
    ),
    "only_the_dropped": (
        "Only “the” is dropped. “a” and “an” are articles, too: “an hour” and “hour” are the same to SQuAD.",
        _steps(_lower, _no_signs, lambda text: re.sub(r"\bthe\b", " ", text), _single_spaces),
    ),
    "leading_article_only": (
        "Only an article at the very beginning is dropped. SQuAD drops every one: “queen of the hive” and “queen of a hive” are the same.",
        _steps(_lower, _no_signs, _leading_article, _single_spaces),
    ),
}  # fmt: skip


@exact_match.mistake(NOT_NORMAL["nothing_normalised"][0])
def nothing_normalised(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["nothing_normalised"][1])


@exact_match.mistake(NOT_NORMAL["case_kept"][0])
def case_kept(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["case_kept"][1])


@exact_match.mistake(NOT_NORMAL["signs_kept"][0])
def signs_kept(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["signs_kept"][1])


@exact_match.mistake(NOT_NORMAL["articles_kept"][0])
def articles_kept(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["articles_kept"][1])


@exact_match.mistake(NOT_NORMAL["spaces_kept"][0])
def spaces_kept(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["spaces_kept"][1])


@exact_match.mistake(NOT_NORMAL["signs_become_spaces"][0])
def signs_become_spaces(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["signs_become_spaces"][1])


@exact_match.mistake(NOT_NORMAL["articles_before_signs"][0])
def articles_before_signs(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["articles_before_signs"][1])


@exact_match.mistake(NOT_NORMAL["articles_inside_words"][0])
def articles_inside_words(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["articles_inside_words"][1])


@exact_match.mistake(NOT_NORMAL["articles_at_the_ends_of_words"][0])
def articles_at_the_ends_of_words(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["articles_at_the_ends_of_words"][1])


@exact_match.mistake(NOT_NORMAL["only_the_dropped"][0])
def only_the_dropped(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["only_the_dropped"][1])


@exact_match.mistake(
    "The words are compared without their order. Exact means the same words one after the other: “Haven New” is not “New Haven”."
)
def words_in_any_order(prediction, answers):
    return _em(prediction, answers, lambda text: " ".join(sorted(_bare(text).split())))


@exact_match.mistake(NOT_NORMAL["signs_at_the_ends_only"][0])
def signs_at_the_ends_only(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["signs_at_the_ends_only"][1])


@exact_match.mistake(NOT_NORMAL["leading_article_only"][0])
def leading_article_only(prediction, answers):
    return _em(prediction, answers, NOT_NORMAL["leading_article_only"][1])


@exact_match.mistake(
    "Only the first of the answers is compared. People name the same thing in different ways; each listed answer is right by itself."
)
def first_answer_only(prediction, answers):
    return _em(prediction, answers[:1])


@exact_match.mistake("The prediction must equal *all* answers. One is enough; they differ on purpose.")
def all_answers_wanted(prediction, answers):
    return _em(prediction, answers, over=min)


@exact_match.mistake(
    "It is enough if the answer is *contained* in the prediction. Then the whole passage, handed back, is right every time."
)
def contained_is_enough(prediction, answers):
    return _em(prediction, answers, same=lambda said, true: true in said)


@exact_match.mistake(
    "It is enough if the prediction is *contained* in the answer. Then a single letter of it is right."
)
def part_is_enough(prediction, answers):
    return _em(prediction, answers, same=lambda said, true: said in true)


@exact_match.mistake(
    "An empty prediction always counts as wrong. Where there is no answer, saying nothing is just what is right."
)
def nothing_is_wrong(prediction, answers):
    return _em(prediction, answers) if _bare(prediction) else 0.0


# ------------------------------------------------------------------------------------------------- f1

f1 = Exercise(
    "f1",
    points=3,
    takes=("prediction: str", "answers: list of str"),
    returns=("score: float",),
    summary="SQuAD's F1: how many words prediction and answer share, the best over the answers.",
    read="“Half right”, and the words counted by hand",
    rounds=1,
    hints=(
        "First the normal form of both texts, cut into words. Then count the words they share: one that stands twice in both counts twice.",
        "`Counter(words) & Counter(other_words)` keeps of each word the smaller count. Its sum, over the number of predicted words, is the precision; over the number of true words the recall.",
        "Look after two cases before you divide: one of the texts is empty (1.0 if both are, else 0.0), and no word is shared (0.0).",
    ),
)


def _f1(prediction: str, answers: Sequence[str], normal: Callable = _bare, **changes) -> float:
    return max(_overlap(normal(prediction), normal(answer), **changes) for answer in answers)


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall)


def _overlap(
    said: str, true: str, words=str.split, count=collections.Counter, mean=_harmonic, empty=None
) -> float:
    """The F1 of two normal forms, with the places where mistakes are made as arguments."""
    said, true = words(said), words(true)
    if not said or not true:
        return float(said == true) if empty is None else empty(said, true)
    shared = sum((count(said) & count(true)).values())
    return mean(shared / len(said), shared / len(true)) if shared else 0.0


def _said(draw, pairs: Sequence[tuple[str, str]]) -> Case:
    return _compared(draw, pairs)


@f1.case
def words_too_many(draw):
    """more words than the answer has"""
    return _said(
        draw,
        (
            ("Io and Europa circle Jupiter", "Europa"),
            ("in Baltimore in 1851 or so", "Baltimore 1851"),
            ("salt from Taoudenni in northern Mali", "northern Mali"),
        ),
    )


@f1.case
def words_too_few(draw):
    """fewer words than the answer has"""
    return _said(
        draw,
        (
            ("Mitterrand", "Queen and President Mitterrand"),
            ("hail", "colliding grains of ice and soft hail"),
            ("cholera", "cholera typhus and dysentery"),
        ),
    )


@f1.case
def other_order(draw):
    """some words shared, in another order"""
    return _said(
        draw,
        (
            ("Strauss Levi merchant", "merchant called Levi Strauss"),
            ("bolt of blue lightning", "lightning bolt"),
            ("Orville and Wilbur Wright", "Wilbur Wright then Orville"),
        ),
    )


@f1.case
def a_word_twice(draw):
    """a word that the prediction has twice and the answer once, or the other way round"""
    return _said(
        draw,
        (
            ("Bach and Bach", "Bach"),
            ("New York New York City", "New York"),
            ("to Rome", "from Rome to Rome"),
        ),
    )


@f1.case
def twice_in_both(draw):
    """a word that both have twice"""
    return _said(
        draw,
        (
            ("from Rome to Rome by ship", "sailed from Rome to Rome"),
            ("day after day of rain", "rain day after day"),
            ("ten by ten metres", "ten by ten"),
        ),
    )


@f1.case
def nothing_shared(draw):
    """no word shared, though many letters"""
    return _said(
        draw, (("Marie Curie", "Wilhelm Röntgen"), ("sister", "brothers"), ("volcano", "volcanic cones"))
    )


@f1.case
def best_of_several(draw):
    """several answers, of which a later one fits best"""
    prediction, answers = draw.choice(
        (
            ("golden records of Voyager", ["records", "golden records", "golden records of Voyager probes"]),
            ("island of Mactan", ["Philippines", "Mactan", "on island of Mactan"]),
            ("President Mitterrand", ["Queen", "Mitterrand", "President Mitterrand of France"]),
        )
    )
    return Case(prediction=prediction, answers=answers)


@f1.case
def best_is_not_last(draw):
    """several answers, of which the first fits best"""
    prediction, answers = draw.choice(
        (
            ("golden records of Voyager", ["golden records of Voyager probes", "golden records"]),
            ("island of Mactan", ["on island of Mactan", "Mactan", "Philippines"]),
        )
    )
    return Case(prediction=prediction, answers=answers)


@f1.case
def to_be_normalised(draw):
    """case, punctuation and articles differ"""
    return _said(
        draw,
        (
            ("The Queen, and the president", "A queen"),
            ("On the island of Mactan.", "an Island, Mactan"),
            ("a park ranger (Roy Sullivan)", "The park ranger, Roy"),
        ),
    )


@f1.case
def other_letters(draw):
    """upper and lower case differ"""
    return _said(draw, (("KARL von Frisch", "karl Frisch"), ("cast IRON frame", "Cast iron")))


@f1.case
def other_signs_again(draw):
    """punctuation differs, also inside words"""
    return _said(draw, (("5,895 metres high", "5895 metres"), ("twenty-one years, or so", "twentyone years")))


@f1.case
def articles_again(draw):
    """articles differ, also inside the text"""
    return _said(
        draw, (("queen of the hive", "queen of a hive here"), ("ring on the hand", "the ring on a hand seen"))
    )


@f1.case
def articles_after_signs(draw):
    """an abbreviation with the letters of an article"""
    return _said(draw, (("at 7 a.m.", "7 am"), ("moon, a.k.a. Io", "aka Io")))


@f1.case
def no_articles_at_all(draw):
    """words that merely begin with the letters of an article"""
    return _said(draw, (("Thebes in Egypt", "Bes"), ("high Andes", "Des")))


@f1.case
def ends_like_an_article_again(draw):
    """a word that merely ends with the letters of an article"""
    return _said(draw, (("panda bear here", "pandbear"), ("old Roman road", "Romroad")))


@f1.case(apart=True)
def both_empty(draw):
    """an empty prediction, and no answer"""
    return Case(prediction=draw.choice(("", " ")), answers=[""])


@f1.case(apart=True)
def nothing_left(draw):
    """a prediction of which normalisation leaves nothing, and no answer"""
    return Case(prediction=draw.choice(("the", "The.", "...")), answers=[""])


@f1.case(apart=True)
def prediction_empty(draw):
    """an empty prediction, and an answer"""
    return Case(prediction="", answers=[draw.choice(("Kibo", "six months"))])


@f1.case(apart=True)
def answer_empty(draw):
    """a prediction, and no answer"""
    return Case(prediction=draw.choice(("Kibo", "six months")), answers=[""])


@f1.must(
    "Give the harmonic mean of precision and recall over the words.",
    weight=0.65,
    on=(words_too_many, words_too_few, other_order),
)
def harmonic_mean(case, answer):
    _as_squad(case, answer, _f1)


@f1.must(
    "Count a word as often as both texts have it, no more and no less.",
    weight=0.65,
    on=(a_word_twice, twice_in_both),
)
def words_counted(case, answer):
    _as_squad(case, answer, _f1)


@f1.must("Take the best over the answers.", weight=0.65, on=(best_of_several, best_is_not_last))
def best_over_answers(case, answer):
    _as_squad(case, answer, _f1)


@f1.must(
    "Normalise first, as for the exact match.",
    weight=0.65,
    on=(
        to_be_normalised,
        other_letters,
        other_signs_again,
        articles_again,
        articles_after_signs,
        no_articles_at_all,
        ends_like_an_article_again,
    ),
)
def normalised_first(case, answer):
    _as_squad(case, answer, _f1)


@f1.must("Give 0.0 where no word is shared.", weight=0.15, on=(nothing_shared,))
def nothing_is_zero(case, answer):
    _as_squad(case, answer, _f1)


@f1.must(
    "Give 1.0 for two empty texts, and 0.0 where only one of them is empty.",
    weight=0.25,
    on=(both_empty, nothing_left, prediction_empty, answer_empty),
)
def empties(case, answer):
    _as_squad(case, answer, _f1)


# Not `spaces_kept`: cutting into words takes care of them.


@f1.mistake(NOT_NORMAL["nothing_normalised"][0])
def nothing_normalised_in_f1(prediction, answers):
    return _f1(prediction, answers, NOT_NORMAL["nothing_normalised"][1])


@f1.mistake(NOT_NORMAL["case_kept"][0])
def case_kept_in_f1(prediction, answers):
    return _f1(prediction, answers, NOT_NORMAL["case_kept"][1])


@f1.mistake(NOT_NORMAL["signs_kept"][0])
def signs_kept_in_f1(prediction, answers):
    return _f1(prediction, answers, NOT_NORMAL["signs_kept"][1])


@f1.mistake(NOT_NORMAL["articles_kept"][0])
def articles_kept_in_f1(prediction, answers):
    return _f1(prediction, answers, NOT_NORMAL["articles_kept"][1])


@f1.mistake(NOT_NORMAL["signs_become_spaces"][0])
def signs_become_spaces_in_f1(prediction, answers):
    return _f1(prediction, answers, NOT_NORMAL["signs_become_spaces"][1])


@f1.mistake(NOT_NORMAL["articles_before_signs"][0])
def articles_before_signs_in_f1(prediction, answers):
    return _f1(prediction, answers, NOT_NORMAL["articles_before_signs"][1])


@f1.mistake(NOT_NORMAL["articles_inside_words"][0])
def articles_inside_words_in_f1(prediction, answers):
    return _f1(prediction, answers, NOT_NORMAL["articles_inside_words"][1])


@f1.mistake(NOT_NORMAL["articles_at_the_ends_of_words"][0])
def articles_at_the_ends_of_words_in_f1(prediction, answers):
    return _f1(prediction, answers, NOT_NORMAL["articles_at_the_ends_of_words"][1])


@f1.mistake(NOT_NORMAL["signs_at_the_ends_only"][0])
def signs_at_the_ends_only_in_f1(prediction, answers):
    return _f1(prediction, answers, NOT_NORMAL["signs_at_the_ends_only"][1])


@f1.mistake(NOT_NORMAL["leading_article_only"][0])
def leading_article_only_in_f1(prediction, answers):
    return _f1(prediction, answers, NOT_NORMAL["leading_article_only"][1])


@f1.mistake(
    "Each word counts once, however often it stands there (a `set`). “Bach and Bach” would then share as much as “Bach and”; SQuAD counts with a `Counter`."
)
def sets_of_words(prediction, answers):
    return _f1(prediction, answers, words=lambda text: list(dict.fromkeys(text.split())))


@f1.mistake(
    "Shared words are counted in the prediction alone: one that it says twice is right twice, though the answer has it once. The score can be raised by repeating oneself."
)
def repetition_rewarded(prediction, answers):
    def overlap(said, true):
        said, true = _bare(said).split(), _bare(true).split()
        if not said or not true:
            return float(said == true)
        shared = sum(word in true for word in said)
        return _harmonic(shared / len(said), shared / len(true)) if shared else 0.0

    return max(overlap(prediction, answer) for answer in answers)


@f1.mistake(
    "This is the precision: which share of the predicted words is right. Whoever says a single right word gets everything."
)
def precision_alone(prediction, answers):
    return _f1(prediction, answers, mean=lambda precision, recall: precision)


@f1.mistake(
    "This is the recall: which share of the answer was found. Whoever hands back the whole passage gets everything."
)
def recall_alone(prediction, answers):
    return _f1(prediction, answers, mean=lambda precision, recall: recall)


@f1.mistake(
    "The plain mean of precision and recall is taken. The harmonic one is closer to the smaller of the two, so that one good half does not hide a bad one."
)
def plain_mean(prediction, answers):
    return _f1(prediction, answers, mean=lambda precision, recall: (precision + recall) / 2)


@f1.mistake(
    "Shared words are divided by all different words of both texts (Jaccard). That is a similarity, too, but a smaller number than F1."
)
def jaccard(prediction, answers):
    return _f1(prediction, answers, mean=lambda p, r: p * r / (p + r - p * r))


@f1.mistake("Letters are compared, not words. “Curie” and “Röntgen” share some, and would be partly right.")
def letters_compared(prediction, answers):
    return _f1(prediction, answers, words=lambda text: list(text.replace(" ", "")))


@f1.mistake(
    "The mean over the answers is taken. Each of them is right by itself, so the best one counts; otherwise a question is harder the more answers it lists."
)
def mean_over_answers(prediction, answers):
    return sum(_f1(prediction, [answer]) for answer in answers) / len(answers)


@f1.mistake("Only the first of the answers is looked at. The best over all of them counts.")
def first_answer_alone(prediction, answers):
    return _f1(prediction, answers[:1])


@f1.mistake("Two empty texts get 0.0. Where there is no answer, saying nothing is wholly right.")
def both_empty_is_zero(prediction, answers):
    return _f1(prediction, answers, empty=lambda said, true: 0.0)


@f1.mistake("An empty text on one side gets 1.0. A model that never answers would be right every time.")
def one_empty_is_one(prediction, answers):
    return _f1(prediction, answers, empty=lambda said, true: 1.0)


@f1.mistake(
    "Where no word is shared, or a text is empty, something is divided by zero. One such question, and the whole evaluation ends."
)
def divided_by_zero(prediction, answers):
    def overlap(said, true):
        said, true = _bare(said).split(), _bare(true).split()
        shared = sum((collections.Counter(said) & collections.Counter(true)).values())
        return _harmonic(shared / len(said), shared / len(true))

    return max(overlap(prediction, answer) for answer in answers)


# ----------------------------------------------------------------------------------------------- quiz

question_answering_quiz = Quiz(
    "question_answering_quiz",
    {
        "crossing": Question(
            "Why can the argmax of the end scores stand before that of the start scores?",
            (
                (
                    "The model was trained badly; a good one never does that.",
                    "Nothing in the model forbids it, however good it is: two plausible answers in one passage are enough.",
                ),
                (
                    "The end scores are read from the right.",
                    "Both lists run over the same tokens, from left to right.",
                ),
                (
                    "Each list is scored by itself: the best start may belong to one answer, the best end to another.",
                    "",
                ),
                (
                    "The softmax over the ends comes before that over the starts.",
                    "Neither hangs on the other, and a softmax does not move the largest score.",
                ),
            ),
            "c",
        ),
        "stride": Question(
            "A passage of 500 tokens is cut with `max_length=200` (context tokens) and `stride=50`. Where does the second window begin?",
            (
                (
                    "At token 50.",
                    "That would be so if the stride were the step. In tokenizers it is the overlap.",
                ),
                ("At token 150.", ""),
                (
                    "At token 200.",
                    "Then the two would share nothing, and an answer on the border would be cut.",
                ),
                (
                    "At token 250.",
                    "Then the tokens from 200 to 249 would be in no window at all.",
                ),
            ),
            "b",
        ),
        "null": Question(
            "What does it mean if both argmaxes stand at position 0?",
            (
                (
                    "The model says that the passage has no answer: [CLS] is where it was taught to point then.",
                    "",
                ),
                (
                    "The answer is the first word of the passage.",
                    "Position 0 is [CLS]. The passage begins after the question and a [SEP].",
                ),
                (
                    "The head was not loaded.",
                    "An untrained head gives positions all over the place.",
                ),
            ),
            "a",
        ),
        "scores": Question(
            "A model hands back the whole sentence that holds the answer, every time. What do the SQuAD scores say?",
            (
                (
                    "Both are high: the answer is in there.",
                    "Exact match wants nothing but the answer, and F1 has a precision in it.",
                ),
                (
                    "Both are 0.",
                    "Exact match is near 0. F1 gives something for the words that are right.",
                ),
                (
                    "Exact match is high, F1 low.",
                    "The other way round: F1 is never below exact match.",
                ),
                ("Exact match is near 0, F1 low: full recall, little precision.", ""),
            ),
            "d",
        ),
    },
    read="“Why not two argmaxes?”, “A passage that is too long”, “No answer” and “Scored the way SQuAD scores”",
)
