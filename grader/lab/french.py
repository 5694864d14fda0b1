"""French for the words of the little world: a lexicon, agreement, contraction and elision.

NOUNS["cat"].phrase("le", number=2, adjectives=[ADJECTIVES["small"]])    # "les petits chats"
join("de", "les", "amis"), join("de", "le", "Portugal")                  # "des amis", "du Portugal"
"""

from __future__ import annotations

import re
from dataclasses import dataclass

VOWELS = "aàâeéèêëiîïoôuùûœ"
MUTE_H = ("homme", "hôpital", "herbe")

CONTRACTIONS = {("à", "le"): "au", ("à", "les"): "aux", ("de", "le"): "du", ("de", "les"): "des"}


def elides(word: str) -> bool:
    """Whether le, la, de and ne lose their vowel before `word`."""
    return word[0].lower() in VOWELS or word.startswith(MUTE_H)


def join(*words: str) -> str:
    """The words as one text: à + le is au, de + les is des, and le, la, de, ne elide before a vowel."""
    parts = " ".join(word for word in words if word).split(" ")
    result: list[str] = []
    for number, part in enumerate(parts):
        following = parts[number + 1] if number + 1 < len(parts) else ""
        if part in ("le", "la", "de", "ne") and following and elides(following):
            part = part[0] + "'"
        if result and (result[-1], part) in CONTRACTIONS:
            result[-1] = CONTRACTIONS[result[-1], part]
        else:
            result.append(part)
    return " ".join(result).replace("' ", "'")


def plural(word: str) -> str:
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith(("eau", "eu")) and word != "bleu":
        return word + "x"
    return word[:-2] + "aux" if word.endswith("al") else word + "s"


@dataclass(frozen=True)
class Adjective:
    """An adjective; `early` ones stand before their noun, and some have a masculine form before vowels."""

    english: str
    masculine: str
    feminine: str
    early: bool = False
    before_vowel: str = ""

    def form(self, gender: str, number: int = 1, following: str = "") -> str:
        if gender == "m" and number == 1 and self.before_vowel and following and elides(following):
            return self.before_vowel
        word = self.masculine if gender == "m" else self.feminine
        return word if number == 1 else plural(word)


@dataclass(frozen=True)
class Noun:
    english: str
    english_plural: str
    singular: str
    gender: str

    def form(self, number: int = 1) -> str:
        return self.singular if number == 1 else plural(self.singular)

    def phrase(self, article: str, number: int = 1, adjectives: tuple[Adjective, ...] = ()) -> str:
        """The noun with its article ("le", "un", "du" for a part of it, or any other word) and adjectives."""
        noun = self.form(number)
        early = [adjective for adjective in adjectives if adjective.early]
        late = [adjective for adjective in adjectives if not adjective.early]
        before = [adjective.form(self.gender, number, noun) for adjective in early]
        after = [adjective.form(self.gender, number) for adjective in late]
        feminine = self.gender == "f"
        if number > 1:
            word = {"le": "les", "un": "de" if early else "des", "du": "des"}.get(article, article)
        elif article == "du":
            word = "de la" if feminine else "de le"
        else:
            word = {"le": "la" if feminine else "le", "un": "une" if feminine else "un"}.get(article, article)
        return join(word, *before, noun, *after)


@dataclass(frozen=True)
class Country:
    """`article` is "le", "la" or, for an island that has none, empty."""

    english: str
    french: str
    article: str
    capital: str
    language: str

    def inside(self) -> str:
        """in or to the country: en France, en Iran, au Portugal, à Cuba."""
        if not self.article:
            return f"à {self.french}"
        return (
            f"en {self.french}"
            if self.article == "la" or elides(self.french)
            else join("à", "le", self.french)
        )

    def of(self) -> str:
        return join("de", self.article, self.french)


def at(town: str) -> str:
    """at, in or to a town: à Paris, au Caire."""
    return join("à", "le", town[3:]) if town.startswith("Le ") else f"à {town}"


def table(text: str) -> list[list[str]]:
    return [re.split(r" *\| *", line) for line in text.strip().splitlines()]


def english_plural(word: str) -> str:
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def nouns(text: str) -> list[Noun]:
    """Entries like `cat chat m` or `child/children enfant m`, divided by commas or ends of lines."""
    found = []
    for entry in re.split(r"[,\n]\s*", text.strip()):
        english, french, gender = entry.split(" ")
        one, _, many = english.partition("/")
        found.append(Noun(one, many or english_plural(one), french, gender))
    return found


