"""Pairs of English and French sentences about the little world, correct in agreement, articles and elision.

draw_pairs(100, random.Random(12))      # [{"en": "The black cat sleeps.", "fr": "Le chat noir dort."}, ...]

python -m grader.lab.translations       # writes data/corpora/translations again
"""

from __future__ import annotations

import json
import random

from grader.lab import french as f
from grader.lab.course import data_folder
from grader.lab.french import join
from grader.lab.prose import PEOPLE
from grader.lab.world import words as w

SEED = 12
SPLITS = {"train": 2000, "validation": 300, "test": 300}

CAPITALS = {row["name"].capitalize(): row["capital"].capitalize() for row in w.COUNTRIES}
LANGUAGES = {row["name"].capitalize(): row["language"].capitalize() for row in w.COUNTRIES}
# French differs about whether an English H elides, so names with one stay out.
PERSONS = [(row["name"].capitalize(), row["she"]) for row in PEOPLE if not row["name"].startswith("h")]

Pair = tuple[str, str]


def the(noun: f.Noun, number: int = 1, *adjectives: f.Adjective) -> Pair:
    word = noun.english if number == 1 else noun.english_plural
    return " ".join(["the", *(a.english for a in adjectives), word]), noun.phrase("le", number, adjectives)


def some(noun: f.Noun, *adjectives: f.Adjective) -> Pair:
    words = [*(a.english for a in adjectives), noun.english]
    article = "an" if words[0][0] in "aeiou" else "a"
    return " ".join([article, *words]), noun.phrase("un", 1, adjectives)


def own(owner: str, noun: f.Noun) -> Pair:
    """his or her ...: French agrees with what is owned, and takes son before a vowel."""
    feminine = noun.gender == "f" and not f.elides(noun.singular)
    return (
        f"{'her' if owner == 'she' else 'his'} {noun.english}",
        f"{'sa' if feminine else 'son'} {noun.singular}",
    )


def creature(rng: random.Random, number: int) -> tuple[f.Noun, Pair]:
    """An animal or a person, half of the time with an adjective."""
    noun = rng.choice(f.ANIMALS + f.PERSONS)
    adjectives = [rng.choice(rng.choice([f.SIZES, f.MOODS]))] if rng.random() < 0.5 else []
    return noun, the(noun, number, *adjectives)


def still(rng: random.Random) -> Pair:
    number = rng.choice([1, 2])
    _, (subject, sujet) = creature(rng, number)
    verb = rng.choice(f.STILL)
    position, situation = rng.choice(f.POSITIONS)
    place, lieu = the(rng.choice(f.PLACES))
    return f"{subject} {verb[number - 1]} {position} {place}", join(sujet, verb[number + 1], situation, lieu)


def meeting(rng: random.Random) -> Pair:
    number = rng.choice([1, 2])
    noun, (subject, sujet) = creature(rng, number)
    verb = rng.choice(f.MEETING)
    other, (object_, objet) = creature(rng, rng.choice([1, 2]))
    if other == noun:
        return meeting(rng)
    return f"{subject} {verb[number - 1]} {object_}", join(sujet, verb[number + 1], objet)


def not_meeting(rng: random.Random) -> Pair:
    number = rng.choice([1, 2])
    noun, (subject, sujet) = creature(rng, number)
    verb = rng.choice(f.MEETING)
    other, (object_, objet) = creature(rng, rng.choice([1, 2]))
    if other == noun:
        return not_meeting(rng)
    does = "does not" if number == 1 else "do not"
    return f"{subject} {does} {verb[1]} {object_}", join(sujet, "ne", verb[number + 1], "pas", objet)


def mood(rng: random.Random) -> Pair:
    number = rng.choice([1, 2])
    noun = rng.choice(f.ANIMALS + f.PERSONS)
    subject, sujet = the(noun, number, rng.choice(f.SIZES))
    adjective = rng.choice(f.MOODS)
    be, être = (("is", "est"), ("are", "sont"))[number - 1]
    return f"{subject} {be} {adjective.english}", f"{sujet} {être} {adjective.form(noun.gender, number)}"


