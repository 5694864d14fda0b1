"""Lesson 09: token classification. The oracle for entities and their scores is seqeval."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch

from grader.judge import Case, Exercise, Question, Quiz, expect
from grader.judge.values import alike

LESSON = "09_token_classification"

TYPES = ("PER", "LOC", "ORG", "DATE", "MISC")
Span = tuple[str, int, int]


def _tags(length: int, spans: Sequence[Span]) -> list[str]:
    tags = ["O"] * length
    for kind, start, end in spans:
        tags[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
    return tags


def _entities(tags: Sequence[str]) -> list[Span]:
    """The entities of one sentence as seqeval reads them, ends exclusive."""
    from seqeval.metrics.sequence_labeling import get_entities

    return [(kind, first, last + 1) for kind, first, last in get_entities(list(tags))]


def _numbers(value):
    """`value` with Python numbers in the place of 0-d tensors, which stand for numbers."""
    if isinstance(value, torch.Tensor) and value.dim() == 0:
        return value.item()
    if isinstance(value, (list, tuple)):
        return [_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    return value


# -------------------------------------------------------------------------------------- spans_to_tags

spans_to_tags = Exercise(
    "spans_to_tags",
    points=3,
    takes=("length: int", "spans: list of triples"),
    returns=("tags: list of str",),
    summary="Write marked entities as one BIO tag a word.",
    read="“One tag for every word”",
    hints=(
        'Begin with `["O"] * length` and write each span into it.',
        "The first word of a span gets `B-` and the type, the words from `start + 1` to `end - 1` get `I-`. Python's `range(start + 1, end)` "
        "is just these.",
        'Look before you write: is `0 <= start < end <= length`, and are all the words of the span still `"O"`?',
    ),
)


def _spans(draw, gaps: Sequence[int], kinds: Sequence[str], sizes: Sequence[int]) -> tuple[int, list[Span]]:
    """Spans from left to right: `gaps` words before each and after the last. The length, and the spans."""
    spans, at = [], 0
    for gap, kind, size in zip(gaps[:-1], kinds, sizes, strict=True):
        spans.append((kind, at + gap, at + gap + size))
        at += gap + size
    return at + gaps[-1], spans


@spans_to_tags.case
def some_entities(draw):
    """a sentence with three entities"""
    gaps = [draw.integer(1, 2), *(draw.integer(1, 3) for _ in range(2)), draw.integer(2, 3)]
    length, spans = _spans(draw, gaps, draw.shuffled(TYPES)[:3], draw.shuffled((1, 2, draw.integer(3, 4))))
    return Case(length=length, spans=spans)


@spans_to_tags.case
def neighbours(draw):
    """entities side by side, two of them of one type, from the first word to the last"""
    one, other = draw.shuffled(TYPES)[:2]
    sizes = [draw.integer(2, 3), draw.integer(2, 3), draw.integer(1, 3), 1, 2]
    length, spans = _spans(draw, [0, 0, 0, draw.integer(2, 3), 0, 0], [one, one, other, one, other], sizes)
    return Case(length=length, spans=spans)


@spans_to_tags.case
def in_any_order(draw):
    """entities that are not listed from left to right"""
    gaps = [draw.integer(1, 2), *(draw.integer(1, 2) for _ in range(2)), draw.integer(2, 3)]
    length, spans = _spans(draw, gaps, draw.shuffled(TYPES)[:3], draw.shuffled((1, 2, 3)))
    return Case(length=length, spans=draw.choice((spans[::-1], [spans[1], spans[2], spans[0]], spans[::-1])))


@spans_to_tags.case
def neighbours_in_any_order(draw):
    """entities side by side, listed from right to left"""
    one, other = draw.shuffled(TYPES)[:2]
    gaps, sizes = [draw.integer(1, 2), 0, 0, draw.integer(1, 2)], draw.shuffled((1, 2, 3))
    length, spans = _spans(draw, gaps, [one, other, one], sizes)
    return Case(length=length, spans=spans[::-1])


@spans_to_tags.case(apart=True)
def no_entity(draw):
    """a sentence without an entity"""
    return Case(length=draw.integer(3, 6), spans=[])


def _overlapping(draw, kinds: Sequence[str]) -> Case:
    start, size = draw.integer(1, 3), draw.integer(3, 4)
    spans = [(kinds[0], start, start + size), (kinds[1], start + size - 1, start + size + 1)]
    return Case(length=start + size + 3, spans=spans)


@spans_to_tags.case(apart=True)
def overlapping_spans(draw):
    """two spans that share a word"""
    return _overlapping(draw, draw.shuffled(TYPES))


@spans_to_tags.case(apart=True)
def overlapping_spans_from_the_right(draw):
    """two spans that share a word, the right one listed first"""
    case = _overlapping(draw, draw.shuffled(TYPES))
    case.arguments["spans"].reverse()
    return case


@spans_to_tags.case(apart=True)
def overlapping_spans_of_one_type(draw):
    """two spans of one type that share a word"""
    return _overlapping(draw, [draw.choice(TYPES)] * 2)


def _nested(draw) -> Case:
    start, size = draw.integer(1, 3), draw.integer(4, 5)
    one, other = draw.shuffled(TYPES)[:2]
    return Case(
        length=start + size + 2, spans=[(one, start, start + size), (other, start + 1, start + size - 1)]
    )


@spans_to_tags.case(apart=True)
def a_span_inside_another(draw):
    """a span inside another one"""
    return _nested(draw)


@spans_to_tags.case(apart=True)
def a_span_around_another(draw):
    """a span around another one that is listed first"""
    case = _nested(draw)
    case.arguments["spans"].reverse()
    return case


@spans_to_tags.case(apart=True)
def an_empty_span(draw):
    """a span that ends where it starts"""
    start = draw.integer(1, 3)
    return Case(length=draw.integer(6, 8), spans=[(draw.choice(TYPES), start, start)])


@spans_to_tags.case(apart=True)
def a_reversed_span(draw):
    """a span that ends before it starts"""
    start = draw.integer(3, 4)
    return Case(length=draw.integer(6, 8), spans=[(draw.choice(TYPES), start, start - draw.integer(1, 2))])


@spans_to_tags.case(apart=True)
def a_span_past_the_end(draw):
    """a span that ends one word after the sentence"""
    length = draw.integer(5, 7)
    return Case(length=length, spans=[(draw.choice(TYPES), length - draw.integer(1, 2), length + 1)])


@spans_to_tags.case(apart=True)
def a_span_before_the_start(draw):
    """a span that starts before the sentence"""
    return Case(length=draw.integer(5, 7), spans=[(draw.choice(TYPES), -1, draw.integer(1, 2))])


def _tags_agree(case: Case, answer, which) -> None:
    """Hold the answer's tags against the right ones at the words that `which(tag)` picks by their right tag."""
    got, want = answer(), _tags(case.length, case.spans)
    expect.that(len(got) == len(want), f"tags: expected one for each of {len(want)} words, got {len(got)}")
    for word, (mine, yours) in enumerate(zip(want, got, strict=True)):
        if which(mine):
            expect.same(yours, mine, f"tags[{word}]")


@spans_to_tags.must("Begin each entity with `B-` and its type.", weight=0.7, on=(some_entities, neighbours))
def entities_begin(case, answer):
    _tags_agree(case, answer, lambda tag: tag.startswith("B-"))


@spans_to_tags.must(
    "Go on with `I-` and the type up to the last word of the span, the one before `end`.",
    weight=0.7,
    on=(some_entities, neighbours),
)
def entities_go_on(case, answer):
    _tags_agree(case, answer, lambda tag: tag.startswith("I-"))


@spans_to_tags.must("Give every word outside of an entity the tag `O`.", weight=0.4)
def the_rest_is_outside(case, answer):
    expect.that(any(tag != "O" for tag in answer()), "tags: every word is outside of an entity")
    _tags_agree(case, answer, lambda tag: tag == "O")


@spans_to_tags.must(
    "Take the spans in any order, and none at all.",
    weight=0.4,
    on=(in_any_order, neighbours_in_any_order, no_entity),
)
def any_order(case, answer):
    _tags_agree(case, answer, lambda tag: True)


@spans_to_tags.must(
    "Raise `ValueError` where two spans share a word.",
    weight=0.4,
    on=(
        overlapping_spans,
        overlapping_spans_from_the_right,
        overlapping_spans_of_one_type,
        a_span_inside_another,
        a_span_around_another,
    ),
)
def overlap_is_refused(case, answer):
    answer.raises(ValueError)