ANIMALS = nouns("""
dog chien m, cat chat m, rabbit lapin m, horse cheval m, cow vache f, goat chèvre f, hen poule f, duck canard m
swan cygne m, owl chouette f, eagle aigle m, parrot perroquet m, penguin manchot m, sparrow moineau m
fox renard m, wolf/wolves loup m, bear ours m, squirrel écureuil m, monkey singe m, tiger tigre m, lion lion m
camel chameau m, elephant éléphant m, snake serpent m, frog grenouille f, seal phoque m, crab crabe m
hedgehog hérisson m, butterfly/butterflies papillon m, spider araignée f, bee abeille f
""")
PERSONS = nouns("""
boy garçon m, girl fille f, child/children enfant m, woman/women femme f, man/men homme m
neighbour voisin m, student étudiant m, tourist touriste m, visitor visiteur m, guest invité m
""")
PLACES = nouns("""
bridge pont m, church église f, school école f, river rivière f, wall mur m, house maison f, lake lac m
station gare f, hospital hôpital m, museum musée m, mill moulin m, hill colline f, well puits m, tower tour f
""")
GROUNDS = nouns("""
garden jardin m, forest forêt f, park parc m, kitchen cuisine f, street rue f, jungle jungle f, stable étable f
""")
THINGS = nouns("""
key clé f, ring bague f, letter lettre f, ticket billet m, passport passeport m, watch montre f, book livre m
hat chapeau m, umbrella parapluie m, scarf/scarves écharpe f, puzzle puzzle m, doll poupée f, guitar guitare f
drum tambour m, coat manteau m, ball ballon m, bicycle vélo m, lamp lampe f, bag sac m
""")
FURNITURE = nouns("""
table table f, bed lit m, sofa canapé m, chair chaise f, desk bureau m, armchair fauteuil m
shelf/shelves étagère f, carpet tapis m, cupboard placard m, window fenêtre f
""")
FAMILY = nouns("""
sister sœur f, brother frère m, uncle oncle m, aunt tante f, grandmother grand-mère f, grandfather grand-père m
daughter fille f, son fils m, mother mère f, father père m
""")
DRINKS = nouns(
    "tea thé m, coffee café m, milk lait m, water eau f, juice jus m, lemonade limonade f, cocoa cacao m"
)
FOODS = nouns("""
hay foin m, grass herbe f, corn maïs m, meat viande f, honey miel m, bread pain m, cheese fromage m
rice riz m, ham jambon m, butter beurre m, soup soupe f, salad salade f
""")
COUNTED_FOODS = nouns("""
carrot carotte f, banana banane f, egg œuf m, tomato/tomatoes tomate f, potato/potatoes patate f
mushroom champignon m, onion oignon m, nut noix f, leaf/leaves feuille f, seed graine f, plum prune f, cake gâteau m
""")
NOUNS = {
    noun.english: noun
    for group in (ANIMALS, PERSONS, PLACES, GROUNDS, THINGS, FURNITURE, FAMILY, DRINKS, FOODS, COUNTED_FOODS)
    for noun in group
}

ADJECTIVES = {
    row[0]: Adjective(row[0], row[1], row[2], row[3] == "early", row[4] if len(row) > 4 else "")
    for row in table("""
small | petit | petite | early
big | grand | grande | early
old | vieux | vieille | early | vieil
young | jeune | jeune | early
beautiful | beau | belle | early | bel
new | nouveau | nouvelle | early | nouvel
white | blanc | blanche | late
black | noir | noire | late
brown | brun | brune | late
grey | gris | grise | late
red | rouge | rouge | late
blue | bleu | bleue | late
green | vert | verte | late
yellow | jaune | jaune | late
tired | fatigué | fatiguée | late
shy | timide | timide | late
brave | courageux | courageuse | late
lazy | paresseux | paresseuse | late
curious | curieux | curieuse | late
noisy | bruyant | bruyante | late
quiet | calme | calme | late
sad | triste | triste | late
happy | heureux | heureuse | late
""")
}
SIZES, COLOURS, MOODS = (
    [ADJECTIVES[word] for word in words.split()]
    for words in (
        "small big old young beautiful",
        "white black grey red blue green yellow",
        "tired shy brave lazy curious noisy quiet sad happy",
    )
)