def need(rng: random.Random) -> Pair:
    number = rng.choice([1, 2])
    _, (subject, sujet) = creature(rng, number)
    english, besoin = rng.choice(f.NEEDS)
    be, avoir = (("is", "a"), ("are", "ont"))[number - 1]
    return f"{subject} {be} {english}", f"{sujet} {avoir} {besoin}"


def relative(rng: random.Random) -> Pair:
    number = rng.choice([1, 2])
    noun = rng.choice(f.ANIMALS)
    subject, sujet = the(noun, number)
    verb = rng.choice(f.STILL)
    ground, terrain = the(rng.choice(f.GROUNDS))
    adjective = rng.choice(f.SIZES + f.MOODS)
    be, être = (("is", "est"), ("are", "sont"))[number - 1]
    return (
        f"{subject} that {verb[number - 1]} in {ground} {be} {adjective.english}",
        f"{sujet} qui {verb[number + 1]} dans {terrain} {être} {adjective.form(noun.gender, number)}",
    )


def food(rng: random.Random) -> Pair:
    number = rng.choice([1, 2])
    _, (subject, sujet) = creature(rng, number)
    noun = rng.choice(f.FOODS + f.COUNTED_FOODS)
    counted = noun in f.COUNTED_FOODS
    english = noun.english_plural if counted else noun.english
    eat, mange = (("eats", "mange"), ("eat", "mangent"))[number - 1]
    return f"{subject} {eat} {english}", join(sujet, mange, noun.phrase("du", 2 if counted else 1))


def drink(rng: random.Random) -> Pair:
    name, she = rng.choice(PERSONS)
    noun = rng.choice(f.DRINKS)
    guest, invité = own(she, rng.choice(f.FAMILY))
    return f"{name} drinks {noun.english} with {guest}", join(name, "boit", noun.phrase("du"), "avec", invité)


def gift(rng: random.Random) -> Pair:
    (name, she), (friend, _) = rng.sample(PERSONS, 2)
    thing, chose = some(rng.choice(f.THINGS), rng.choice([*f.COLOURS, f.ADJECTIVES["new"]]))
    if rng.random() < 0.5:
        friend, ami = own(she, rng.choice(f.FAMILY))
    else:
        ami = friend
    return f"{name} gives {thing} to {friend}", join(name, "donne", chose, "à", ami)


def shopping(rng: random.Random) -> Pair:
    name, _ = rng.choice(PERSONS)
    verb, verbe = rng.choice(f.TAKING)
    thing, chose = some(rng.choice(f.THINGS), rng.choice(f.COLOURS + f.SIZES[:2]))
    day, jour = rng.choice(list(f.DAYS.items()))
    if rng.random() < 0.5:
        return f"on {day} {name} {verb} {thing}", f"{jour}, {name} {verbe} {chose}"
    return f"{name} {verb} {thing}", f"{name} {verbe} {chose}"


def job(rng: random.Random) -> Pair:
    name, she = rng.choice(PERSONS)
    english, masculine, feminine = rng.choice(f.JOBS)
    article = "an" if english[0] in "aeiou" else "a"
    country = rng.choice(f.COUNTRIES)
    work = feminine if she == "she" else masculine
    return f"{name} is {article} {english} in {country.english}", f"{name} est {work} {country.inside()}"


def capital(rng: random.Random) -> Pair:
    country = rng.choice(f.COUNTRIES)
    town = CAPITALS[country.english]
    day, jour = rng.choice(list(f.DAYS.items()))
    name, _ = rng.choice(PERSONS)
    return rng.choice([
        (f"the capital of {country.english} is {town}", f"la capitale {country.of()} est {country.capital}"),
        (f"{town} is the capital of {country.english}", f"{country.capital} est la capitale {country.of()}"),
        (f"{name} visits the capital of {country.english}", f"{name} visite la capitale {country.of()}"),
        (f"on {day} {name} goes to {town}", f"{jour}, {name} va {f.at(country.capital)}"),
    ])  # fmt: skip


