"""Lesson 02: from text to a batch."""

from __future__ import annotations

from itertools import pairwise

import torch

from grader.judge import Case, Exercise, Question, Quiz, expect

LESSON = "02_inputs"

SYLLABLES = (
    "ba",
    "co",
    "du",
    "fe",
    "gi",
    "ha",
    "jo",
    "ku",
    "le",
    "mi",
    "no",
    "pu",
    "ra",
    "se",
    "ti",
    "vo",
    "wu",
    "xa",
    "ye",
    "zi",
)

# ---------------------------------------------------------------------------------------- word_pieces

word_pieces = Exercise(
    "word_pieces",
    points=4,
    takes=("word: str", "vocab: dict of int", "unknown: str"),
    returns=("pieces: list of str",),
    summary="Cut a word into the longest pieces that the vocabulary has, from left to right.",
    read="“A word in pieces”, and the example worked by hand",
    hints=(
        "Keep the place where the next piece begins. From there try the longest end first: the end of the word, then one character "
        "less, and so on.",
        'A piece that does not begin the word is looked up with its mark: `"##" + word[start:end]`.',
        "When no end gives a piece of the vocabulary, the whole word is lost: return `[unknown]` at once, whatever was found before.",
    ),
)


def _parts(draw, count: int) -> list[str]:
    return draw.shuffled(SYLLABLES)[:count]


def _word(draw, word: str, pieces: list[str], **unknown: str) -> Case:
    """A case whose vocabulary has `pieces`, of which the second has the id 0, and some that cannot be used."""
    stray = [syllable for syllable in draw.shuffled(SYLLABLES) if syllable not in word.lower()][:4]
    vocabulary = draw.shuffled([*pieces, stray[0], "##" + stray[1], "##" + stray[2], stray[3]])
    first = vocabulary.index(pieces[1])
    return Case(
        word=word,
        vocab={piece: (place - first) % len(vocabulary) for place, piece in enumerate(vocabulary)},
        **unknown,
    )


@word_pieces.case
def many_ways_to_cut(draw):
    """a word that can be cut in more ways than one"""
    a, b, c, d = _parts(draw, 4)
    pieces = [a, a + b, f"##{b}", f"##{c}", f"##{d}", f"##{b}{c}{d}", c + d, f"##{d[0]}", f"##{d[1]}"]
    return _word(draw, a + b + c + d, pieces)


@word_pieces.case
def a_long_beginning(draw):
    """a word with a long piece at its beginning"""
    a, b, c, d, e = _parts(draw, 5)
    pieces = [a, a + b + c, f"##{b}", f"##{d}{e}", f"##{c}{d}{e}", f"##{d}", f"##{e}", d + e]
    return _word(draw, a + b + c + d + e, pieces)


@word_pieces.case
def a_known_word(draw):
    """a word that is in the vocabulary as a whole"""
    a, b, c = _parts(draw, 3)
    return _word(draw, a + b + c, [a, a + b, a + b + c, f"##{b}", f"##{c}", f"##{b}{c}"])


@word_pieces.case
def single_characters(draw):
    """a word whose longest pieces have three characters, or one"""
    a, b, c, d = _parts(draw, 4)
    pieces = [a, a + b[0], f"##{b}", f"##{b[1]}", f"##{c}", f"##{c}{d[0]}", f"##{d[1]}", d[1]]
    return _word(draw, a + b + c + d, pieces)


@word_pieces.case
def a_capital(draw):
    """a word with a capital; the vocabulary has small letters, too"""
    a, b, c, d = _parts(draw, 4)
    pieces = [a, a.capitalize() + b, a + b, a + b + c, f"##{c}", f"##{d}", f"##{c}{d}", a.capitalize()]
    return _word(draw, a.capitalize() + b + c + d, pieces)


@word_pieces.case
def a_dead_end(draw):
    """a word whose longest first piece leaves a rest without a piece"""
    a, b, c, d = _parts(draw, 4)
    return _word(draw, a + b + c + d, [a, a + b, f"##{b}", f"##{c}", f"##{b}{c}{d}", d, f"##{c}{d[0]}"])


@word_pieces.case
def an_unknown_character(draw):
    """a word with a character that no piece has; another name for `unknown`"""
    a, b, c = _parts(draw, 3)
    pieces = [a, a + b, f"##{b}", f"##{c}"]
    strange = draw.choice("#é7") if draw.integer(0, 1) else draw.choice("ßñ9")
    return _word(draw, a + b + strange + c, pieces, unknown=draw.choice(("<unk>", "[???]", "<oov>")))


@word_pieces.case(apart=True)
def a_very_long_word(draw):
    """a word of more than 100 characters"""
    a, b, c = _parts(draw, 3)
    word = a + "".join(draw.choice((b, c)) for _ in range(draw.integer(55, 65)))
    return _word(draw, word, [a, a + b, f"##{b}", f"##{c}", f"##{b}{c}"])


@word_pieces.case(apart=True)
def the_empty_word(draw):
    """the empty word"""
    return _word(draw, "", _parts(draw, 2))


def _library_pieces(case: Case) -> list[str]:
    from tokenizers.models import WordPiece

    unknown = case.arguments.get("unknown", "[UNK]")
    model = WordPiece(
        {**case.vocab, unknown: len(case.vocab) + 5}, unk_token=unknown, max_input_chars_per_word=10**6
    )
    return [token.value for token in model.tokenize(case.word)]


@word_pieces.must(
    "Take the longest piece that fits, then the longest that continues it, and so on to the end of the word.",
    weight=1.25,
    on=(many_ways_to_cut, a_long_beginning, a_known_word, single_characters, a_capital),
)
def longest_first(case, answer):
    expect.same(answer(), _library_pieces(case), "pieces", vocabulary=list(case.vocab))


@word_pieces.must(
    "Mark with `##` every piece that continues a word, and only those; joined without the marks, the pieces are the word."
)
def continuations_are_marked(case, answer):
    pieces = answer()
    if _library_pieces(case) == [case.arguments.get("unknown", "[UNK]")]:
        return  # another requirement's
    missing = [piece for piece in pieces if not (isinstance(piece, str) and piece in case.vocab)]
    expect.that(not missing, f"not in the vocabulary: {missing[:5]}")
    joined = "".join(piece.removeprefix("##") if i else piece for i, piece in enumerate(pieces))
    expect.same(joined, case.word, "the pieces joined")
    unmarked = [piece for piece in pieces[1:] if not piece.startswith("##")]
    expect.that(not unmarked, f"continues the word, but has no mark: {unmarked}")


@word_pieces.must(
    "Give `[unknown]`, and nothing else, for a word that cannot be covered so: also where another cut would have covered it.",
    on=(a_dead_end, an_unknown_character),
)
def uncovered_words(case, answer):
    want = [case.arguments.get("unknown", "[UNK]")]
    expect.same(answer(), want, "pieces", vocabulary=list(case.vocab))


@word_pieces.must("Cut words of any length.", weight=0.5, on=(a_very_long_word,))
def no_limit(case, answer):
    expect.same(answer(), _library_pieces(case), "pieces")