@spans_to_tags.must(
    "Raise `ValueError` for a span without a word, and for one that leaves the sentence.",
    weight=0.4,
    on=(an_empty_span, a_reversed_span, a_span_past_the_end, a_span_before_the_start),
)
def impossible_spans_are_refused(case, answer):
    answer.raises(ValueError)


def _refuse(
    length: int, spans: Sequence[Span], empty=True, after=True, before=True, overlap=True, nested=True
) -> None:
    taken: set[int] = set()
    for _, start, end in sorted(spans, key=lambda span: span[1]):
        inside = set(range(start, end))
        if (
            (empty and start >= end)
            or (after and end > length)
            or (before and start < 0)
            or (overlap and inside & taken and (nested or max(inside) > max(taken)))
        ):
            raise ValueError(f"spans: ({start}, {end}) is empty, out of range or overlaps another")
        taken |= inside


@spans_to_tags.mistake(
    "Every word of an entity gets `B-`, so a name of two words becomes two names. `B-` is for the first word alone."
)
def begin_repeated(length, spans):
    _refuse(length, spans)
    return [tag.replace("I-", "B-") for tag in _tags(length, spans)]


@spans_to_tags.mistake(
    "Every word of an entity gets `I-`. Then two names side by side cannot be told from one long name; `B-` is what parts them."
)
def never_begun(length, spans):
    _refuse(length, spans)
    return [tag.replace("B-", "I-") for tag in _tags(length, spans)]


@spans_to_tags.mistake(
    "`B-` stands only where an entity touches another of its type, as in the older scheme IOB1. In BIO (IOB2) every entity begins with `B-`."
)
def begin_only_between(length, spans):
    _refuse(length, spans)
    tags, ends = _tags(length, spans), {(kind, end) for kind, _, end in spans}
    for kind, start, _ in spans:
        if (kind, start) not in ends:
            tags[start] = f"I-{kind}"
    return tags


@spans_to_tags.mistake(
    "The word at `end` is marked too. `end` is exclusive: a span from 2 to 4 holds the words 2 and 3."
)
def end_included(length, spans):
    _refuse(length, spans)
    tags = ["O"] * length
    for kind, start, end in spans:
        for word in range(start, min(end + 1, length)):
            tags[word] = f"{'B' if word == start else 'I'}-{kind}"
    return tags


@spans_to_tags.mistake(
    "The word at `end` is marked too, and behind the last word of a sentence there is none: an `IndexError`. `end` is exclusive, so `range(start, end)` is all."
)
def end_included_past_the_list(length, spans):
    _refuse(length, spans)
    return _written_unchecked(length, [(kind, start, end + 1) for kind, start, end in spans])


@spans_to_tags.mistake(
    "The last word of each span is left out: `end` is exclusive already, nothing is to be taken from it."
)
def last_word_left_out(length, spans):
    _refuse(length, spans)
    tags = ["O"] * length
    for kind, start, end in spans:
        tags[start] = f"B-{kind}"
        for word in range(start + 1, end - 1):
            tags[word] = f"I-{kind}"
    return tags


@spans_to_tags.mistake("The tags are `B` and `I` without the type, so nobody can tell a person from a place.")
def type_left_out(length, spans):
    _refuse(length, spans)
    return [tag[0] for tag in _tags(length, spans)]


@spans_to_tags.mistake(
    "The tags are bare types. Without `B-` and `I-` two places side by side become one, and no scorer reads them."
)
def prefix_left_out(length, spans):
    _refuse(length, spans)
    return [tag.partition("-")[2] or "O" for tag in _tags(length, spans)]


@spans_to_tags.mistake(
    "Words outside of an entity get an empty text. Each word needs a tag, and the one for “outside” is `O`."
)
def outside_is_empty(length, spans):
    _refuse(length, spans)
    return [tag if tag != "O" else "" for tag in _tags(length, spans)]


@spans_to_tags.mistake(
    "Overlapping spans are written over each other. A word has one tag, so an entity is cut to pieces and nobody is told."
)
def overlap_written_over(length, spans):
    _refuse(length, spans, overlap=False)
    return _tags(length, spans)


@spans_to_tags.mistake(
    "Only spans that reach beyond each other count as overlapping. One that lies wholly inside another shares its words, too."
)
def nested_spans_allowed(length, spans):
    _refuse(length, spans, nested=False)
    return _tags(length, spans)