def language(rng: random.Random) -> Pair:
    name, she = rng.choice(PERSONS)
    country = rng.choice(f.COUNTRIES)
    english = LANGUAGES[country.english]
    relation, parent = own(she, rng.choice(f.FAMILY))
    return rng.choice([
        (f"{name} speaks {english} with {relation}", f"{name} parle {country.language} avec {parent}"),
        (f"{name} lives in {country.english} and speaks {english}",
         f"{name} habite {country.inside()} et parle {country.language}"),
        (f"{name} wants to go to {country.english}", f"{name} veut aller {country.inside()}"),
    ])  # fmt: skip


def weather(rng: random.Random) -> Pair:
    country = rng.choice(f.COUNTRIES)
    sky, ciel = rng.choice(f.SKIES)
    place, lieu = rng.choice(
        [(CAPITALS[country.english], f.at(country.capital)), (country.english, country.inside())]
    )
    if rng.random() < 0.5:
        return f"{sky} in {place}", f"{ciel} {lieu}"
    day, jour = rng.choice(list(f.DAYS.items()))
    return f"on {day} {sky} in {place}", f"{jour}, {ciel} {lieu}"


def belongings(rng: random.Random) -> Pair:
    name, _ = rng.choice(PERSONS)
    noun = rng.choice(f.THINGS)
    thing, chose = the(noun)
    if rng.random() < 0.5:
        colour = rng.choice(f.COLOURS)
        return f"{thing} of {name} is {colour.english}", join(
            chose, "de", name, "est", colour.form(noun.gender)
        )
    where, où = rng.choice(f.SURFACES)
    place, lieu = the(rng.choice(f.FURNITURE))
    return f"{thing} of {name} is {where} {place}", join(chose, "de", name, "est", où, lieu)


def counting(rng: random.Random) -> Pair:
    number, nombre = rng.choice(list(f.NUMBERS.items()))
    noun = rng.choice(f.ANIMALS + f.PERSONS)
    adjectives = (
        (rng.choice(f.SIZES[:2] + f.COLOURS[:2]),) if noun in f.ANIMALS and rng.random() < 0.5 else ()
    )
    words = " ".join([*(a.english for a in adjectives), noun.english_plural])
    ground, terrain = the(rng.choice(f.GROUNDS))
    return (
        f"there are {number} {words} in {ground}",
        f"il y a {noun.phrase(nombre, 2, adjectives)} dans {terrain}",
    )


def question(rng: random.Random) -> Pair:
    name, _ = rng.choice(PERSONS)
    thing, chose = the(rng.choice(f.THINGS))
    return f"where is {thing} of {name}?", join("où est", chose, "de", f"{name} ?")


FRAMES = [
    still, meeting, not_meeting, mood, need, relative, food, drink, gift, shopping, job, capital, language,
    weather, belongings, counting, question,
]  # fmt: skip


def draw_pairs(count: int, rng: random.Random) -> list[dict]:
    """`count` pairs; no English sentence, and no French one, is there twice."""
    pairs: list[dict] = []
    seen: set[str] = set()
    while len(pairs) < count:
        english, french = map(sentence, rng.choice(FRAMES)(rng))
        if not {english, french} & seen:
            seen |= {english, french}
            pairs.append({"en": english, "fr": french})
    return pairs


def sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith("?") else ".")


def splits() -> dict[str, list[dict]]:
    pairs = iter(draw_pairs(sum(SPLITS.values()), random.Random(SEED)))
    return {name: [next(pairs) for _ in range(count)] for name, count in SPLITS.items()}


def main() -> None:
    folder = data_folder() / "corpora" / "translations"
    for name, pairs in splits().items():
        lines = (json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs)
        (folder / f"{name}.jsonl").write_text("".join(lines), "utf-8")
        print(f"{name}: {len(pairs)} pairs")


if __name__ == "__main__":
    main()