@word_pieces.must("Give no piece for the empty word.", weight=0.25, on=(the_empty_word,))
def nothing_to_cut(case, answer):
    expect.same(answer(), [], "pieces")


def _greedy(
    word,
    vocab,
    unknown,
    *,
    lookup=lambda part, start: f"##{part}" if start else part,
    give_up=None,
    shortest=1,
):
    """Longest match first; `lookup` names a part in the vocabulary, `give_up` is told the pieces so far."""
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start + shortest - 1, -1):
            if lookup(word[start:end], start) in vocab:
                pieces.append(lookup(word[start:end], start))
                start = end
                break
        else:
            return give_up(pieces, start) if give_up else [unknown]
    return pieces


@word_pieces.mistake(
    "The word is put into small letters before it is looked up. That is another step's work, and only for *uncased* vocabularies; this one may "
    "tell `May` from `may`."
)
def capitals_lost(word, vocab, unknown="[UNK]"):
    return _greedy(word.lower(), vocab, unknown)


@word_pieces.mistake(
    "A piece whose id is 0 counts as missing: `if vocab.get(piece)` is false for the id 0 as well as for no id. Ask `piece in vocab`."
)
def id_zero_missed(word, vocab, unknown="[UNK]"):
    return _greedy(word, {piece: number for piece, number in vocab.items() if number}, unknown)


@word_pieces.mistake(
    "At each place the *shortest* piece is taken: the word falls apart into crumbs, and the sequences become much longer than they "
    "need to be."
)
def shortest_first(word, vocab, unknown="[UNK]"):
    pieces, start = [], 0
    while start < len(word):
        for end in range(start + 1, len(word) + 1):
            piece = f"##{word[start:end]}" if start else word[start:end]
            if piece in vocab:
                pieces.append(piece)
                start = end
                break
        else:
            return [unknown]
    return pieces


@word_pieces.mistake(
    "A piece of a single character is never tried. The end of a slice is not part of it: the shortest piece from `start` is `word[start:start + 1]`, and "
    "the end of a `range` is not part of it either."
)
def single_characters_never_tried(word, vocab, unknown="[UNK]"):
    return _greedy(word, vocab, unknown, shortest=2)


@word_pieces.mistake(
    "The cuts are right, but the continuation pieces come back without their `##`. In the vocabulary `##ing` and `ing` are two entries "
    "with two ids, so the model would read other tokens."
)
def marks_dropped(word, vocab, unknown="[UNK]"):
    pieces = _greedy(word, vocab, unknown)
    return pieces if pieces == [unknown] else [p.removeprefix("##") if i else p for i, p in enumerate(pieces)]


@word_pieces.mistake(
    "Continuations are looked up without `##`, so pieces that may only begin a word are used in its middle, and real continuations "
    "are not found."
)
def looked_up_without_marks(word, vocab, unknown="[UNK]"):
    return _greedy(word, vocab, unknown, lookup=lambda part, start: part)


@word_pieces.mistake(
    "Continuations are looked up without `##`, which is put before them afterwards: the result holds pieces that the vocabulary may "
    "not have, and so no id for them."
)
def marked_after_looking_up(word, vocab, unknown="[UNK]"):
    pieces = _greedy(word, vocab, unknown, lookup=lambda part, start: part)
    return pieces if pieces == [unknown] else [f"##{p}" if i else p for i, p in enumerate(pieces)]


@word_pieces.mistake(
    "The pieces found before the dead end are kept and only the rest becomes unknown. WordPiece gives up the whole word: half a word "
    "may mean something else."
)
def beginning_kept(word, vocab, unknown="[UNK]"):
    return _greedy(word, vocab, unknown, give_up=lambda pieces, start: [*pieces, unknown])


@word_pieces.mistake(
    "One character that has no piece becomes unknown and the rest of the word goes on. WordPiece gives up the whole word, so the model "
    "would read sequences that it was never trained on."
)
def character_skipped(word, vocab, unknown="[UNK]"):
    def go_on(pieces, start):
        rest = character_skipped("\0" + word[start + 1 :], {**vocab, "\0": 0}, unknown)
        return [*pieces, unknown, *rest[1:]]

    return _greedy(word, vocab, unknown, give_up=go_on)


def _cuts(word: str, vocab: dict, start: int = 0) -> list[list[str]]:
    if start == len(word):
        return [[]]
    found = []
    for end in range(len(word), start, -1):
        piece = f"##{word[start:end]}" if start else word[start:end]
        if piece in vocab:
            found += [[piece, *rest] for rest in _cuts(word, vocab, end)]
            if len(word) > 40 and found:
                break  # one is enough; there are too many
    return found


@word_pieces.mistake(
    "At a dead end the code goes back and tries a shorter piece. That sounds better, but it is not what the model was trained with: "
    "greedy matching never takes back a piece."
)
def goes_back(word, vocab, unknown="[UNK]"):
    return next(iter(_cuts(word, vocab)), [unknown])


@word_pieces.mistake(
    "The cut with the fewest pieces was looked for. Greedy matching decides from left to right and may need more; the model knows only "
    "the greedy cuts."
)
def fewest_pieces(word, vocab, unknown="[UNK]"):
    return min(_cuts(word, vocab), key=len, default=[unknown])


@word_pieces.mistake(
    "The longest piece is taken from the *end* of the word. WordPiece works from the beginning, so the same word gets other pieces "
    "than the model was trained with."
)
def from_the_end(word, vocab, unknown="[UNK]"):
    pieces, end = [], len(word)
    while end:
        for start in range(end):
            piece = f"##{word[start:end]}" if start else word[start:end]
            if piece in vocab:
                pieces.insert(0, piece)
                end = start
                break
        else:
            return [unknown]
    return pieces


@word_pieces.mistake(
    "Words of more than 100 characters become unknown, as in many tokenizers by default. Here every word is cut, however long."
)
def limited_to_100(word, vocab, unknown="[UNK]"):
    return [unknown] if len(word) > 100 else _greedy(word, vocab, unknown)


@word_pieces.mistake(
    "The empty word became unknown. There is nothing in it that could be unknown: it has no pieces."
)
def empty_is_unknown(word, vocab, unknown="[UNK]"):
    return _greedy(word, vocab, unknown) or [unknown]


@word_pieces.mistake(
    "The argument `unknown` is never used: `[UNK]` stands in the code instead, and other models call it otherwise."
)
def fixed_unknown(word, vocab, unknown="[UNK]"):
    return _greedy(word, vocab, "[UNK]")


@word_pieces.mistake(
    "These are ids. The pieces themselves are asked for; the vocabulary turns them into ids later."
)
def ids_for_pieces(word, vocab, unknown="[UNK]"):
    return [vocab.get(piece, 1) for piece in _greedy(word, vocab, unknown)]


# ----------------------------------------------------------------------------------------- byte_pairs

