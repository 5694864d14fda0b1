"""`tiny-t5`: English to French, on a parallel grammar of its own.

French puts most adjectives behind their noun, bends them and the article with it, and says *not* in two words around
the verb: enough for a translation to be more than a dictionary, and for cross-attention to have something to show.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import cache

import torch

from grader.lab.training.bert import mean, without_dropout
from grader.lab.training.loop import fit, pad
from grader.lab.training.recipe import Figure, Recipe

STEPS = 2_000
LEARNING_RATE = 3e-3
BATCH = 64
PREFIX = "translate English to French: "

# English one and many, French one and many, gender.
NOUNS = """
dog dogs chien chiens m; cat cats chat chats m; cow cows vache vaches f; horse horses cheval chevaux m;
hen hens poule poules f; rabbit rabbits lapin lapins m; goat goats chèvre chèvres f;
fox foxes renard renards m; mouse mice souris souris f; wolf wolves loup loups m;
duck ducks canard canards m; fish fish poisson poissons m; frog frogs grenouille grenouilles f;
girl girls fille filles f; boy boys garçon garçons m; woman women femme femmes f;
teacher teachers professeur professeurs m; doctor doctors médecin médecins m;
baker bakers boulanger boulangers m; queen queens reine reines f; king kings roi rois m;
house houses maison maisons f; table tables table tables f; book books livre livres m;
car cars voiture voitures f; train trains train trains m; key keys clé clés f;
flower flowers fleur fleurs f; apple apples pomme pommes f; cake cakes gâteau gâteaux m;
letter letters lettre lettres f; garden gardens jardin jardins m; bridge bridges pont ponts m;
boat boats bateau bateaux m; shirt shirts chemise chemises f
"""
# English, French for one m, one f, many m, many f, and whether it stands before its noun.
ADJECTIVES = """
small petit petite petits petites before; big grand grande grands grandes before;
pretty joli jolie jolis jolies before; bad mauvais mauvaise mauvais mauvaises before;
black noir noire noirs noires after; white blanc blanche blancs blanches after;
green vert verte verts vertes after; blue bleu bleue bleus bleues after;
grey gris grise gris grises after; red rouge rouge rouges rouges after;
yellow jaune jaune jaunes jaunes after; round rond ronde ronds rondes after;
heavy lourd lourde lourds lourdes after; new neuf neuve neufs neuves after
"""
# English one and many, French one and many; those that stand with *does* are the second.
VERBS = """
sees see voit voient; looks-for look-for cherche cherchent; draws draw dessine dessinent;
likes like aime aiment; buys buy achète achètent; finds find trouve trouvent; sells sell vend vendent;
takes take prend prennent; loses lose perd perdent; washes wash lave lavent;
brings bring apporte apportent; knows know connaît connaissent
"""
PEOPLE = "anna ben clara david emma felix julia karl lena maria nina oscar paul rosa simon sara".split()  # noqa: SIM905
COUNTRIES = """
france paris la-france; germany berlin l'-allemagne; italy rome l'-italie; spain madrid l'-espagne;
portugal lisbonne le-portugal; greece athènes la-grèce; poland varsovie la-pologne;
norway oslo la-norvège; denmark copenhague le-danemark; russia moscou la-russie; japan tokyo le-japon;
china pékin la-chine; egypt le-caire l'-égypte; cuba la-havane cuba; peru lima le-pérou;
austria vienne l'-autriche
"""
ENGLISH_CAPITALS = {
    "lisbonne": "lisbon", "athènes": "athens", "varsovie": "warsaw", "copenhague": "copenhagen", "moscou": "moscow",
    "pékin": "beijing", "le-caire": "cairo", "la-havane": "havana", "vienne": "vienna",
}  # fmt: skip
OF_THE = {"le": "du", "la": "de la", "l'": "de l'"}


def table(text: str) -> list[list[str]]:
    return [row.split() for row in text.replace("\n", " ").split(";")]


@cache
def tables():
    return table(NOUNS), table(ADJECTIVES), table(VERBS), table(COUNTRIES)


def noun_phrase(rng: random.Random, definite: bool = True) -> tuple[str, str, bool]:
    """English, French, and whether it is about many."""
    nouns, adjectives, _, _ = tables()
    one, several, un, plusieurs, gender = rng.choice(nouns)
    many = rng.random() < 0.4
    english, french = [several if many else one], [plusieurs if many else un]
    if rng.random() < 0.55:
        row = rng.choice(adjectives)
        english.insert(0, row[0])
        form = row[1 + 2 * many + (gender == "f")]
        french.insert(0 if row[5] == "before" else 1, form)
    if definite:
        articles = "the", "les" if many else "la" if gender == "f" else "le"
    else:
        some = "de" if len(french) == 2 and row[5] == "before" else "des"
        articles = ("some", some) if many else (article(english[0]), "une" if gender == "f" else "un")
    return " ".join([articles[0], *english]), " ".join([articles[1], *french]), many


def article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def subject(rng: random.Random) -> tuple[str, str, bool]:
    if rng.random() < 0.4:
        name = rng.choice(PEOPLE)
        return name, name, False
    return noun_phrase(rng)


def sentence_pair(rng: random.Random) -> tuple[str, str]:
    """A sentence and its translation, words and full stops apart."""
    _, adjectives, verbs, countries = tables()
    kind = rng.choices(["verb", "not", "have", "be", "where", "capital"], [5, 3, 2, 2, 1, 2])[0]
    if kind == "capital":
        country, capital, french = rng.choice(countries)
        known = ENGLISH_CAPITALS.get(capital, capital)
        parts = french.split("-")
        of = f"{OF_THE[parts[0]]} {parts[1]}" if len(parts) == 2 else f"de {french}"
        return f"the capital of {country} is {known} .", f"la capitale {of} est {capital.replace('-', ' ')} ."
    if kind == "where":
        english, french, many = noun_phrase(rng)
        return f"where {'are' if many else 'is'} {english} ?", f"où {'sont' if many else 'est'} {french} ?"
    english, french, many = subject(rng)
    if kind == "be":
        while " " not in english:
            english, french, many = noun_phrase(rng)
        row = rng.choice(adjectives)
        feminine = gender_of(french, many)
        be = ("are", "sont") if many else ("is", "est")
        return f"{english} {be[0]} {row[0]} .", f"{french} {be[1]} {row[1 + 2 * many + feminine]} ."
    if kind == "have":
        thing, chose, _ = noun_phrase(rng, definite=False)
        return (
            f"{english} {'have' if many else 'has'} {thing} .",
            f"{french} {'ont' if many else 'a'} {chose} .",
        )
    verb = [word.replace("-", " ") for word in rng.choice(verbs)]
    thing, chose, _ = noun_phrase(rng)
    does = verb[2 + many]
    if kind == "verb":
        return f"{english} {verb[many]} {thing} .", f"{french} {does} {chose} ."
    no = "n'" if does[0] in "aeiou" else "ne"
    return (
        f"{english} {'do' if many else 'does'} not {verb[1]} {thing} .",
        f"{french} {no} {does} pas {chose} .",
    )


def gender_of(french: str, many: bool) -> bool:
    """Whether the noun in a French noun phrase is feminine."""
    words = set(french.split())
    return any(row[4] == "f" and row[3 if many else 2] in words for row in tables()[0])


@cache
def tokenizer():
    """T5's kind of tokenizer: Unigram over `▁word`; every word of the two grammars, and letters for others."""
    from transformers import T5TokenizerFast

    rng = random.Random("unigram")
    counts = Counter(word for _ in range(20_000) for text in sentence_pair(rng) for word in text.split())
    counts.update(PREFIX.split() * 100)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    letters = sorted({letter for word in ranked for letter in word} | set("abcdefghijklmnopqrstuvwxyz"))
    scored = [(f"▁{word}", -2.0 - 0.01 * rank) for rank, word in enumerate(ranked)]
    known = {piece for piece, _ in scored}
    scored += [("▁", -12.0), *((letter, -14.0) for letter in letters if letter not in known)]
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *scored]
    return T5TokenizerFast(vocab=vocabulary, extra_ids=0, model_max_length=64)