COUNTRIES = [
    Country(*row)
    for row in table("""
France | France | la | Paris | français
Germany | Allemagne | la | Berlin | allemand
Italy | Italie | la | Rome | italien
Spain | Espagne | la | Madrid | espagnol
Portugal | Portugal | le | Lisbonne | portugais
Greece | Grèce | la | Athènes | grec
Poland | Pologne | la | Varsovie | polonais
Hungary | Hongrie | la | Budapest | hongrois
Sweden | Suède | la | Stockholm | suédois
Norway | Norvège | la | Oslo | norvégien
Denmark | Danemark | le | Copenhague | danois
Finland | Finlande | la | Helsinki | finnois
Iceland | Islande | la | Reykjavik | islandais
England | Angleterre | la | Londres | anglais
Ireland | Irlande | la | Dublin | anglais
Austria | Autriche | la | Vienne | allemand
Romania | Roumanie | la | Bucarest | roumain
Bulgaria | Bulgarie | la | Sofia | bulgare
Ukraine | Ukraine | la | Kyiv | ukrainien
Russia | Russie | la | Moscou | russe
Turkey | Turquie | la | Ankara | turc
Japan | Japon | le | Tokyo | japonais
China | Chine | la | Pékin | chinois
Thailand | Thaïlande | la | Bangkok | thaï
Vietnam | Vietnam | le | Hanoï | vietnamien
Iran | Iran | le | Téhéran | persan
Iraq | Irak | le | Bagdad | arabe
Nepal | Népal | le | Katmandou | népalais
Egypt | Égypte | la | Le Caire | arabe
Kenya | Kenya | le | Nairobi | swahili
Tunisia | Tunisie | la | Tunis | arabe
Cuba | Cuba | | La Havane | espagnol
Peru | Pérou | le | Lima | espagnol
Chile | Chili | le | Santiago | espagnol
Brazil | Brésil | le | Brasilia | portugais
""")
]

# English, masculine, feminine
JOBS = [
    tuple(entry.split(" "))
    for entry in re.split(r"[,\n]\s*", """
teacher professeur professeure, doctor médecin médecin, nurse infirmier infirmière, baker boulanger boulangère
farmer fermier fermière, painter peintre peintre, gardener jardinier jardinière, writer écrivain écrivaine
librarian bibliothécaire bibliothécaire, singer chanteur chanteuse, cook cuisinier cuisinière
dentist dentiste dentiste, pilot pilote pilote, vet vétérinaire vétérinaire, judge juge juge
photographer photographe photographe, hairdresser coiffeur coiffeuse, mechanic mécanicien mécanicienne
engineer ingénieur ingénieure, butcher boucher bouchère
""".strip())
]  # fmt: skip

# English singular and plural, French singular and plural
STILL = table("""
sleeps | sleep | dort | dorment
waits | wait | attend | attendent
plays | play | joue | jouent
lives | live | vit | vivent
runs | run | court | courent
""")
MEETING = table("""
sees | see | voit | voient
follows | follow | suit | suivent
watches | watch | regarde | regardent
feeds | feed | nourrit | nourrissent
likes | like | aime | aiment
looks for | look for | cherche | cherchent
fears | fear | craint | craignent
""")
TAKING = table("""
buys | achète
sells | vend
finds | trouve
loses | perd
wants | veut
has | a
""")
NEEDS = table("""
hungry | faim
thirsty | soif
cold | froid
afraid | peur
""")
SKIES = table("""
it rains | il pleut
it snows | il neige
it is cold | il fait froid
it is warm | il fait chaud
it freezes | il gèle
""")
POSITIONS = table("""
near | près de
behind | derrière
in front of | devant
beside | à côté de
""")
SURFACES = table("""
under | sous
on | sur
behind | derrière
near | près de
""")
DAYS = dict(
    table("""
Monday | lundi
Tuesday | mardi
Wednesday | mercredi
Thursday | jeudi
Friday | vendredi
Saturday | samedi
Sunday | dimanche
""")
)
NUMBERS = dict(
    table("""
two | deux
three | trois
four | quatre
five | cinq
six | six
seven | sept
eight | huit
nine | neuf
ten | dix
""")
)