byte_pairs = Exercise(
    "byte_pairs",
    points=0,
    takes=("word: str", "merges: list of tuples of str"),
    returns=("pieces: list of str",),
    summary="Start from characters and merge neighbours, the earliest learnt pair first.",
    read="“The other way round: merging”",
    hints=(
        "A dict from pair to rank makes the question easy: which of the adjacent pairs of `pieces` has the lowest rank?",
        "Build the next list of pieces from left to right: where the pair stands, append both as one and step over two; else append one "
        "and step over one.",
    ),
)


@byte_pairs.case
def competing_merges(draw):
    """a word in which merges compete for the same characters"""
    a, b, c, d, g, h, i, x, y, z, p, q = draw.shuffled("abcdefghijklmnop")[:12]
    merges = [(b, c), (b + c, d), (c, d), (a, b), (g, h), (h, i), (x, y), (y, z), (x, y + z)]
    for pair in ((p, q), (q, p), (p, p)):
        merges.insert(draw.integer(0, len(merges)), pair)
    return Case(word=a + b + c + d + g + h + i + a + b + c + d + x + y + z, merges=merges)


@byte_pairs.case
def a_run_of_one_letter(draw):
    """one letter many times over, and a pair at either end"""
    p, q = draw.shuffled("abcdefghijklmnop")[:2]
    run = draw.choice((5, 7))
    return Case(word=q + q + p * run + q + q, merges=[(p, p), (p + p, p + p), (q, q)])


@byte_pairs.case
def nothing_to_merge(draw):
    """a word without a pair that was learnt"""
    a, b, c, d, e = draw.shuffled("abcdefghijklmnop")[:5]
    return Case(word=a + b + c + b, merges=[(c, a), (d, e), (b, a)])


def _merged(word: str, merges: list, *, pick=min, rounds: int = 10**6) -> list[str]:
    ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}
    pieces = list(word)
    for _ in range(rounds):
        known = [pair for pair in pairwise(pieces) if pair in ranks]
        if not known:
            break
        pieces = _join(pieces, pick(known, key=ranks.get))
    return pieces


def _join(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    joined, i = [], 0
    while i < len(pieces):
        step = 2 if tuple(pieces[i : i + 2]) == pair else 1
        joined.append("".join(pieces[i : i + step]))
        i += step
    return joined


@byte_pairs.must("In each round, merge the pair that was learnt first.", on=(competing_merges,))
def best_rank_first(case, answer):
    expect.same(answer(), _library_merges(case), "pieces")


@byte_pairs.must(
    "Merge it everywhere, from left to right, and go on until no pair is left.", on=(a_run_of_one_letter,)
)
def everywhere_from_the_left(case, answer):
    expect.same(answer(), _library_merges(case), "pieces")


@byte_pairs.must("Give the characters where there is nothing to merge.", on=(nothing_to_merge,))
def characters_remain(case, answer):
    expect.same(answer(), list(case.word), "pieces")
    expect.same(answer(merges=[]), list(case.word), "pieces without any merge")


@byte_pairs.must("Lose and add nothing: joined, the pieces are the word.")
def joined_again(case, answer):
    expect.same("".join(map(str, answer())), case.word, "the pieces joined")


def _library_merges(case: Case) -> list[str]:
    from tokenizers.models import BPE

    pieces = dict.fromkeys([*case.word, *(half for pair in case.merges for half in pair)])
    pieces |= dict.fromkeys(a + b for a, b in case.merges)
    model = BPE({piece: number for number, piece in enumerate(pieces)}, case.merges)
    return [token.value for token in model.tokenize(case.word)]


@byte_pairs.mistake(
    "The first pair from the left that can be merged is merged. What counts is the rank: the pair that was learnt first goes first, "
    "wherever it stands."
)
def leftmost_first(word, merges):
    pieces, known = list(word), set(map(tuple, merges))
    i = 0
    while i + 1 < len(pieces):
        if (pieces[i], pieces[i + 1]) in known:
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
            i = 0
        else:
            i += 1
    return pieces


@byte_pairs.mistake("The ranks are turned round: the pair learnt *last* is merged first.")
def last_learnt_first(word, merges):
    return _merged(word, merges, pick=max)


@byte_pairs.mistake(
    "This is WordPiece's way: the longest known piece from the left. Byte pairs never look for long pieces, they only merge neighbours "
    "in the learnt order."
)
def longest_match(word, merges):
    known = {a + b for a, b in merges}
    pieces, start = [], 0
    while start < len(word):
        end = next(e for e in range(len(word), start, -1) if e == start + 1 or word[start:e] in known)
        pieces.append(word[start:end])
        start = end
    return pieces


@byte_pairs.mistake("Only one round: after a merge, new neighbours may be a learnt pair themselves.")
def one_round(word, merges):
    return _merged(word, merges, rounds=1)


@byte_pairs.mistake(
    "Each merge is used once, at its first place only. A pair may stand in a word several times, and all of them are merged."
)
def first_place_only(word, merges):
    pieces = list(word)
    for a, b in merges:
        for i in range(len(pieces) - 1):
            if (pieces[i], pieces[i + 1]) == (a, b):
                pieces[i : i + 2] = [a + b]
                break
    return pieces


@byte_pairs.mistake(
    "The pairs are merged from right to left, so in a run of an odd number of letters the wrong one is left over."
)
def from_the_right(word, merges):
    ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}
    pieces = list(word)
    while known := [pair for pair in pairwise(pieces) if pair in ranks]:
        a, b = min(known, key=ranks.get)
        pieces = [piece[::-1] for piece in _join([p[::-1] for p in pieces[::-1]], (b[::-1], a[::-1]))][::-1]
    return pieces


@byte_pairs.mistake(
    "The last two pieces are never looked at as a pair: of n pieces there are n - 1 pairs, and the loop ends one too early."
)
def last_pair_left_out(word, merges):
    pieces = list(word)
    for pair in merges:
        pieces = [*_join(pieces[:-1], tuple(pair)), *pieces[-1:]]
    return pieces


@byte_pairs.mistake("The `##` belongs to WordPiece. Byte pairs carry no mark inside a word.")
def marked_like_word_pieces(word, merges):
    return [f"##{piece}" if i else piece for i, piece in enumerate(_merged(word, merges))]


# ---------------------------------------------------------------------------------------- pair_inputs

pair_inputs = Exercise(
    "pair_inputs",
    points=3,
    takes=("first: list of int", "second: list of int", "cls_id: int", "sep_id: int"),
    returns=("ids: list of int", "token_type_ids: list of int"),
    summary="Put two texts into one sequence, and say for each token which text it belongs to.",
    read="“Two texts in one sequence”, and the example worked by hand",
    hints=(
        "Lists add up: `[cls_id] + first + [sep_id] + ...` makes a new one and leaves the texts alone.",
        "How many tokens are there up to the first `[SEP]`, itself counted? That many 0s, then 1s for the rest.",
    ),
)


def _pair(draw, first: int, second: int) -> Case:
    ids = draw.distinct_ids(first + second + 2, low=1, high=90).tolist()
    return Case(first=ids[:first], second=ids[first : first + second], cls_id=ids[-2], sep_id=ids[-1])