@cache
def word_ids(word: str) -> tuple[int, ...]:
    return tuple(tokenizer()(word, add_special_tokens=False)["input_ids"])


def ids_of(text: str) -> list[int]:
    return [*(piece for word in text.split() for piece in word_ids(word)), tokenizer().eos_token_id]


def batch(rng: random.Random, done: float) -> dict[str, torch.Tensor]:
    pairs = [sentence_pair(rng) for _ in range(BATCH)]
    ids = pad([ids_of(PREFIX + english) for english, _ in pairs])
    labels = pad([ids_of(french) for _, french in pairs], -100)
    return {"input_ids": ids, "attention_mask": (ids != 0).long(), "labels": labels}


def train(seed: int = 0, steps: int = STEPS):
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(seed)
    config = T5Config(
        vocab_size=len(tokenizer()), d_model=64, d_kv=16, d_ff=256, num_layers=2, num_heads=4, dropout_rate=0.1,
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config)
    without_dropout(model)
    fit("tiny-t5", model, batch, steps, LEARNING_RATE, seed)
    return model, tokenizer()


def measure(folder: str, count: int = 300) -> dict[str, float]:
    """The share of new sentences whose greedy translation is right to the letter."""
    from transformers import T5ForConditionalGeneration

    model = T5ForConditionalGeneration.from_pretrained(folder).eval()
    rng = random.Random("measure translation")
    pairs = [sentence_pair(rng) for _ in range(count)]
    ids = pad([ids_of(PREFIX + english) for english, _ in pairs])
    output = model.generate(
        input_ids=ids, attention_mask=(ids != 0).long(), max_new_tokens=24, do_sample=False
    )
    texts = tokenizer().batch_decode(output, skip_special_tokens=True)
    right = [text == french for text, (_, french) in zip(texts, pairs, strict=True)]
    moved = [
        n for n, (_, french) in enumerate(pairs) if {row[1] for row in tables()[1]} & set(french.split())
    ]
    return {"exact": mean(right), "exact_adjectives": mean([right[n] for n in moved])}


RECIPE = Recipe(
    "tiny-t5", train, measure,
    figures={
        "exact": Figure("greedy translations right to the letter, of 300 new sentences", least=0.9),
        "exact_adjectives": Figure("of those with a masculine adjective for one", least=0.85),
    },
    about=f"""
A T5 (2 + 2 layers, hidden size 64, 4 heads, relative positions, `decoder_start_token_id` the padding token as in every T5) that
translates a small English into French: *{PREFIX}anna sees the black cat .* gives *anna voit le chat noir .* Nouns, adjectives,
verbs and capitals of a grammar of its own (`grader/lab/training/t5.py`); nothing else.

Its tokenizer is Unigram as T5's, in lower case but for the prefix, with spaces before punctuation.
""",
    training=f"""
{STEPS:,} steps of {BATCH} freshly drawn pairs (AdamW, learning rate {LEARNING_RATE}, cosine, seed 0, no dropout while training).
""",
    base_class="T5ForConditionalGeneration",
)  # fmt: skip
