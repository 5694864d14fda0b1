"""French for the little world: forms known from any grammar."""

import pytest

from grader.lab.french import ADJECTIVES, COUNTRIES, NOUNS, at, join, plural


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("de", "le", "Portugal"), "du Portugal"),
        (("de", "la", "France"), "de la France"),
        (("de", "la", "Italie"), "de l'Italie"),
        (("de", "les", "amis"), "des amis"),
        (("à", "les", "enfants"), "aux enfants"),
        (("près de", "le", "hôpital"), "près de l'hôpital"),
        (("près de", "la", "école"), "près de l'école"),
        (("à côté de", "le", "pont"), "à côté du pont"),
        (("ne", "aime"), "n'aime"),
        (("ne", "voit"), "ne voit"),
        (("de", "Anna"), "d'Anna"),
        (("de", "Paul"), "de Paul"),
    ],
)
def test_contraction_and_elision(words, text):
    assert join(*words) == text


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("cheval", "chevaux"),
        ("oiseau", "oiseaux"),
        ("ours", "ours"),
        ("noix", "noix"),
        ("chat", "chats"),
        ("bleu", "bleus"),
    ],
)
def test_plurals(one, many):
    assert plural(one) == many


@pytest.mark.parametrize(
    ("noun", "article", "number", "adjectives", "text"),
    [
        ("cat", "le", 2, ["small"], "les petits chats"),
        ("cow", "le", 1, ["white"], "la vache blanche"),
        ("man", "le", 1, ["old"], "le vieil homme"),
        ("man", "le", 2, ["old"], "les vieux hommes"),
        ("eagle", "le", 1, ["beautiful"], "le bel aigle"),
        ("eagle", "le", 1, ["tired"], "l'aigle fatigué"),
        ("hedgehog", "le", 1, [], "le hérisson"),
        ("spider", "un", 1, ["big", "black"], "une grande araignée noire"),
        ("horse", "un", 2, [], "des chevaux"),
        ("horse", "un", 2, ["beautiful"], "de beaux chevaux"),
        ("water", "du", 1, [], "de l'eau"),
        ("tea", "du", 1, [], "du thé"),
        ("meat", "du", 1, [], "de la viande"),
        ("leaf", "du", 2, [], "des feuilles"),
    ],
)
def test_noun_phrases(noun, article, number, adjectives, text):
    assert NOUNS[noun].phrase(article, number, tuple(ADJECTIVES[word] for word in adjectives)) == text


@pytest.mark.parametrize(
    ("english", "inside", "of"),
    [
        ("France", "en France", "de la France"),
        ("Hungary", "en Hongrie", "de la Hongrie"),
        ("Iran", "en Iran", "de l'Iran"),
        ("Portugal", "au Portugal", "du Portugal"),
        ("Cuba", "à Cuba", "de Cuba"),
        ("Egypt", "en Égypte", "de l'Égypte"),
    ],
)
def test_countries(english, inside, of):
    country = next(country for country in COUNTRIES if country.english == english)
    assert (country.inside(), country.of()) == (inside, of)


def test_towns():
    assert at("Le Caire") == "au Caire"
    assert at("La Havane") == "à La Havane"
    assert at("Oslo") == "à Oslo"


def test_every_country_of_the_little_world_has_a_french_name():
    from grader.lab.world import World

    assert {country.english.lower() for country in COUNTRIES} == set(World().capitals)