@pair_inputs.case
def a_longer_first(draw):
    """the first text is the longer one"""
    return _pair(draw, draw.integer(6, 8), draw.integer(3, 5))


@pair_inputs.case
def a_longer_second(draw):
    """the second text is the longer one"""
    return _pair(draw, draw.integer(2, 3), draw.integer(5, 7))


@pair_inputs.case(apart=True)
def an_empty_second(draw):
    """the second text is empty"""
    return _pair(draw, draw.integer(3, 6), 0)


@pair_inputs.case(apart=True)
def an_empty_first(draw):
    """the first text is empty"""
    return _pair(draw, 0, draw.integer(3, 6))


def _row(case: Case) -> list[int]:
    return [case.cls_id, *case.first, case.sep_id, *case.second, case.sep_id]


@pair_inputs.must("Give `[CLS] first [SEP] second [SEP]` as ids.")
def ids_in_order(case, answer):
    expect.same(answer()[0], _row(case), "ids")


@pair_inputs.must(
    "Give segment 0 to [CLS], the first text and the first [SEP], and 1 to all that follows.", weight=1.5
)
def segments_of_both(case, answer):
    _, segments = answer()
    row = _row(case)
    expect.that(
        len(segments) == len(row),
        f"token_type_ids: expected {len(row)} numbers, one a token, got {len(segments)}",
    )
    border = len(case.first) + 2
    for place, (got, token) in enumerate(zip(segments, row, strict=True)):
        want = 0 if place < border else 1
        name = {case.cls_id: "[CLS]", case.sep_id: "[SEP]"}.get(token, f"token {token}")
        expect.that(
            not isinstance(got, bool), f"token_type_ids[{place}]: expected the number {want}, got {got}"
        )
        expect.same(got, want, f"token_type_ids[{place}], of {name}")


@pair_inputs.must("Keep the `[SEP]` of an empty text.", weight=0.5, on=(an_empty_second, an_empty_first))
def empty_texts(case, answer):
    ids, segments = answer()
    expect.same(ids, _row(case), "ids")
    expect.same(segments, [0] * (len(case.first) + 2) + [1] * (len(case.second) + 1), "token_type_ids")