@spans_to_tags.mistake(
    "Only the first and the last word of a span are looked at before it is written. A span around another one has free ends, and writes over "
    "what stands between them."
)
def only_the_ends_looked_at(length, spans):
    _refuse(length, spans, overlap=False)
    tags = ["O"] * length
    for kind, start, end in spans:
        if tags[start] != "O" or tags[end - 1] != "O":
            raise ValueError(f"spans: ({start}, {end}) overlaps another")
        tags[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
    return tags


@spans_to_tags.mistake(
    "Only the first word of a span is looked at before it is written. Where the right one of two spans was written first, the left one runs into it."
)
def only_the_start_looked_at(length, spans):
    _refuse(length, spans, overlap=False)
    tags = ["O"] * length
    for kind, start, end in spans:
        if tags[start] != "O":
            raise ValueError(f"spans: ({start}, {end}) overlaps another")
        tags[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
    return tags


@spans_to_tags.mistake(
    "Spans of one type may overlap. The word that they share belongs to one of them only, so the other is cut short, or both are read as one."
)
def one_type_may_overlap(length, spans):
    for kind in TYPES:
        _refuse(length, [span for span in spans if span[0] == kind], overlap=False)
    written = ["O"] * length
    for kind, start, end in spans:
        if any(tag[2:] not in ("", kind) for tag in written[start:end]):
            raise ValueError(f"spans: ({start}, {end}) overlaps another")
        written[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
    return written


@spans_to_tags.mistake(
    "Spans that touch are refused as overlapping. A span that starts where another ends shares no word with it, because ends are exclusive."
)
def touching_refused(length, spans):
    _refuse(length, spans)
    if {start for _, start, _ in spans} & {end for _, _, end in spans}:
        raise ValueError("spans overlap")
    return _tags(length, spans)


@spans_to_tags.mistake(
    "The word at `end` is looked at, too, when asking whether the words of a span are free. It is the neighbour's: where the neighbour was written first, "
    "two spans that only touch are refused."
)
def neighbour_in_the_way(length, spans):
    _refuse(length, spans)
    for place, (_, _, end) in enumerate(spans):
        if any(start <= end < after for _, start, after in spans[:place]):
            raise ValueError("spans overlap")
    return _tags(length, spans)


@spans_to_tags.mistake(
    "Each span is compared with the one *listed* before it, so spans that are not in order are refused, though they share no word."
)
def order_demanded(length, spans):
    _refuse(length, spans)
    for before, span in itertools.pairwise(spans):
        if span[1] < before[2]:
            raise ValueError("spans overlap")
    return _tags(length, spans)


@spans_to_tags.mistake(
    "An empty span is accepted, and its first word tagged all the same: an entity appears that has no words."
)
def empty_span_tagged(length, spans):
    _refuse(length, spans, empty=False)
    tags = ["O"] * length
    for kind, start, end in spans:
        for word in (start, *range(start + 1, end)):
            tags[word] = f"{'B' if word == start else 'I'}-{kind}"
    return tags


@spans_to_tags.mistake(
    "Empty spans are skipped in silence. They are a sign of broken annotation: `ValueError` says so before a model is trained on it."
)
def empty_span_skipped(length, spans):
    spans = [span for span in spans if span[1] < span[2]]
    _refuse(length, spans)
    return _tags(length, spans)


@spans_to_tags.mistake(
    "A span past the end is cut off without a word. More often than not its offsets are wrong from the start: `ValueError` is asked for."
)
def cut_at_the_end(length, spans):
    _refuse(length, spans, after=False)
    return _tags(length, [(kind, start, min(end, length)) for kind, start, end in spans])


def _written_unchecked(length, spans):
    tags = ["O"] * length
    for kind, start, end in spans:
        for word in range(start, end):
            tags[word] = f"{'B' if word == start else 'I'}-{kind}"
    return tags


@spans_to_tags.mistake(
    "A span past the end fails with an `IndexError` when its tag is written. The contract asks for a `ValueError`, with a message that names the span."
)
def index_error_at_the_end(length, spans):
    _refuse(length, spans, after=False)
    return _written_unchecked(length, spans)


@spans_to_tags.mistake(
    "A negative start is accepted. Python counts it from the end, so the tag lands on the last word of the sentence."
)
def negative_start_wraps(length, spans):
    _refuse(length, spans, before=False)
    return _written_unchecked(length, spans)


@spans_to_tags.mistake(
    "Nothing is checked: overlapping, empty and negative spans go through and mark something else, and a span past the end fails with an `IndexError`."
)
def nothing_refused(length, spans):
    tags = ["O"] * length
    for kind, start, end in spans:
        tags[start] = f"B-{kind}"
        for word in range(start + 1, end):
            tags[word] = f"I-{kind}"
    return tags


# --------------------------------------------------------------------------------------- align_labels

align_labels = Exercise(
    "align_labels",
    points=3,
    takes=("word_labels: list of int", "word_ids: list of int or None"),
    returns=("labels: list of int",),
    summary="From one label a word to one label a piece, as the loss wants them.",
    read="“Words, pieces, labels”, and the table there",
    hints=(
        "Walk through `word_ids` once and remember the word id of the position before.",
        "Three kinds of positions: `None`; a word id that is the same as the one before it; a word id that is new. Only the last kind has a label.",
        "`word_ids` says *which* word it is: its label is `word_labels[word]`, wherever the piece stands.",
    ),
)


def _pieces(draw, words: Sequence[int], first: Sequence[int] = (1, 2, 3)) -> list[int]:
    """Word ids of `words`, each in one to three pieces; the first ones in as many as `first` says."""
    counts = [*first, *(draw.choice((1, 1, 2, 3)) for _ in words[len(first) :])]
    return [word for word, count in zip(words, counts, strict=False) for _ in range(count)]


def _labels_for(draw, count: int) -> list[int]:
    """`count` word labels from 1 to 8: neighbours differ but for the last two, and none is its word's number."""
    labels: list[int] = []
    for word in range(count - 1):
        labels.append(draw.choice([c for c in range(1, 9) if c != word and c not in labels[-3:]]))
    return [*labels, labels[-1]]


@align_labels.case
def words_in_pieces(draw):
    """a text between [CLS] and [SEP], some words in several pieces"""
    count = draw.integer(5, 7)
    labels = _labels_for(draw, count)
    labels[draw.integer(2, 3)] = 0
    return Case(word_labels=labels, word_ids=[None, *_pieces(draw, range(count)), None])


@align_labels.case
def padded_text(draw):
    """a padded text"""
    count = draw.integer(5, 6)
    ids = [None, *_pieces(draw, range(count)), None]
    pads = [None] * draw.integer(2, 3)
    return Case(word_labels=_labels_for(draw, count), word_ids=draw.choice(([*ids, *pads], [*pads, *ids])))


@align_labels.case
def no_special_tokens(draw):
    """a text without special tokens"""
    count = draw.integer(5, 7)
    return Case(word_labels=_labels_for(draw, count), word_ids=_pieces(draw, range(count)))


@align_labels.case(apart=True)
def a_single_word(draw):
    """a single word in several pieces, without special tokens"""
    return Case(word_labels=[draw.integer(1, 8)], word_ids=[0] * draw.integer(2, 3))


@align_labels.case
def cut_text(draw):
    """a long text that was cut, so that most of its words have no pieces"""
    word_ids = [None, *_pieces(draw, range(draw.integer(4, 5))), None]
    return Case(word_labels=_labels_for(draw, len(word_ids) + draw.integer(1, 2)), word_ids=word_ids)


@align_labels.case
def a_word_without_pieces(draw):
    """a text with a word that the tokenizer drops, such as a lone accent"""
    count = draw.integer(6, 7)
    dropped = draw.integer(1, 3)
    words = [word for word in range(count) if word != dropped]
    return Case(word_labels=_labels_for(draw, count), word_ids=[None, *_pieces(draw, words), None])


@align_labels.case(apart=True)
def only_special_tokens(draw):
    """an empty text"""
    return Case(word_labels=[], word_ids=[None] * draw.integer(2, 4))


WHOLE_TEXTS = (words_in_pieces, padded_text, no_special_tokens)


def _first_pieces(word_ids: Sequence[int | None]) -> dict[int, int]:
    """The position of the first piece of each word that has one."""
    return {word: word_ids.index(word) for word in dict.fromkeys(word_ids) if word is not None}


def _labels_agree(case: Case, answer, positions: Sequence[int]) -> None:
    """Hold the labels at `positions` against the right ones."""
    got, first = _numbers(answer()), _first_pieces(case.word_ids)
    expect.that(
        len(got) == len(case.word_ids),
        f"labels: expected one for each of {len(case.word_ids)} positions, got {len(got)}",
    )
    expect.that(any(label != -100 for label in got), "labels: every position is -100, so no word has a label")
    for at in positions:
        word = case.word_ids[at]
        mine = case.word_labels[word] if word is not None and first[word] == at else -100
        expect.same(got[at], mine, f"labels[{at}], of word {word}" if word is not None else f"labels[{at}]")


@align_labels.must(
    "Label the first piece of each word with the word's label.",
    weight=0.8,
    on=(*WHOLE_TEXTS, a_single_word),
)
def first_piece_labelled(case, answer):
    _labels_agree(case, answer, sorted(_first_pieces(case.word_ids).values()))


@align_labels.must("Label every later piece of a word -100.", weight=0.65, on=WHOLE_TEXTS)
def later_pieces_ignored(case, answer):
    first = _first_pieces(case.word_ids)
    later = [at for at, word in enumerate(case.word_ids) if word is not None and first[word] != at]
    _labels_agree(case, answer, later)


@align_labels.must("Label special tokens and padding -100.", weight=0.65, on=(words_in_pieces, padded_text))
def special_tokens_ignored(case, answer):
    _labels_agree(case, answer, [at for at, word in enumerate(case.word_ids) if word is None])


@align_labels.must(
    "Go by the word ids where some words have no pieces: each piece has the label of its own word.",
    weight=0.65,
    on=(cut_text, a_word_without_pieces),
)
def labels_follow_word_ids(case, answer):
    _labels_agree(case, answer, range(len(case.word_ids)))


@align_labels.must("Label a text without words -100 throughout.", weight=0.25, on=(only_special_tokens,))
def nothing_to_label(case, answer):
    expect.same(_numbers(answer()), [-100] * len(case.word_ids), "labels")


def _aligned(word_labels, word_ids, *, later=lambda label: -100, special=-100):
    """Labels with something else, perhaps, at later pieces and special tokens."""
    labels, previous = [], None
    for word in word_ids:
        if word is None:
            labels.append(special)
        else:
            labels.append(word_labels[word] if word != previous else later(word_labels[word]))
        previous = word
    return labels


@align_labels.mistake(
    "The label is taken by position: `word_labels[i]`. After the first word in several pieces, and already after [CLS], every label "
    "belongs to another word, and the model learns nonsense."
)
def labels_by_position(word_labels, word_ids):
    return [
        label if label == -100 else word_labels[i] for i, label in enumerate(_aligned(word_labels, word_ids))
    ]


@align_labels.mistake(
    "Each position takes the label of its own number: `word_labels[i]`. There are more positions than words, so the list runs out, and until then "
    "the labels belong to other words. `word_ids[i]` says whose label it is."
)
def labels_by_position_everywhere(word_labels, word_ids):
    return [-100 if word is None else word_labels[i] for i, word in enumerate(word_ids)]


@align_labels.mistake(
    "The label list is merely filled up to the length of the text. The first labels stand at the first positions, whatever pieces are there."
)
def labels_filled_up(word_labels, word_ids):
    return (list(word_labels) + [-100] * len(word_ids))[: len(word_ids)]


@align_labels.mistake(
    "Special tokens and padding are labelled 0, and 0 is a label like any other (mostly `O`): the model is trained on padding."
)
def special_tokens_labelled(word_labels, word_ids):
    return _aligned(word_labels, word_ids, special=0)


@align_labels.mistake(
    "The word's label is repeated on its later pieces. A `B-` on each piece says that one word is several entities, and long words count more in the loss."
)
def label_repeated(word_labels, word_ids):
    return _aligned(word_labels, word_ids, later=lambda label: label)


@align_labels.mistake(
    "Later pieces are labelled 0. That is a label, not “ignore”: the model learns that the end of a name is no name."
)
def later_pieces_labelled_zero(word_labels, word_ids):
    return _aligned(word_labels, word_ids, later=lambda label: 0)


@align_labels.mistake(
    "The label stands on the last piece of each word. Whoever reads the first pieces off later reads positions that were never trained."
)
def last_piece_labelled(word_labels, word_ids):
    after = [*word_ids[1:], None]
    return [
        -100 if word is None or word == following else word_labels[word]
        for word, following in zip(word_ids, after, strict=True)
    ]


@align_labels.mistake(
    "`word_ids[i - 1]` is the *last* position where `i` is 0. Without special tokens a single word stands at both ends of the text, and is taken "
    "for its own continuation: it has no label."
)
def index_runs_round(word_labels, word_ids):
    return [
        -100 if word is None or word == word_ids[i - 1] else word_labels[word]
        for i, word in enumerate(word_ids)
    ]


@align_labels.mistake(
    "The first and the last position are taken for [CLS] and [SEP], whatever stands there. `None` says which positions are special tokens; a text "
    "may have none."
)
def both_ends_ignored(word_labels, word_ids):
    return [-100, *_aligned(word_labels, word_ids)[1:-1], -100][: len(word_ids)]


@align_labels.mistake(
    "`if word` is false for word 0 as well as for `None`, so the first word of every text has no label, and what it is is never learned."
)
def word_zero_lost(word_labels, word_ids):
    return [
        -100 if not word else label
        for word, label in zip(word_ids, _aligned(word_labels, word_ids), strict=True)
    ]


@align_labels.mistake(
    "The labels are counted off, the next one for each new word. Where the tokenizer leaves a word out, all later labels are off by one."
)
def labels_counted_off(word_labels, word_ids):
    remaining = iter(word_labels)
    return [label if label == -100 else next(remaining) for label in _aligned(word_labels, word_ids)]


@align_labels.mistake(
    "Only positions with a label are kept. The labels must be as long as the ids: the loss compares them position by position."
)
def ignored_dropped(word_labels, word_ids):
    return [label for label in _aligned(word_labels, word_ids) if label != -100]


@align_labels.mistake(
    "Positions that do not count are labelled -1. The loss ignores -100 and nothing else, and fails on -1."
)
def ignored_as_minus_one(word_labels, word_ids):
    return _aligned(word_labels, word_ids, special=-1, later=lambda label: -1)


@align_labels.mistake(
    "A label is written only where it differs from the one before it. Two words with the same label, side by side, are two words all the same."
)
def equal_neighbours_merged(word_labels, word_ids):
    labels, previous = [], None
    for label in _aligned(word_labels, word_ids):
        labels.append(-100 if label == previous else label)
        previous = label if label != -100 else previous
    return labels


@align_labels.mistake("The labels hold word ids where the labels of these words are asked for.")
def word_ids_for_labels(word_labels, word_ids):
    return [
        -100 if label == -100 else word
        for word, label in zip(word_ids, _aligned(word_labels, word_ids), strict=True)
    ]


# ------------------------------------------------------------------------------------ word_predictions

word_predictions = Exercise(
    "word_predictions",
    points=3,
    takes=("logits: float (L, C)", "word_ids: list of int or None"),
    returns=("labels: list of int",),
    summary="From the scores of all pieces to one label a word.",
    read="“And back again: from scores to words”",
    hints=(
        "It is `align_labels` backwards: the positions to read are those that had a label there.",
        "`logits[position].argmax()` is the best label of one position; `.item()` makes it an int.",
    ),
)


def _scores(draw, word_ids: list[int | None], dtype=torch.float32) -> Case:
    """Scores whose best label changes from each position to the next, clearly, and is surer on later pieces.

    So that the mean, the majority, the surest and the last of a word's pieces each say something else: of the words in
    three pieces the first has three labels, and its first one is liked by all; the others have one label on both later pieces.
    """
    classes = draw.choice([size for size in (7, 8, 9) if size != len(word_ids)])
    logits = draw.normal(len(word_ids), classes, scale=0.5, dtype=dtype).clamp(-1, 1)
    first = best = -1
    in_three = [word for word in dict.fromkeys(word_ids) if word is not None and word_ids.count(word) == 3]
    for at, word in enumerate(word_ids):
        piece = 0 if word is None else at - word_ids.index(word)
        if piece < 2 or word in in_three[:1]:
            best = draw.choice([c for c in range(1, classes) if c not in (best, word, at, first)])
        if piece == 0:
            first = best
        elif word in in_three[:1]:
            logits[at, first] = 6.0 - piece
        logits[at, best] = (3.0, 6.0, 5.0)[piece] + 0.05 * at
    return Case(logits=logits, word_ids=word_ids)


@word_predictions.case
def scores_of_pieces(draw):
    """a text between [CLS] and [SEP], some words in several pieces"""
    return _scores(draw, [None, *_pieces(draw, range(draw.integer(5, 7)), (1, 2, 3, 3)), None])


@word_predictions.case(apart=True)
def scores_without_special_tokens(draw):
    """a text without special tokens"""
    return _scores(draw, _pieces(draw, range(draw.integer(5, 7))))


@word_predictions.case(apart=True)
def scores_of_a_single_word(draw):
    """a single word in several pieces, without special tokens"""
    return _scores(draw, [0] * draw.integer(2, 3))


@word_predictions.case
def scores_of_a_padded_text(draw):
    """a padded text, scores in float64"""
    ids, pads = [None, *_pieces(draw, range(draw.integer(4, 6))), None], [None] * draw.integer(2, 3)
    return _scores(draw, draw.choice(([*ids, *pads], [*pads, *ids])), torch.float64)


@word_predictions.case
def scores_without_a_word(draw):
    """a text with a word that has no piece"""
    count, dropped = draw.integer(6, 7), draw.integer(1, 3)
    words = [word for word in range(count) if word != dropped]
    return _scores(draw, [None, *_pieces(draw, words), None])


@word_predictions.case(apart=True)
def scores_of_no_word(draw):
    """a text without words"""
    return _scores(draw, [None] * draw.integer(2, 4))


def _best_labels(case: Case) -> list[int]:
    return [case.logits[at].argmax().item() for at in _first_pieces(case.word_ids).values()]


@word_predictions.must(
    "For each word, give the label with the highest score at its first piece.",
    weight=2,
    on=(
        scores_of_pieces,
        scores_of_a_padded_text,
        scores_without_special_tokens,
        scores_of_a_single_word,
    ),
)
def best_label_of_the_first_piece(case, answer):
    expect.same(_numbers(answer()), _best_labels(case), "labels")


@word_predictions.must(
    "Let the scores of later pieces and of special tokens decide nothing.",
    weight=0.5,
    on=(scores_of_pieces, scores_of_a_padded_text),
)
def other_positions_do_not_count(case, answer):
    first = torch.zeros(len(case.word_ids), 1, dtype=torch.bool)
    first[list(_first_pieces(case.word_ids).values())] = True
    before, other = _numbers(answer()), case.logits.flip(-1)
    after = _numbers(answer(logits=torch.where(first, case.logits, other)))
    expect.same(after, before, "labels, after scores at other positions were changed")
    moved = _numbers(answer(logits=torch.where(first, other, case.logits)))
    expect.that(not alike(moved, before), "labels: nothing changed with the scores of the first pieces")


@word_predictions.must(
    "Give no label for a word without a piece, and an empty list where there is no word.",
    weight=0.5,
    on=(scores_without_a_word, scores_of_no_word),
)
def only_words_with_pieces(case, answer):
    expect.same(_numbers(answer()), _best_labels(case), "labels")


@word_predictions.mistake(
    "There is a label for every position, special tokens and later pieces included. Their number no longer fits the words, and what was -100 in training is read as if it meant something."
)
def label_of_every_position(logits, word_ids):
    return logits.argmax(-1).tolist()


@word_predictions.mistake(
    "Only the special tokens are left out: a word in three pieces gives three labels, and everything after it has slipped."
)
def label_of_every_piece(logits, word_ids):
    return [logits[i].argmax().item() for i, word in enumerate(word_ids) if word is not None]


@word_predictions.mistake(
    "The last piece of each word decides. The loss ignored it in training, so its scores were never taught."
)
def last_piece_decides(logits, word_ids):
    last = {word: i for i, word in enumerate(word_ids) if word is not None}
    return [logits[i].argmax().item() for i in last.values()]


@word_predictions.mistake(
    "The scores of a word's pieces are averaged. That is another way to read a tagger, but here the first piece alone was trained."
)
def mean_over_pieces(logits, word_ids):
    return [
        logits[[i for i, w in enumerate(word_ids) if w == word]].mean(0).argmax().item()
        for word in _first_pieces(word_ids)
    ]


@word_predictions.mistake(
    "Each piece of a word has a vote, and the most frequent label wins. Two later pieces outvote the first, although it is the only one that was trained."
)
def majority_of_pieces(logits, word_ids):
    labels = logits.argmax(-1).tolist()
    votes = {
        word: [labels[i] for i, w in enumerate(word_ids) if w == word] for word in _first_pieces(word_ids)
    }
    return [max(voted, key=voted.count) for voted in votes.values()]


@word_predictions.mistake(
    "The piece with the highest score decides. How sure a later piece looks means nothing: its scores were never trained."
)
def surest_piece_decides(logits, word_ids):
    return [
        logits[[i for i, w in enumerate(word_ids) if w == word]].amax(0).argmax().item()
        for word in _first_pieces(word_ids)
    ]


@word_predictions.mistake(
    "The first and the last position are left out, whatever stands there. `None` says which positions are special tokens; a text may have none."
)
def both_ends_left_out(logits, word_ids):
    return [logits[1:-1][at].argmax().item() for at in _first_pieces(word_ids[1:-1]).values()]


@word_predictions.mistake(
    "`word_ids[i - 1]` is the *last* position where `i` is 0. Without special tokens a single word stands at both ends of the text, and is taken "
    "for its own continuation: it has no label."
)
def ends_taken_for_neighbours(logits, word_ids):
    return [
        logits[i].argmax().item()
        for i, word in enumerate(word_ids)
        if word is not None and word != word_ids[i - 1]
    ]


@word_predictions.mistake(
    "`if word` is false for word 0 as well as for `None`, so the first word of the text is lost, and all labels after it seem to belong to the word before."
)
def first_word_lost(logits, word_ids):
    return [logits[at].argmax().item() for word, at in _first_pieces(word_ids).items() if word]


@word_predictions.mistake(
    "The scores are read at position `word` instead of at the position of the word's first piece: word 0 is read at [CLS]."
)
def read_at_the_word_number(logits, word_ids):
    return [logits[word].argmax().item() for word in _first_pieces(word_ids)]


@word_predictions.mistake(
    "A word that has no piece is given the label 0. Nobody asked the model about it: it has no prediction."
)
def missing_words_filled(logits, word_ids):
    first = _first_pieces(word_ids)
    return [
        logits[first[word]].argmax().item() if word in first else 0
        for word in range(max(first, default=-1) + 1)
    ]


@word_predictions.mistake(
    "The *scores* of the best labels are returned: `max` gives scores and labels, in this order."
)
def scores_for_labels(logits, word_ids):
    return [logits[at].max().item() for at in _first_pieces(word_ids).values()]


@word_predictions.mistake(
    "The label with the *lowest* score is taken: the one that the model believes in least."
)
def worst_label(logits, word_ids):
    return [logits[at].argmin().item() for at in _first_pieces(word_ids).values()]


@word_predictions.mistake(
    "The highest score along the wrong axis: for each label the position that likes it best. Labels are the last axis of (L, C)."
)
def argmax_over_positions(logits, word_ids):
    return (
        logits[list(_first_pieces(word_ids).values())].argmax(0).tolist() if _first_pieces(word_ids) else []
    )


# --------------------------------------------------------------------------------------- tags_to_spans

tags_to_spans = Exercise(
    "tags_to_spans",
    points=3,
    takes=("tags: list of str",),
    returns=("spans: list of triples",),
    summary="Read the entities off a sentence's BIO tags.",
    read="“Reading entities off tags”, and the four rules there",
    hints=(
        "Walk through the tags with one entity that may be open: its type and its start, or nothing.",
        "An `I-` continues only if an entity *of its type* is open. In every other case the open entity, if there is one, ends here; then a `B-` or `I-` opens a new one.",
        "What is still open after the last word must be closed, too: at `len(tags)`.",
    ),
)


@tags_to_spans.case
def clean_tags(draw):
    """entities apart from each other, the last one at the end"""
    gaps = [draw.integer(0, 2), draw.integer(1, 2), draw.integer(1, 3), 0]
    length, spans = _spans(draw, gaps, draw.shuffled(TYPES)[:3], [draw.integer(2, 3), 1, draw.integer(2, 4)])
    return Case(tags=_tags(length, spans))


@tags_to_spans.case
def entities_side_by_side(draw):
    """entities side by side, two of them of one type"""
    one, other = draw.shuffled(TYPES)[:2]
    sizes = [2, draw.integer(2, 3), draw.integer(1, 2), draw.integer(2, 3)]
    length, spans = _spans(draw, [1, 0, 0, draw.integer(1, 2), 1], [one, one, other, one], sizes)
    return Case(tags=_tags(length, spans))


@tags_to_spans.case
def stray_inside_tags(draw):
    """`I-` where nothing is open: after an `O`, also of the type before it, and at the very beginning"""
    one, two = draw.shuffled(TYPES)[:2]
    gaps = [0, draw.integer(1, 2), draw.integer(1, 2), draw.integer(1, 2)]
    length, spans = _spans(
        draw, gaps, [one, two, two], [draw.integer(1, 2), draw.integer(2, 3), draw.integer(2, 3)]
    )
    tags = _tags(length, spans)
    for _, start, _ in (spans[0], spans[2]):
        tags[start] = tags[start].replace("B-", "I-")
    return Case(tags=tags)


@tags_to_spans.case
def another_type_inside(draw):
    """`I-` of another type than what is open"""
    one, two, three = draw.shuffled(TYPES)[:3]
    sizes = [draw.integer(1, 2), draw.integer(1, 2), 2, draw.integer(2, 3)]
    length, spans = _spans(
        draw, [draw.integer(1, 2), 0, draw.integer(1, 2), 0, 1], [one, two, three, one], sizes
    )
    tags = _tags(length, spans)
    for _, start, _ in (spans[1], spans[3]):
        tags[start] = tags[start].replace("B-", "I-")
    return Case(tags=tags)


@tags_to_spans.case(apart=True)
def nothing_tagged(draw):
    """a sentence without an entity"""
    return Case(tags=["O"] * draw.integer(3, 6))


@tags_to_spans.case(apart=True)
def no_words(draw):
    """a sentence without words"""
    return Case(tags=[])


def _spans_agree(case: Case, answer) -> None:
    got = [tuple(_numbers(span)) if isinstance(span, (list, tuple)) else span for span in answer()]
    for span in got:
        right = isinstance(span, tuple) and len(span) == 3 and isinstance(span[0], str)
        expect.that(
            right and all(type(place) is int for place in span[1:]),
            f"each span should be (type, start, end), got {span!r}",
        )
    got, want = sorted(got, key=lambda span: span[1:]), _entities(case.tags)
    expect.same(got, want, "spans", tags=case.tags)


@tags_to_spans.must(
    "Give the type, the start and the exclusive end of each entity, also of one that ends with the sentence.",
    weight=1.5,
    on=(clean_tags,),
)
def reads_clean_tags(case, answer):
    _spans_agree(case, answer)


@tags_to_spans.must(
    "Begin a new entity at every `B-`, also directly after one of the same type.", on=(entities_side_by_side,)
)
def begin_begins(case, answer):
    _spans_agree(case, answer)


@tags_to_spans.must("Let an `I-` begin an entity where none is open.", on=(stray_inside_tags,))
def stray_begins(case, answer):
    _spans_agree(case, answer)


@tags_to_spans.must("Let an `I-` of another type begin an entity of its own.", on=(another_type_inside,))
def other_type_begins(case, answer):
    _spans_agree(case, answer)


@tags_to_spans.must("Give an empty list where there is no entity.", weight=0.5, on=(nothing_tagged, no_words))
def no_spans(case, answer):
    expect.same(answer(), [], "spans")


def _read(tags, *, stray=True, change=True, merge=False, close=True):
    """The reader with one rule taken away: `stray` and `change` begin entities, `merge` joins equal neighbours,
    `close` closes at the end of the sentence."""
    spans, kind, start = [], None, 0
    for at, tag in enumerate([*tags, "O"]):
        prefix, _, other = tag.partition("-")
        goes_on = (
            other
            and kind is not None
            and ((prefix == "I" and (other == kind or not change)) or (merge and other == kind))
        )
        if goes_on:
            continue
        if kind is not None and (close or at < len(tags)):
            spans.append((kind, start, at))
        opens = prefix == "B" or (prefix == "I" and (stray or kind is not None))
        kind, start = (other, at) if opens else (None, 0)
    return spans


@tags_to_spans.mistake(
    "An `I-` that follows an `O` is dropped. The CoNLL scorer lets it begin an entity: a tagger that forgot the `B-` has still found the name."
)
def stray_dropped(tags):
    return _read(tags, stray=False)


@tags_to_spans.mistake(
    "An `I-` continues the last entity of its type even across an `O`. The words between them belong to no entity, so that one has ended: here another begins."
)
def continued_across_a_gap(tags):
    spans = []
    for at, tag in enumerate(tags):
        if tag.startswith("I-") and spans and spans[-1][0] == tag[2:]:
            spans[-1][2] = at + 1
        elif tag != "O":
            spans.append([tag[2:], at, at + 1])
    return [tuple(span) for span in spans]


@tags_to_spans.mistake(
    "Every `I-` continues what is open, whatever its type: a place right after a person is swallowed by it."
)
def type_change_ignored(tags):
    return _read(tags, change=False)


@tags_to_spans.mistake(
    "Only a `B-` begins an entity: an `I-` after an `O`, or of another type, is lost. The CoNLL scorer counts both as entities of their own."
)
def only_begin_begins(tags):
    spans, kind, start = [], None, 0
    for at, tag in enumerate([*tags, "O"]):
        prefix, _, other = tag.partition("-")
        if prefix == "I" and other == kind:
            continue
        if kind is not None:
            spans.append((kind, start, at))
        kind, start = (other, at) if prefix == "B" else (None, 0)
    return spans


@tags_to_spans.mistake(
    "The type of an `I-` is never looked at: after a `B-` it continues whatever is open, and elsewhere it is dropped. Both kinds of `I-` begin an "
    "entity for the CoNLL scorer."
)
def inside_never_begins(tags):
    return _read(tags, stray=False, change=False)


@tags_to_spans.mistake(
    "Neighbours of one type are joined although the second begins with `B-`: two people side by side become one with a long name."
)
def neighbours_joined(tags):
    return _read(tags, merge=True)


@tags_to_spans.mistake(
    "The end is inclusive, the place of the last word. Here ends are exclusive, as in Python: `words[start:end]` is the name."
)
def inclusive_end(tags):
    return [(kind, start, end - 1) for kind, start, end in _read(tags)]


@tags_to_spans.mistake(
    "An entity is stored only when the next tag ends it, so one that reaches the end of the sentence is never stored."
)
def last_entity_lost(tags):
    return _read(tags, close=False)


@tags_to_spans.mistake(
    "Every tagged word is an entity of its own. `B-` and `I-` are there to join the words of one name."
)
def each_word_alone(tags):
    return [(tag[2:], at, at + 1) for at, tag in enumerate(tags) if tag != "O"]


@tags_to_spans.mistake("The type still has its `B-` in front. The type of `B-PER` is `PER`.")
def prefix_kept(tags):
    return [(tags[start], start, end) for _, start, end in _read(tags)]


@tags_to_spans.mistake(
    "Only the first word of each entity is returned: after `B-`, the `I-` that follow belong to it."
)
def first_words_only(tags):
    return [(kind, start, start + 1) for kind, start, _ in _read(tags)]


@tags_to_spans.mistake(
    "The third number is the entity's length. Asked for is its end: the place after its last word."
)
def length_for_end(tags):
    return [(kind, start, end - start) for kind, start, end in _read(tags)]


@tags_to_spans.mistake("The order is (start, end, type). Asked for is the type first: (type, start, end).")
def type_last(tags):
    return [(start, end, kind) for kind, start, end in _read(tags)]


# --------------------------------------------------------------------------------------- entity_scores

entity_scores = Exercise(
    "entity_scores",
    points=4,
    takes=("true_tags: list of lists of str", "predicted_tags: list of lists of str"),
    returns=("scores: dict of float",),
    summary="Precision, recall and F1 over exact entities, counted over all sentences together.",
    read="“Scores that count entities”, and the example worked by hand",
    hints=(
        "Your `tags_to_spans` does most of it: read the entities of each true and each predicted sentence.",
        "A true and a predicted entity agree if type, start, end *and the sentence* are the same. With the sentence's number in the tuple, sets can do it.",
        "precision = right / predicted, recall = right / true, F1 = 2 · right / (predicted + true). Each is 0.0 where its denominator is 0.",
    ),
)


def _sentence(length: int, spans: Sequence[Span], stray: Sequence[int] = ()) -> list[str]:
    tags = _tags(length, spans)
    for at in stray:
        tags[at] = tags[at].replace("B-", "I-")
    return tags


@entity_scores.case
def a_tagger_at_work(draw):
    """five sentences: right, wrong, missed and invented entities"""
    a, b, c, d = draw.shuffled(TYPES)[:4]
    at, size = draw.integer(1, 2), draw.integer(2, 3)
    truth = [
        [(a, at, at + size), (b, at + size + 1, at + size + 2)],
        [(a, 0, 3), (c, 5, 6)],
        [(a, 1, 3), (d, 4, 6)],
        [(a, 0, 2), (a, 3, 4), (b, 6, 8)],
        [],
    ]
    guess = [
        [(a, at, at + size), (c, at + size + 1, at + size + 2)],  # the second: right words, wrong type
        [(a, 0, 2), (b, at + size + 1, at + size + 2)],  # too short; and right only in the first sentence
        [(a, 1, 3)],  # one missed
        [(a, 0, 2), (a, 3, 4), (b, 6, 8), (c, 8, 9)],  # one invented
        [(a, 2, 3), (a, 4, 5), (b, 6, 8)],
    ]
    lengths = [draw.integer(9, 11) for _ in truth]
    order = draw.shuffled(range(5))
    rows = [
        (_sentence(n, t), _sentence(n, g, stray=[6] if i == 3 else []))
        for i, (n, t, g) in enumerate(zip(lengths, truth, guess, strict=True))
    ]
    return Case(true_tags=[rows[i][0] for i in order], predicted_tags=[rows[i][1] for i in order])


@entity_scores.case
def a_timid_tagger(draw):
    """a tagger that misses much and invents little"""
    a, b, c = draw.shuffled(TYPES)[:3]
    truth = [[(a, 0, 2), (a, 2, 4), (b, 5, 6)], [(b, 1, 4)], [(c, 0, 1), (a, 3, 5)], [(b, 2, 3)]]
    guess = [[(a, 0, 2), (a, 2, 4)], [(b, 1, 4), (a, 5, 6)], [(a, 3, 4)], []]
    lengths = [draw.integer(7, 9) for _ in truth]
    rows = [(_sentence(n, t), _sentence(n, g)) for n, t, g in zip(lengths, truth, guess, strict=True)]
    rows = draw.shuffled(rows)
    return Case(true_tags=[t for t, _ in rows], predicted_tags=[g for _, g in rows])


@entity_scores.case(apart=True)
def entities_at_the_borders(draw):
    """an entity that ends its sentence, and a stray `I-` of its type that begins the next"""
    a, b, c = draw.shuffled(TYPES)[:3]
    length = draw.integer(5, 7)
    truth = [[(b, 1, 2), (a, length - 2, length)], [(a, 0, 2), (b, 4, 5)]]
    guess = [[(a, length - 2, length)], [(a, 0, 2), (c, 3, 4)]]
    return Case(
        true_tags=[_tags(length, spans) for spans in truth],
        predicted_tags=[_tags(length, guess[0]), _sentence(length, guess[1], stray=[0])],
    )


@entity_scores.case(apart=True)
def nothing_right(draw):
    """a tagger whose entities are all wrong"""
    one, other = draw.shuffled(TYPES)[:2]
    length = draw.integer(5, 7)
    return Case(
        true_tags=[_tags(length, [(one, 1, 3)]), ["O"] * 3],
        predicted_tags=[_tags(length, [(other, 1, 3)]), _tags(3, [(one, 0, 1)])],
    )


@entity_scores.case(apart=True)
def nothing_predicted(draw):
    """a tagger that finds nothing"""
    kind, length = draw.choice(TYPES), draw.integer(4, 6)
    return Case(
        true_tags=[_tags(length, [(kind, 1, 3)]), ["O"] * 3], predicted_tags=[["O"] * length, ["O"] * 3]
    )


@entity_scores.case(apart=True)
def nothing_to_find(draw):
    """sentences without entities, and a tagger that finds some"""
    kind, length = draw.choice(TYPES), draw.integer(4, 6)
    return Case(
        true_tags=[["O"] * length, ["O"] * 3], predicted_tags=[_tags(length, [(kind, 1, 3)]), ["O"] * 3]
    )


@entity_scores.case(apart=True)
def nothing_at_all(draw):
    """no entity, neither true nor predicted"""
    return Case(true_tags=[["O"] * 4, ["O"] * 3], predicted_tags=[["O"] * 4, ["O"] * 3])


def _seqeval(true_tags, predicted_tags) -> dict[str, float]:
    from seqeval.metrics import f1_score, precision_score, recall_score

    scorers = {"precision": precision_score, "recall": recall_score, "f1": f1_score}
    return {name: float(score(true_tags, predicted_tags, zero_division=0)) for name, score in scorers.items()}


def _score_agrees(case: Case, answer, *names: str) -> None:
    got, want = _numbers(answer()), _seqeval(case.true_tags, case.predicted_tags)
    for name in names:
        expect.that(name in got, f"scores: {name!r} is missing, there are {list(got)}")
        expect.same(got[name], want[name], f"scores[{name!r}]")


@entity_scores.must(
    "precision: the share of the predicted entities that are true ones.",
    weight=1.1,
    on=(a_tagger_at_work, a_timid_tagger, entities_at_the_borders),
)
def precision_is_right(case, answer):
    _score_agrees(case, answer, "precision")


@entity_scores.must("recall: the share of the true entities that were predicted.", weight=1.1)
def recall_is_right(case, answer):
    _score_agrees(case, answer, "recall")


@entity_scores.must("f1: the harmonic mean of the two.", weight=1.1)
def f1_is_right(case, answer):
    _score_agrees(case, answer, "f1")


@entity_scores.must(
    "Give 0.0 where there is nothing to divide by.",
    weight=0.7,
    on=(nothing_right, nothing_predicted, nothing_to_find, nothing_at_all),
)
def nothing_to_divide_by(case, answer):
    _score_agrees(case, answer, "precision", "recall", "f1")


def _ratios(right: int, predicted: int, true: int) -> dict[str, float]:
    return {
        "precision": right / predicted if predicted else 0.0,
        "recall": right / true if true else 0.0,
        "f1": 2 * right / (predicted + true) if predicted + true else 0.0,
    }


def _sets(true_tags, predicted_tags, read=_read, key=lambda number, span: (number, *span)):
    """Both sets of entities, with their sentence's number, as `key` makes them."""
    return [
        {key(number, span) for number, tags in enumerate(rows) for span in read(tags)}
        for rows in (true_tags, predicted_tags)
    ]


def _compared(true_tags, predicted_tags, **how) -> dict[str, float]:
    true, predicted = _sets(true_tags, predicted_tags, **how)
    return _ratios(len(true & predicted), len(predicted), len(true))


@entity_scores.mistake(
    "The share of right tags is returned. Most words are `O`, so a tagger that finds nothing at all looks good."
)
def accuracy_of_tags(true_tags, predicted_tags):
    pairs = [
        t == p
        for true, predicted in zip(true_tags, predicted_tags, strict=True)
        for t, p in zip(true, predicted, strict=True)
    ]
    return dict.fromkeys(("precision", "recall", "f1"), sum(pairs) / len(pairs))


@entity_scores.mistake(
    "Tagged words are counted instead of entities: three words of a four-word name give credit, although the name is wrong."
)
def words_counted(true_tags, predicted_tags):
    def words(tags):
        return [(tag, at, at + 1) for at, tag in enumerate(tags) if tag != "O"]

    return _compared(true_tags, predicted_tags, read=words)


@entity_scores.mistake(
    "The sentence is forgotten: an entity counts as right if *any* sentence has one of its type at the same place. A place means something within its own sentence only."
)
def sentence_forgotten(true_tags, predicted_tags):
    return _compared(true_tags, predicted_tags, key=lambda number, span: span)


@entity_scores.mistake("The type is not compared: a place that was tagged as a person counts as found.")
def type_forgotten(true_tags, predicted_tags):
    return _compared(true_tags, predicted_tags, key=lambda number, span: (number, *span[1:]))


@entity_scores.mistake(
    "The end is not compared: an entity that is too short or too long counts as right. Exact means all of its words and no other."
)
def end_forgotten(true_tags, predicted_tags):
    return _compared(true_tags, predicted_tags, key=lambda number, span: (number, *span[:2]))


@entity_scores.mistake(
    "An `I-` that follows an `O` is not read as an entity, so a name whose `B-` the tagger forgot counts as missed. The CoNLL scorer counts it as found."
)
def strays_not_counted(true_tags, predicted_tags):
    def strict(tags):
        return [span for span in _read(tags) if tags[span[1]].startswith("B-")]

    return _compared(true_tags, predicted_tags, read=strict)


@entity_scores.mistake(
    "Precision and recall are swapped. Precision divides by what was *predicted*, recall by what is *true*."
)
def scores_swapped(true_tags, predicted_tags):
    scores = _compared(true_tags, predicted_tags)
    return scores | {"precision": scores["recall"], "recall": scores["precision"]}


@entity_scores.mistake(
    "F1 is the plain mean of precision and recall. The harmonic mean stays near the smaller of the two, so that neither can make up for the other."
)
def plain_mean(true_tags, predicted_tags):
    scores = _compared(true_tags, predicted_tags)
    return scores | {"f1": (scores["precision"] + scores["recall"]) / 2}


@entity_scores.mistake(
    "Each sentence is scored and then the scores are averaged: a sentence with one name weighs as much as one with ten. Count over all sentences first (micro)."
)
def mean_over_sentences(true_tags, predicted_tags):
    rows = [_compared([t], [p]) for t, p in zip(true_tags, predicted_tags, strict=True)]
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


@entity_scores.mistake(
    "Each type is scored and then the scores are averaged (macro): a rare type weighs as much as a common one. Asked for is one count over all (micro)."
)
def mean_over_types(true_tags, predicted_tags):
    true, predicted = _sets(true_tags, predicted_tags)
    kinds = sorted({span[1] for span in true | predicted})
    rows = [
        _ratios(
            sum(span[1] == kind for span in true & predicted),
            sum(span[1] == kind for span in predicted),
            sum(span[1] == kind for span in true),
        )
        for kind in kinds
    ] or [_ratios(0, 0, 0)]
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


@entity_scores.mistake("The scores are percentages. They should be shares from 0 to 1.")
def in_percent(true_tags, predicted_tags):
    return {name: 100 * score for name, score in _compared(true_tags, predicted_tags).items()}


@entity_scores.mistake(
    "Right wherever there is something to divide by; without a predicted or a true entity it fails with a `ZeroDivisionError`. A young tagger often predicts nothing."
)
def divides_by_zero(true_tags, predicted_tags):
    true, predicted = _sets(true_tags, predicted_tags)
    right = len(true & predicted)
    precision, recall = right / len(predicted), right / len(true)
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall)}


@entity_scores.mistake(
    "Right but for the F1 of a tagger that gets nothing right: precision and recall are both 0, and `p + r` is nothing to divide by."
)
def f1_of_two_zeros(true_tags, predicted_tags):
    true, predicted = _sets(true_tags, predicted_tags)
    if not true or not predicted:
        return dict.fromkeys(("precision", "recall", "f1"), 0.0)
    return divides_by_zero(true_tags, predicted_tags)


@entity_scores.mistake(
    "All sentences are joined to one before the entities are read. One that ends its sentence runs on into the next where that begins with an `I-` of its type."
)
def sentences_joined(true_tags, predicted_tags):
    return _compared(*([list(itertools.chain(*rows))] for rows in (true_tags, predicted_tags)))


@entity_scores.mistake(
    "Where there is nothing to divide by, the score is 1.0: a tagger that finds nothing is told that its precision is perfect."
)
def perfect_where_empty(true_tags, predicted_tags):
    true, predicted = _sets(true_tags, predicted_tags)
    right = len(true & predicted)
    return {
        "precision": right / len(predicted) if predicted else 1.0,
        "recall": right / len(true) if true else 1.0,
        "f1": 2 * right / (len(predicted) + len(true)) if predicted or true else 1.0,
    }


# -------------------------------------------------------------------------------------------- entities

entities = Exercise(
    "entities",
    points=0,
    takes=("text: str", "offsets: list of pairs", "tags: list of str"),
    returns=("found: list of dict",),
    summary="The entities of a text with their characters, as the pipeline prints them.",
    read="“What the pipeline prints”",
    hints=(
        "`tags_to_spans(tags)` gives the entities in tokens. What is left is to go from tokens to characters.",
        "Tokens `start` to `end - 1` cover the characters from `offsets[start][0]` to `offsets[end - 1][1]`.",
    ),
)

SYLLABLES = ("ba", "de", "ki", "lo", "mu", "ra", "so", "ten", "vi", "zan")


def _text_of(draw, tags: Sequence[str], gaps: Sequence[str] = (" ", " ", "  ", "-")) -> tuple[str, list]:
    """A text with a token for each tag, and where each stands; double spaces and hyphens among the gaps."""
    text, offsets = draw.choice(("", " ")), []
    for _ in tags:
        word = "".join(draw.choice(SYLLABLES) for _ in range(draw.integer(1, 3))).title()
        text += draw.choice(gaps) if offsets else ""
        offsets.append((len(text), len(text) + len(word)))
        text += word
    return text + draw.choice(("", " ")), offsets


@entities.case
def tagged_text(draw):
    """a text with three entities, two of them side by side"""
    one, other = draw.shuffled(TYPES)[:2]
    sizes = [draw.integer(2, 3), draw.integer(2, 3), draw.integer(1, 2)]
    length, spans = _spans(draw, [draw.integer(1, 2), 0, 1, 0], [one, one, other], sizes)
    tags = _tags(length, spans)
    text, offsets = _text_of(draw, tags)
    return Case(text=text, offsets=offsets, tags=tags)


@entities.case
def text_with_special_tokens(draw):
    """a text with [CLS] and [SEP], whose offsets are (0, 0), and one stray `I-`"""
    kinds = draw.shuffled(TYPES)[:2]
    length, spans = _spans(draw, [draw.integer(1, 2), 1, draw.integer(1, 2)], kinds, draw.shuffled((2, 3)))
    tags = _tags(length, spans)
    tags[spans[1][1]] = tags[spans[1][1]].replace("B-", "I-")
    text, offsets = _text_of(draw, tags)
    return Case(text=text, offsets=[(0, 0), *offsets, (0, 0)], tags=["O", *tags, "O"])


@entities.case(apart=True)
def untagged_text(draw):
    """a text without an entity"""
    tags = ["O"] * draw.integer(3, 5)
    text, offsets = _text_of(draw, tags)
    return Case(text=text, offsets=offsets, tags=tags)


def _found(text, offsets, tags, read=_read) -> list[dict]:
    rows = []
    for kind, start, end in read(tags):
        first, last = offsets[start][0], offsets[end - 1][1]
        rows.append({"entity_group": kind, "word": text[first:last], "start": first, "end": last})
    return rows


def _fields_agree(case: Case, answer, *names: str) -> None:
    got, want = _numbers(answer()), _found(case.text, case.offsets, case.tags, _entities)
    expect.that(
        len(got) == len(want), f"found: expected {len(want)} entities, got {len(got)}", tags=case.tags
    )
    for number, (mine, yours) in enumerate(zip(want, got, strict=True)):
        expect.that(isinstance(yours, dict), f"found[{number}] should be a dict, got {yours!r}")
        for name in names:
            expect.that(name in yours, f"found[{number}] has no {name!r}")
            expect.same(yours[name], mine[name], f"found[{number}][{name!r}]")


@entities.must("Give one dict for each entity, in order, with its type as `entity_group`.")
def one_dict_an_entity(case, answer):
    _fields_agree(case, answer, "entity_group")


@entities.must("`start` and `end` are the characters where the entity starts and ends, the end exclusive.")
def places_in_characters(case, answer):
    _fields_agree(case, answer, "start", "end")


@entities.must("`word` is the text between the two, as it stands there.")
def words_as_they_stand(case, answer):
    _fields_agree(case, answer, "word")


@entities.must("Give an empty list where there is no entity.", weight=0.5, on=(untagged_text,))
def nothing_found(case, answer):
    expect.same(answer(), [], "found")


@entities.mistake(
    "`start` and `end` count tokens. The pipeline counts characters, so that one can cut the name out of the text."
)
def token_positions(text, offsets, tags):
    return [
        row | {"start": start, "end": end}
        for row, (_, start, end) in zip(_found(text, offsets, tags), _read(tags), strict=True)
    ]


@entities.mistake(
    "The end is that of the entity's *first* token, so longer names are cut off after one word."
)
def end_of_the_first_token(text, offsets, tags):
    return _found(
        text, offsets, tags, lambda row: [(kind, start, start + 1) for kind, start, _ in _read(row)]
    )


@entities.mistake(
    "The end is that of the token *after* the entity: in tokens the end is exclusive, so the last token of the entity is the one before it."
)
def end_of_the_next_token(text, offsets, tags):
    places = [*offsets, (len(text), len(text))]
    rows = []
    for kind, start, end in _read(tags):
        first, last = offsets[start][0], places[end][1]
        rows.append({"entity_group": kind, "word": text[first:last], "start": first, "end": last})
    return rows


@entities.mistake(
    "The end is one character short: `text[start:end]` already leaves out the character at `end`."
)
def end_one_short(text, offsets, tags):
    return [row | {"end": row["end"] - 1, "word": row["word"][:-1]} for row in _found(text, offsets, tags)]


@entities.mistake(
    "The tokens are joined by single spaces. The text may have other characters between them; cut the name out of it instead."
)
def joined_by_spaces(text, offsets, tags):
    return [
        row | {"word": " ".join(text[a:b] for a, b in offsets[start:end])}
        for row, (_, start, end) in zip(_found(text, offsets, tags), _read(tags), strict=True)
    ]


@entities.mistake("The type still has its `B-` in front. The pipeline's `entity_group` is the bare type.")
def group_with_prefix(text, offsets, tags):
    return [
        row | {"entity_group": tags[start]}
        for row, (_, start, _) in zip(_found(text, offsets, tags), _read(tags), strict=True)
    ]


@entities.mistake(
    "There is a dict for every tagged token. `aggregation_strategy` is what groups them into names: one dict for each entity."
)
def a_dict_a_token(text, offsets, tags):
    return _found(text, offsets, tags, each_word_alone)


# ------------------------------------------------------------------------------------------------ quiz

token_classification_quiz = Quiz(
    "token_classification_quiz",
    {
        "pieces": Question(
            "Why do the later pieces of a word get -100, and not 0?",
            (
                (
                    "0 is the id of [PAD], so the pieces would be taken for padding.",
                    "Labels and ids are different lists. Padding is what the attention mask says; in the *labels*, 0 is one of the classes.",
                ),
                ("0 is a label, mostly `O`: the model would learn that the end of a name is no name.", ""),
                (
                    "-100 lets the model choose the label of these pieces by itself.",
                    "It says something for them anyway. -100 only keeps the loss from looking.",
                ),
            ),
            "b",
        ),
        "scores": Question(
            "80 % of the words of a text are outside of any name. A tagger says `O` to every word. What are its accuracy and its F1 over entities?",
            (
                (
                    "Both 0.8.",
                    "F1 counts entities, and this tagger finds none.",
                ),
                (
                    "0.8, and F1 cannot be computed.",
                    "It can: no entity is right, so recall is 0, and the scores that would divide by zero are taken as 0.",
                ),
                (
                    "0.2 and 0.",
                    "0.2 is the share of words that it gets wrong.",
                ),
                ("0.8 and 0.", ""),
            ),
            "d",
        ),
        "begin": Question(
            "What is lost if the labels have no `B-`, only `I-PER`, `I-LOC`, ... and `O`?",
            (
                ("Where one name ends and the next of its type begins, if they touch.", ""),
                (
                    "The first word of every name.",
                    "It would still be tagged, with `I-`. All words of names can be found.",
                ),
                (
                    "Nothing: `B-` is for the reader.",
                    "Two names of one type side by side would be one.",
                ),
            ),
            "a",
        ),
        "exact": Question(
            "True is `Table Mountain` (LOC). The tagger marks `Mountain` (LOC) alone. How does that count?",
            (
                (
                    "Half right, in precision and in recall.",
                    "Exact entities know no halves: type, start and end must all be right.",
                ),
                (
                    "As missed, and nothing else.",
                    "It is missed, which lowers recall; but the tagger also *claimed* something.",
                ),
                ("As one missed and one wrongly found entity.", ""),
                (
                    "As right: the type is right and the words overlap.",
                    "Other scorers do count overlaps. The CoNLL scorer, and seqeval after it, count exact entities.",
                ),
            ),
            "c",
        ),
    },
    read="“Words, pieces, labels”, and “Scores that count entities”",
)