@pair_inputs.mistake("The two results are in the wrong order: the ids come first, then the segments.")
def segments_first(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    return [0] * (len(first) + 2) + [1] * (len(second) + 1), ids


@pair_inputs.mistake(
    "The first [SEP] counts as part of the second text. It closes the first one: BERT was trained with segment 0 there."
)
def separator_in_second(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    return ids, [0] * (len(first) + 1) + [1] * (len(second) + 2)


@pair_inputs.mistake(
    "The last [SEP] has segment 0. It closes the second text and belongs to it, so its segment is 1."
)
def last_separator_in_first(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    return ids, [0] * (len(first) + 2) + [1] * len(second) + [0]


@pair_inputs.mistake(
    "Every segment is 0, so to the model both texts are one: what it learnt about pairs cannot come into play."
)
def one_segment(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    return ids, [0] * len(ids)


@pair_inputs.mistake("The segments are swapped: the first text should have 0, the second 1.")
def segments_swapped(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    return ids, [1] * (len(first) + 2) + [0] * (len(second) + 1)


@pair_inputs.mistake(
    "No [SEP] stands between the texts, so the last word of the first runs into the first word of the second."
)
def separator_missing(first, second, cls_id, sep_id):
    return [cls_id, *first, *second, sep_id], [0] * (len(first) + 1) + [1] * (len(second) + 1)


@pair_inputs.mistake("The [SEP] at the end is missing. BERT closes every text with one, also the last.")
def end_missing(first, second, cls_id, sep_id):
    return [cls_id, *first, sep_id, *second], [0] * (len(first) + 2) + [1] * len(second)


@pair_inputs.mistake(
    "Each text was wrapped on its own, so a second [CLS] stands in the middle. There is one [CLS], at the very front, and it "
    "answers for both."
)
def two_beginnings(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, cls_id, *second, sep_id]
    return ids, [0] * (len(first) + 2) + [1] * (len(second) + 2)


@pair_inputs.mistake("Two [SEP] stand between the texts. That is how RoBERTa joins a pair; BERT takes one.")
def two_separators(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, sep_id, *second, sep_id]
    return ids, [0] * (len(first) + 2) + [1] * (len(second) + 2)


@pair_inputs.mistake(
    "A text that is empty loses its [SEP] as well, so the model reads a single text where it expects a pair."
)
def empty_text_dropped(first, second, cls_id, sep_id):
    ids, segments = [cls_id], [0]
    for segment, text in enumerate((first, second)):
        if text:
            ids += [*text, sep_id]
            segments += [segment] * (len(text) + 1)
    return ids, segments


@pair_inputs.mistake(
    "The caller's own lists grow: `append`, `insert` and `+=` change the list that they are given. The next call would find special "
    "tokens in the text."
)
def grows_the_texts(first, second, cls_id, sep_id):
    first.insert(0, cls_id)
    first.append(sep_id)
    second.append(sep_id)
    return first + second, [0] * len(first) + [1] * len(second)


# -------------------------------------------------------------------------------------- truncate_pair

truncate_pair = Exercise(
    "truncate_pair",
    points=4,
    takes=("first: list of int", "second: list of int", "max_length: int"),
    returns=("first: list of int", "second: list of int"),
    summary="Cut a pair, the longer text first, until it fits together with its three special tokens.",
    read="“When the pair is too long”, and the example worked by hand",
    hints=(
        "While the pair is too long: take one token away. Which text gives it?",
        "The longer one gives it, and of two equally long ones `second`. A comparison with `>` says both.",
        "`[CLS]` and two `[SEP]` will join the pair, so the texts have `max_length - 3` places. Work on slices or copies: `pop` changes "
        "the caller's list.",
    ),
)


def _texts(draw, first: int, second: int, left: int) -> Case:
    """Two texts of these lengths, of which `left` tokens fit."""
    ids = draw.distinct_ids(first + second, low=10, high=99).tolist()
    return Case(first=ids[:first], second=ids[first:], max_length=left + 3)


@truncate_pair.case
def only_first_is_cut(draw):
    """a long first text and a short second"""
    short = draw.integer(3, 5)
    return _texts(draw, short + draw.integer(5, 8), short, 2 * short + draw.integer(1, 3))


@truncate_pair.case
def only_second_is_cut(draw):
    """a short first text and a long second"""
    short = draw.integer(3, 5)
    return _texts(draw, short, short + draw.integer(5, 8), 2 * short + draw.integer(1, 3))


@truncate_pair.case
def both_are_cut(draw):
    """both texts must be cut, and an odd number of places is left"""
    short, more = draw.integer(5, 7), draw.integer(2, 4)
    lengths = draw.choice(((short, short + more), (short + more, short)))
    return _texts(draw, *lengths, 2 * draw.integer(2, short - 2) + 1)


@truncate_pair.case
def equally_long(draw):
    """two texts of the same length, and an odd number of places"""
    length = draw.integer(5, 8)
    return _texts(draw, length, length, 2 * draw.integer(2, length - 2) + 1)


@truncate_pair.case(apart=True)
def fits_exactly(draw):
    """a pair that fits exactly"""
    first, second = draw.sizes(2, 2, 7)
    return _texts(draw, first, second, first + second)


@truncate_pair.case(apart=True)
def an_empty_text(draw):
    """one of the texts is empty"""
    lengths = draw.shuffled((0, draw.integer(5, 8)))
    return _texts(draw, *lengths, draw.integer(2, 4))


@truncate_pair.case(apart=True)
def no_room_at_all(draw):
    """not even the special tokens fit"""
    return _texts(draw, draw.integer(2, 5), draw.integer(2, 5), draw.choice((-1, -3)))


def _token_by_token(first: list[int], second: list[int], max_length: int) -> tuple[list[int], list[int]]:
    """The definition. That the library's Python tokenizers do the same is held by a variant in the tests."""
    while len(first) + len(second) + 3 > max_length:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    return first, second


def _hold_pair(case: Case, got, **replaced) -> None:
    want = _token_by_token(**{**case.arguments, **replaced})
    lengths = f"{len(got[0])} and {len(got[1])} tokens"
    expect.that(
        (len(got[0]), len(got[1])) == (len(want[0]), len(want[1])),
        f"expected {len(want[0])} and {len(want[1])} tokens to be left, got {lengths}",
        lengths_before=[len(case.first), len(case.second)],
        **replaced,
    )
    expect.same(got[0], want[0], "first")
    expect.same(got[1], want[1], "second")


@truncate_pair.must(
    "Cut the longer text from its end, and leave the shorter one whole as long as it is the shorter.",
    weight=1.25,
    on=(only_first_is_cut, only_second_is_cut, an_empty_text),
)
def longest_gives(case, answer):
    _hold_pair(case, answer())
    if case.first and case.second:  # until the longer one has just one token more
        just_longer = 2 * min(len(case.first), len(case.second)) + 1 + 3
        _hold_pair(case, answer(max_length=just_longer), max_length=just_longer)


@truncate_pair.must(
    "Once both are equally long, take from `second` and `first` in turn: where one place is left over, `first` has it.",
    weight=1.25,
    on=(both_are_cut, equally_long),
)
def ties_shorten_second(case, answer):
    _hold_pair(case, answer())
    shorter_gives_one = 2 * (min(len(case.first), len(case.second)) - 1) + 3
    _hold_pair(case, answer(max_length=shorter_gives_one), max_length=shorter_gives_one)


@truncate_pair.must("Fill `max_length` exactly, three special tokens counted.", weight=0.5)
def filled_exactly(case, answer):
    hardly_any = 3 + case.max_length % 2
    for max_length, got in ((case.max_length, answer()), (hardly_any, answer(max_length=hardly_any))):
        used = len(got[0]) + len(got[1]) + 3
        expect.same(used, max_length, "tokens of both texts, and 3", max_length=max_length)


@truncate_pair.must("Leave a pair that fits as it is.", weight=0.5, on=(fits_exactly,))
def fitting_pairs_stay(case, answer):
    _hold_pair(case, answer())
    _hold_pair(case, answer(max_length=case.max_length + 4), max_length=case.max_length + 4)


@truncate_pair.must("Raise `ValueError` for a `max_length` below 3.", weight=0.5, on=(no_room_at_all,))
def no_room(case, answer):
    answer.raises(ValueError)
    answer.raises(ValueError, max_length=2)
    answer.raises(ValueError, first=[], second=[], max_length=0)


def _check_room(max_length: int) -> int:
    if max_length < 3:
        raise ValueError(f"max_length must be at least 3, got {max_length}")
    return max_length - 3


@truncate_pair.mistake(
    "Ties are cut from `first`. The contract (and the library's Python tokenizers) take from `second`: to reproduce a model's input, "
    "also such a rule must be the same."
)
def ties_shorten_first(first, second, max_length):
    room = _check_room(max_length)
    while len(first) + len(second) > room:
        if len(first) >= len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    return first, second


@truncate_pair.mistake(
    "Only `second` is cut. That is another strategy (`only_second`, for a question and its passage), and where `first` alone is too "
    "long it cannot help."
)
def only_second(first, second, max_length):
    room = _check_room(max_length)
    return first[:room], second[: max(0, room - len(first))]


@truncate_pair.mistake(
    "Only `first` is cut, even where `second` is the longer one: a short question would vanish before its long passage loses a word."
)
def only_first(first, second, max_length):
    room = _check_room(max_length)
    return first[: max(0, room - len(second))], second[:room]


@truncate_pair.mistake(
    "Each text gets half of the places. Where one is short, its unused places are lost, and the other is cut more than it need be."
)
def half_each(first, second, max_length):
    half = _check_room(max_length) // 2
    return first[:half], second[:half]


@truncate_pair.mistake(
    "The two texts take turns in giving a token, whichever is longer: a short text soon has nothing left."
)
def in_turn(first, second, max_length):
    room = _check_room(max_length)
    from_second = True
    while len(first) + len(second) > room:
        if (from_second and second) or not first:
            second = second[:-1]
        else:
            first = first[:-1]
        from_second = not from_second
    return first, second


@truncate_pair.mistake(
    "Each text is cut in proportion to its length. Longest-first leaves the shorter one alone until both are equal."
)
def in_proportion(first, second, max_length):
    room, total = _check_room(max_length), len(first) + len(second)
    if total <= room:
        return first, second
    kept = -(-len(first) * room // total)
    return first[:kept], second[: room - kept]


@truncate_pair.mistake(
    "The three special tokens were forgotten: once [CLS] and both [SEP] are in, the pair is three tokens too long for the model."
)
def special_tokens_forgotten(first, second, max_length):
    _check_room(max_length)
    return _token_by_token(first, second, max_length + 3)


@truncate_pair.mistake(
    "Room is left for two special tokens, but a pair has three: [CLS] and a [SEP] after each text."
)
def two_special_tokens(first, second, max_length):
    _check_room(max_length)
    return _token_by_token(first, second, max_length + 1)


@truncate_pair.mistake(
    "One token too many is cut: a pair of exactly `max_length` tokens fits, so cutting goes on while it is *longer* than that."
)
def one_too_many(first, second, max_length):
    room = _check_room(max_length)
    return _token_by_token(first, second, max(0, room - 1) + 3)


@truncate_pair.mistake("Tokens are cut from the front, so the beginning of the text is lost, not its end.")
def from_the_front(first, second, max_length):
    _check_room(max_length)
    kept = [len(text) for text in _token_by_token(first, second, max_length)]
    return first[len(first) - kept[0] :], second[len(second) - kept[1] :]


@truncate_pair.mistake(
    "`text[:-0]` is empty, not whole: where a text has nothing to give, all of it disappears."
)
def minus_zero(first, second, max_length):
    _check_room(max_length)
    kept = [len(text) for text in _token_by_token(first, second, max_length)]
    return first[: -(len(first) - kept[0])], second[: -(len(second) - kept[1])]


@truncate_pair.mistake(
    "The result is right, but the caller's lists are cut too: `pop` and `del` change the list itself. Whoever wanted to cut the same "
    "text for another length finds only what was left."
)
def cuts_the_callers_lists(first, second, max_length):
    room = _check_room(max_length)
    while len(first) + len(second) > room:
        (first if len(first) > len(second) else second).pop()
    return first, second


@truncate_pair.mistake(
    "A `max_length` below 3 has no room even for the special tokens; two empty texts hide that from the caller, whose sequence will "
    "be too long all the same."
)
def no_error_without_room(first, second, max_length):
    return _token_by_token(first, second, max(3, max_length))


# ------------------------------------------------------------------------------------------ pad_batch

pad_batch = Exercise(
    "pad_batch",
    points=3,
    takes=("sequences: list of lists of int", "pad_id: int", "side: str"),
    returns=("input_ids: int64 (B, L)", "attention_mask: int64 (B, L)"),
    summary="Make texts of unequal length into one rectangle, and note which of its places are real.",
    read="“A batch is a rectangle”, and the example worked by hand",
    hints=(
        "L is the length of the longest sequence. `[pad_id] * n` is a list of n pad ids; how many does a row need?",
        "Build the mask from the *lengths*: as many 1s as the row has tokens. The ids cannot tell, since a token may equal `pad_id`.",
        "For each row make `pads` first. Then the side is one question: `row + pads` or `pads + row`, for the ids and for the mask alike.",
    ),
)


def _sequences(draw, lengths: list[int], **side: str) -> Case:
    """Rows of these lengths with real tokens that equal `pad_id`, one of them at an end of the longest, and 0."""
    pad_id = draw.integer(1, 9)
    rows = [draw.ids(length, low=10, high=99).tolist() for length in lengths]
    for row in rows:
        if len(row) > 2:
            places = draw.shuffled(range(len(row)))
            row[places[0]], row[places[1]] = pad_id, 0
    max(rows, key=len)[draw.choice((0, -1))] = pad_id
    return Case(sequences=rows, pad_id=pad_id, **side).where(B=len(rows), L=max(lengths))


@pad_batch.case
def padded_on_the_right(draw):
    """unequal texts, padded on the right (the default)"""
    return _sequences(draw, draw.shuffled([3, draw.integer(4, 5), 7, 4]))


@pad_batch.case
def padded_on_the_left(draw):
    """unequal texts, padded on the left"""
    return _sequences(draw, draw.shuffled([6, 4, draw.integer(2, 3)]), side="left")


@pad_batch.case(apart=True)
def an_empty_sequence(draw):
    """a batch with an empty sequence, padded on the right"""
    return _sequences(draw, draw.shuffled([0, 5, 3]), side="right")


@pad_batch.case(apart=True)
def an_empty_sequence_on_the_left(draw):
    """a batch with an empty sequence, padded on the left"""
    return _sequences(draw, draw.shuffled([0, 5, 3, 2]), side="left")


@pad_batch.case(apart=True)
def an_unknown_side(draw):
    """a side that does not exist"""
    return _sequences(draw, [4, 2, 3], side=draw.choice(("middle", "Right", "both", "Left")))


def _padded(case: Case) -> tuple[torch.Tensor, torch.Tensor]:
    from torch.nn.utils.rnn import pad_sequence

    side = case.arguments.get("side", "right")
    rows = [torch.tensor(row, dtype=torch.int64) for row in case.sequences]
    ids = pad_sequence(rows, batch_first=True, padding_value=case.pad_id, padding_side=side)
    ones = [torch.ones_like(row) for row in rows]
    return ids, pad_sequence(ones, batch_first=True, padding_side=side)


@pad_batch.must(
    "Give each row its ids in order, filled up with `pad_id` on the right to the length of the longest.",
    weight=0.7,
    on=(padded_on_the_right,),
)
def filled_on_the_right(case, answer):
    expect.same(answer()[0], _padded(case)[0], "input_ids")


@pad_batch.must(
    'With `side="left"`, put the padding before the text, in the ids and in the mask.',
    weight=0.7,
    on=(padded_on_the_left,),
)
def filled_on_the_left(case, answer):
    ids, mask = answer()
    wanted = _padded(case)
    expect.same(ids, wanted[0], "input_ids")
    expect.same(mask, wanted[1], "attention_mask")


@pad_batch.must(
    "Mask: 1 at every token of the text, 0 at padding, so that the places with a 1 hold just the text. A token that happens to equal "
    "`pad_id` is real.",
    weight=0.7,
)
def real_tokens_marked(case, answer):
    ids, mask = answer()
    expect.that(((mask == 0) | (mask == 1)).all(), "attention_mask: expected only 0 and 1", got=mask.unique())
    for b, sequence in enumerate(case.sequences):
        read = ids[b][mask[b] == 1].tolist()
        expect.same(
            read,
            sequence,
            f"ids of row {b} where its mask is 1",
            input_ids=ids[b],
            attention_mask=mask[b],
            pad_id=case.pad_id,
        )


@pad_batch.must(
    "Make an empty sequence a row of nothing but padding.",
    weight=0.45,
    on=(an_empty_sequence, an_empty_sequence_on_the_left),
)
def empty_rows(case, answer):
    ids, mask = answer()
    wanted = _padded(case)
    expect.same(ids, wanted[0], "input_ids")
    expect.same(mask, wanted[1], "attention_mask")


@pad_batch.must(
    'Raise `ValueError` for a side other than `"right"` and `"left"`.', weight=0.45, on=(an_unknown_side,)
)
def unknown_side(case, answer):
    answer.raises(ValueError)
    answer.raises(ValueError, side="middle")
    answer.raises(ValueError, side="")


def _rectangle(sequences, pad_id, side, *, length=None):
    if side not in ("right", "left"):
        raise ValueError(f"side must be 'right' or 'left', got {side!r}")
    length = max(map(len, sequences)) if length is None else length
    ids, mask = [], []
    for row in sequences:
        pads = [pad_id] * (length - len(row))
        ids.append([*row, *pads] if side == "right" else [*pads, *row])
        mask.append([1] * len(row) + [0] * len(pads) if side == "right" else [0] * len(pads) + [1] * len(row))
    return torch.tensor(ids), torch.tensor(mask)


@pad_batch.mistake("The two results are in the wrong order: the ids come first, then the mask.")
def mask_first(sequences, pad_id, side="right"):
    ids, mask = _rectangle(sequences, pad_id, side)
    return mask, ids


@pad_batch.mistake(
    "The mask was read off the ids (`ids != pad_id`). A real token that equals `pad_id` is hidden from the model; with GPT-2, whose pad "
    "is usually the end-of-text token, that happens in every text."
)
def mask_from_ids(sequences, pad_id, side="right"):
    ids, _ = _rectangle(sequences, pad_id, side)
    return ids, (ids != pad_id).long()


@pad_batch.mistake(
    "Any id other than 0 counts as real in the mask, so padding with another id is taken for text: the model would attend to it."
)
def mask_from_zero(sequences, pad_id, side="right"):
    ids, _ = _rectangle(sequences, pad_id, side)
    return ids, (ids != 0).long()


@pad_batch.mistake(
    "The mask is turned round: 1 means a real token. As it is, the model would read the padding and nothing else."
)
def mask_inverted(sequences, pad_id, side="right"):
    ids, mask = _rectangle(sequences, pad_id, side)
    return ids, 1 - mask


@pad_batch.mistake(
    "The ids are padded on the left as asked, but the mask is still that of a batch padded on the right: it hides the end of the text "
    "and shows the padding."
)
def mask_always_right(sequences, pad_id, side="right"):
    ids, _ = _rectangle(sequences, pad_id, side)
    return ids, _rectangle(sequences, pad_id, "right")[1]


@pad_batch.mistake("The argument `side` is not used: the padding is always on the right.")
def always_right(sequences, pad_id, side="right"):
    _rectangle(sequences, pad_id, side)
    return _rectangle(sequences, pad_id, "right")


@pad_batch.mistake("Left and right are swapped: `side` is the side on which the *padding* stands.")
def sides_swapped(sequences, pad_id, side="right"):
    _rectangle(sequences, pad_id, side)
    return _rectangle(sequences, pad_id, "left" if side == "right" else "right")


@pad_batch.mistake(
    "The padding is 0 whatever `pad_id` says. The mask hides most of the harm from the model, but with another vocabulary 0 is a word, "
    "and code that looks for `pad_id` finds none."
)
def padded_with_zero(sequences, pad_id, side="right"):
    return _rectangle(sequences, 0, side)


@pad_batch.mistake(
    "The mask has the type bool. Models want numbers here: int64, 1 for a token and 0 for padding, so that they can be added up."
)
def bool_mask(sequences, pad_id, side="right"):
    ids, mask = _rectangle(sequences, pad_id, side)
    return ids, mask.bool()


@pad_batch.mistake(
    "Every row is cut to the shortest sequence. The rectangle fits, but the ends of the longer texts are lost."
)
def cut_to_the_shortest(sequences, pad_id, side="right"):
    length = min(map(len, sequences))
    return _rectangle([row[:length] for row in sequences], pad_id, side)


@pad_batch.mistake(
    "All rows are padded to a fixed length of 512. The model then computes on padding for most of its time; the longest of the batch is "
    "enough."
)
def padded_to_512(sequences, pad_id, side="right"):
    return _rectangle(sequences, pad_id, side, length=512)


@pad_batch.mistake(
    "The mask is 1 everywhere. Then it says nothing: the model attends to the padding as to any word."
)
def mask_of_ones(sequences, pad_id, side="right"):
    ids, mask = _rectangle(sequences, pad_id, side)
    return ids, torch.ones_like(mask)


@pad_batch.mistake(
    "The places of an empty sequence are all marked as real: `mask[row, -0:]` is the whole row, since minus zero is zero."
)
def minus_zero_places(sequences, pad_id, side="right"):
    ids, mask = _rectangle(sequences, pad_id, side)
    for row, sequence in enumerate(sequences):
        if side == "left":
            mask[row, -len(sequence) :] = 1
    return ids, mask


@pad_batch.mistake(
    "Any side that is not `right` is taken for `left`. A slip such as `Right` then pads on the wrong side without a word."
)
def any_other_side_is_left(sequences, pad_id, side="right"):
    return _rectangle(sequences, pad_id, "right" if side == "right" else "left")


@pad_batch.mistake(
    "The caller's own sequences grow: `extend`, `append` and `+=` change the list itself. In the next batch their padding would pass for "
    "text."
)
def pads_the_callers_lists(sequences, pad_id, side="right"):
    ids, mask = _rectangle(sequences, pad_id, side)
    for row, padded in zip(sequences, ids.tolist(), strict=True):
        row[:] = padded
    return ids, mask


# ---------------------------------------------------------------------------------------- masked_mean

masked_mean = Exercise(
    "masked_mean",
    points=3,
    takes=("hidden: float (B, L, H)", "attention_mask: int64 (B, L)"),
    returns=("means: float (B, H)",),
    summary="One vector for each text: the mean of the hidden states of its real tokens.",
    read="“One vector for a text”, and the example worked by hand",
    hints=(
        "`attention_mask[..., None]` has the shape (B, L, 1), so that it can be multiplied with `hidden`: padding becomes 0.",
        "A sum over the length, divided by a number for each row. Which number: L, or how many tokens the row really has?",
        "For a row without a token both are 0, and 0 / 0 is NaN. `clamp(min=1)` on the count leaves every other row as it is.",
    ),
)


def _hidden_states(draw, side: str, dtype=torch.float32) -> Case:
    batch, length, size = draw.sizes(3, 3, 8)
    mask = draw.attention_mask(batch, length, side, shortest=2)
    hidden = draw.normal(batch, length, size, dtype=dtype) + draw.normal(batch, 1, size, dtype=dtype)
    hidden[..., 0] = hidden[..., 0].relu()  # exactly 0 for some tokens
    hidden = torch.where(mask[..., None].bool(), hidden, 3 * hidden + 2)  # padding is far from harmless
    return Case(hidden=hidden, attention_mask=mask)


@masked_mean.case
def texts_padded_on_the_right(draw):
    """texts padded on the right"""
    return _hidden_states(draw, "right")


@masked_mean.case
def texts_padded_on_either_side(draw):
    """texts padded on the left and on the right, in float64"""
    return _hidden_states(draw, "mixed", torch.float64)


@masked_mean.case(apart=True)
def a_text_of_one_token(draw):
    """a batch of a single text, of a single token"""
    case = _hidden_states(draw, "right")
    case.attention_mask[0, 1:] = 0
    return Case(hidden=case.hidden[:1], attention_mask=case.attention_mask[:1])


@masked_mean.case(apart=True)
def a_row_without_tokens(draw):
    """one row has no token at all"""
    case = _hidden_states(draw, "right")
    mask = case.attention_mask.clone()
    mask[draw.integer(0, len(mask) - 1)] = 0
    return Case(hidden=case.hidden, attention_mask=mask)


def _means(hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
    rows = [row[mask.bool()] for row, mask in zip(hidden, attention_mask, strict=True)]
    return torch.stack([row.mean(dim=0) if len(row) else hidden.new_zeros(hidden.shape[-1]) for row in rows])


@masked_mean.must(
    "For each row, give the mean of the hidden states where the mask is 1.",
    weight=1.25,
    on=(texts_padded_on_the_right, texts_padded_on_either_side, a_text_of_one_token),
)
def mean_of_real_tokens(case, answer):
    counts = case.attention_mask.sum(dim=1)
    expect.same(answer(), _means(case.hidden, case.attention_mask), "means", tokens_in_the_row=counts)


@masked_mean.must("Let nothing at padding move the result, and everything at real tokens.", weight=0.5)
def padding_does_not_count(case, answer):
    real = case.attention_mask[..., None].bool()
    other = -2 * case.hidden.flip(-1) + 1
    before, after = answer(), answer(hidden=torch.where(real, case.hidden, other))
    expect.same(after, before, "means after a change at padding only")
    moved = answer(hidden=torch.where(real, other, case.hidden))
    expect.differ(before, moved, "the means did not move when the hidden states at real tokens changed")


@masked_mean.must("Give zeros, not NaN, for a row without a token.", weight=0.5, on=(a_row_without_tokens,))
def zeros_for_empty_rows(case, answer):
    expect.same(
        answer(), _means(case.hidden, case.attention_mask), "means", where=~case.attention_mask.any(1)
    )


@masked_mean.must("Stay differentiable: the gradient reaches the hidden states.", weight=0.75)
def gradient_reaches_the_tokens(case, answer):
    hidden = case.hidden.clone().requires_grad_()
    means = _means(hidden, case.attention_mask)
    weights = torch.arange(means.numel(), dtype=means.dtype).reshape(means.shape).cos()
    (want,) = torch.autograd.grad((means * weights).sum(), hidden)
    got = answer.gradients("hidden")["hidden"]
    expect.that(
        got is not None,
        "no gradient reaches `hidden`: the result has left the graph (by .item(), .tolist(), .detach(), no_grad or NumPy)",
    )
    expect.same(got, want, "gradient", attention_mask=case.attention_mask)


@masked_mean.mistake(
    "The numbers other than 0 are counted, not the tokens. A feature of a real token may be exactly 0 (behind a ReLU half of them are), and it "
    "belongs to the mean like any other."
)
def zeros_not_counted(hidden, attention_mask):
    kept = hidden * attention_mask[..., None]
    return kept.sum(dim=1) / (kept != 0).sum(dim=1).clamp(min=1)


@masked_mean.mistake(
    "The mean is taken over padding too. The same text then gets another vector in every batch, depending on how long its neighbours are."
)
def mean_over_everything(hidden, attention_mask):
    return hidden.mean(dim=1)


@masked_mean.mistake(
    "Padding is left out of the sum but not of the count: the sum is divided by L, so short texts get short vectors."
)
def divided_by_length(hidden, attention_mask):
    return (hidden * attention_mask[..., None]).sum(dim=1) / hidden.shape[1]


@masked_mean.mistake(
    "Right for every row with a token, but 0 / 0 is NaN for a row without one, and one NaN spreads through the whole loss."
)
def nan_for_empty_rows(hidden, attention_mask):
    mask = attention_mask[..., None]
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1)


@masked_mean.mistake("The hidden states are added up but not divided: long texts get long vectors.")
def only_summed(hidden, attention_mask):
    return (hidden * attention_mask[..., None]).sum(dim=1)


@masked_mean.mistake(
    "The sums are divided by the number of real tokens in the *whole batch*. Each row has its own count."
)
def divided_by_the_batch(hidden, attention_mask):
    return (hidden * attention_mask[..., None]).sum(dim=1) / attention_mask.sum()


@masked_mean.mistake(
    "The mask is used the wrong way round: this is the mean of the padding. 1 marks a real token."
)
def mean_of_padding(hidden, attention_mask):
    return _means(hidden, 1 - attention_mask)


@masked_mean.mistake(
    "This is the hidden state of the first place alone, not a mean; where the padding is on the left it is not even a token."
)
def first_place(hidden, attention_mask):
    return hidden[:, 0]


@masked_mean.mistake("The largest value of each feature was taken (max pooling), not the mean.")
def largest(hidden, attention_mask):
    return hidden.masked_fill(attention_mask[..., None] == 0, -1e9).amax(dim=1)


@masked_mean.mistake(
    "One is added to the count so that it is never 0, but then every mean is too small. Only a count of 0 needs help."
)
def count_plus_one(hidden, attention_mask):
    mask = attention_mask[..., None]
    return (hidden * mask).sum(dim=1) / (mask.sum(dim=1) + 1)


@masked_mean.mistake(
    "The [CLS] and [SEP] at both ends were left out. They are real tokens: the mask, and nothing else, says what counts."
)
def ends_left_out(hidden, attention_mask):
    inner = attention_mask.clone()
    for row, mask in enumerate(attention_mask):
        places = mask.nonzero().flatten()
        inner[row, places[:1]] = 0
        inner[row, places[-1:]] = 0
    mask = inner[..., None]
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)


@masked_mean.mistake(
    "The value is right, but it is a new tensor without a history: no gradient reaches the model, so it cannot be fine-tuned through "
    "this mean."
)
def cut_from_the_graph(hidden, attention_mask):
    return _means(hidden.detach(), attention_mask)


# ----------------------------------------------------------------------------------------------- quiz

inputs_quiz = Quiz(
    "inputs_quiz",
    {
        "pieces": Question(
            "The vocabulary is `un`, `unk`, `know`, `##know`, `##n`, `##known`, `[UNK]`. What does WordPiece make of `unknown`?",
            (
                (
                    "`un`, `##known`",
                    "That would be a good cut, but the longest first piece is `unk`, and greedy matching never takes a piece back.",
                ),
                (
                    "`unk`, `[UNK]`",
                    "`unk` is taken, and nothing continues it. But then the whole word is given up, not just its rest.",
                ),
                ("`[UNK]`", ""),
                (
                    "`un`, `##know`, `##n`",
                    "Neither the longest first piece nor the longest continuation.",
                ),
            ),
            "c",
        ),
        "mask": Question(
            "You pad a batch for BERT but forget to pass `attention_mask`. What happens?",
            (
                (
                    "Padding is read as text, and the outputs of the padded rows change, without a warning that stops you.",
                    "",
                ),
                (
                    "Nothing: the model recognises [PAD] and skips it.",
                    "[PAD] has an embedding like any other token. Only the mask keeps it from being attended to.",
                ),
                (
                    "The model raises an error.",
                    "A missing mask is taken for one that is 1 everywhere: all goes on, with other numbers.",
                ),
            ),
            "a",
        ),
        "segments": Question(
            "What is added to a token's vector to say which of two texts it belongs to?",
            (
                (
                    "The number of [SEP] before it.",
                    "A model may learn to notice [SEP], as the half-truths showed, but nothing is added to a vector for it.",
                ),
                ("Its segment embedding.", ""),
                (
                    "Its position embedding.",
                    "Positions run on from the first text to the second, and the border is elsewhere in every pair.",
                ),
                (
                    "The attention mask.",
                    "The mask is added to no vector: it says which places may be attended to.",
                ),
            ),
            "b",
        ),
        "length": Question(
            "A model with 64 positions gets a text of 100 tokens. Which is *not* a way out?",
            (
                (
                    "Cut the text to 64 tokens, special tokens counted.",
                    "It is one, where what matters stands at the beginning.",
                ),
                (
                    "Cut it into overlapping windows and put the answers together.",
                    "It is one: that is how lesson 10 reads long passages.",
                ),
                (
                    "Take a model with more positions.",
                    "It is one, if there is such a model and the time to run it.",
                ),
                ("Pass the 100 tokens with an attention mask of 64 ones and 36 zeros.", ""),
            ),
            "d",
        ),
    },
    read="the half-truths, and what each of their cells showed",
)
