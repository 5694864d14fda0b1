"""Questions whose answers are facts of the little world: capitals, work, animals, weather, food."""

from __future__ import annotations

import random
from dataclasses import dataclass
from string import Formatter

from grader.lab.prose import PEOPLE
from grader.lab.world import words as w

# Things that are too much alike to be told apart by what a prompt says.
DIETS = (
    "bones mice snakes fish hens sheep meat frogs flies worms",
    "carrots hay grass leaves corn weeds fruit seeds nuts bananas thorns nectar honey",
)
TRADES = (
    "doctor nurse dentist vet",
    "cook waiter baker butcher",
    "actor singer",
    "pilot driver sailor",
    "teacher scientist librarian",
    "writer reporter",
    "painter photographer guide",
    "builder carpenter mechanic engineer",
    "farmer gardener",
    "tailor hairdresser",
)
SKIES = ("rainy stormy foggy", "snowy frosty")
COURSES = (
    "pie cake pudding pancake tart",
    "soup salad omelette stew pizza sandwich curry casserole risotto quiche burger",
)
ROUTES = ("train bus", "plane balloon", "ship ferry")
GROUNDS = ("tennis basketball volleyball", "chess golf", "football hockey")

# What may be true of a thing although the little world does not say it: never a wrong answer about it.
ALSO = {
    name: set(words.split())
    for name, words in (
        line.split(": ")
        for line in """
dog: house garden park stable forest beach
cat: yard garden park meadow stable
rabbit: meadow house yard forest park stable
horse: meadow yard park beach
cow: stable yard
goat: yard stable cliff garden
hen: garden stable house meadow worms flies frogs
duck: lake yard park swamp garden coast worms fish frogs flies meadow
swan: pond park swamp coast
owl: park garden cliff jungle desert meadow
eagle: forest coast lake desert jungle meadow beach
parrot: house garden forest park
penguin: beach cliff
sparrow: park yard forest meadow house cliff worms flies stable
fox: park garden meadow desert jungle fruit cliff
wolf: desert meadow jungle cliff
bear: jungle meadow lake swamp park cliff fish meat mice sheep hens worms
squirrel: garden forest yard meadow
monkey: forest park cliff garden
tiger: forest swamp meadow desert
lion: jungle meadow forest
camel: stable meadow yard
elephant: forest meadow desert swamp park
snake: garden forest meadow desert jungle park lake pond yard cliff coast beach house
frog: pond lake garden meadow jungle forest park
seal: beach lake cliff
crab: coast lake swamp pond weeds
hedgehog: forest park meadow yard fruit
butterfly: garden forest park yard jungle swamp
teacher: animals guests
doctor: clinic children guests witnesses towel
nurse: clinic school children guests needle
baker: market knife
farmer: market animals roses stable
waiter: children meals
actor: children animals wig studio witnesses patients guests
painter: walls tables kings roses children stars boats
sailor: map radio knife
driver: cars school
gardener: scissors rope corn
librarian: computer articles
writer: books songs notebook computer
singer: restaurant stories
tailor: needle scissors knife
builder: boats
carpenter: coats bread meals pictures boats songs stories photographs workshop
cook: restaurant hospital oven
dentist: hair
pilot: map
vet: children sheep guests farm stable
scientist: books animals machines children computer notebook pen hospital zoo
mechanic: station airport buses planes boats
butcher: saw
engineer: office workshop university planes boats buses coats tables
judge: songs children stories office hammer
reporter: books stories pen camera computer
photographer: pictures
guide: park zoo map
hairdresser: roses bread meat brush
""".strip().splitlines()
    )
}


@dataclass(frozen=True)
class Ask:
    """Questions from a table: each prompt names some features of a row and asks for `answer`.

    No wrong answer comes from a row that fits all that the prompt says, from one whose feature `by` is in
    the same group (a ferry may leave from a harbour, too), or from what is `ALSO` true.
    """

    rows: tuple[dict, ...]
    answer: str
    prompts: tuple[str, ...]
    groups: tuple[str, ...] = ()
    by: str = "name"

    def __call__(self, rng: random.Random) -> tuple[str, str, list[str]]:
        prompt, row = rng.choice(self.prompts), rng.choice(self.rows)
        wrong = self.wrong_answers(row, prompt)
        if len(wrong) < 3:
            return self(rng)
        person = rng.choice(PEOPLE)
        scene = {key: rng.choice(w.CLASSES[key].split()) for key in ("day", "month", "clock")}
        scene |= {"person": person["name"], "she": person["she"], "her": person["her"]}
        scene |= {"town": rng.choice(w.TOWNS)["name"]}
        return prompt.format(**scene, **row), self.answer.format(**row), rng.sample(wrong, 3)

    def wrong_answers(self, row: dict, prompt: str) -> list[str]:
        told = [key for key in fields(prompt) if key in row]
        answered = fields(self.answer)
        true, wrong = set(), set()
        for other in self.rows:
            answer = self.answer.format(**other)
            if all(other[key] == row[key] for key in told):
                true.add(answer)
            elif not (
                self.alike(row, other)
                or also_true(other) & {row[key] for key in told}
                or also_true(row) & {other[key] for key in answered}
            ):
                wrong.add(answer)
        return sorted(wrong - true)

    def alike(self, row: dict, other: dict) -> bool:
        return any(row[self.by] in group.split() and other[self.by] in group.split() for group in self.groups)


def fields(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


def also_true(row: dict) -> set[str]:
    return ALSO.get(row.get("one", row.get("name")), set())


def plain(values: list[dict]) -> tuple[dict, ...]:
    """Rows with their single-valued features only."""
    return tuple({key: value for key, value in row.items() if isinstance(value, str)} for row in values)


COUNTRIES, JOBS, DISHES = plain(w.COUNTRIES), plain(w.JOBS), plain(w.DISHES)
WEATHER, VEHICLES, SPORTS = plain(w.WEATHER), plain(w.VEHICLES), plain(w.SPORTS)
ANIMALS = tuple(
    many | {"one": one["name"]}
    for one, many in zip(plain(w.ANIMALS)[::2], plain(w.ANIMALS)[1::2], strict=True)
)

CAPITALS = (
    Ask(COUNTRIES, "{capital}", (
        "{person} takes the train to the capital of {name} . {she} wants to see",
        "the capital of {name} is",
        "in {month} {person} sends a postcard from the capital of {name} . it comes from",
        "{person} was born in the capital of {name} . {she} was born in",
    )),
    Ask(COUNTRIES, "{name}", (
        "{capital} is the capital of",
        "{person} lives in {capital} . {she} lives in",
        "a plane to {capital} leaves on {day} . it flies to",
    )),
    Ask(COUNTRIES, "{language}", (
        "in {capital} {person} speaks with the people in the market . they speak",
        "{person} wants to live in {name} . now {she} learns",
        "the newspaper of {capital} is written in",
    )),
    Ask(COUNTRIES, "{continent}", (
        "{person} flies to {capital} , the capital of {name} . {name} is a country in",
        "{name} lies in",
    )),
)  # fmt: skip
WORK = (
    Ask(JOBS, "the {place}", (
        "{person} is {a} {name} . every {day} {she} goes to",
        "who wants to see {a} {name} at work goes to",
        "{person} {does} {things} . {she} works at",
    ), TRADES),
    Ask(JOBS, "{a} {name}", (
        "{person} works at the {place} and {does} {things} . {she} is",
        "at work {person} needs {her} {tool} because {she} {does} {things} . {she} is",
        "who works in the {place} ? it is",
    ), TRADES),
    Ask(JOBS, "{things}", (
        "the {name} comes to the {place} at {clock} . there {person} , the {name} , {does}",
        "{person} is {a} {name} . every {day} {she} {does}",
    ), TRADES),
    Ask(JOBS, "{tool}", (
        "{person} is {a} {name} from {town} . {she} never goes to work without {her}",
        "at the {place} the {name} looks for a thing to work with . {person} brings the",
    ), TRADES),
)  # fmt: skip
BEASTS = (
    Ask(ANIMALS, "{food}", (
        "the {name} near the bridge are hungry . they look for",
        "{person} watches the {name} eat . they like",
        "what do {name} eat ? they eat",
    ), DIETS, by="food"),
    Ask(ANIMALS, "the {place}", (
        "{person} wants to see {name} . {she} looks for them in",
        "at night the {name} sleep at home , and that is",
        "where do {name} live ? they live in",
    )),
    Ask(ANIMALS, "{name}", (
        "they eat {food} and live in the {place} . they are",
        "{person} has seen animals that eat {food} in the {place} . {she} has seen",
    ), DIETS, by="food"),
)  # fmt: skip
SKY = (
    Ask(WEATHER, "{thing}", (
        "it {falls} in {town} on {day} . the people carry",
        "it is a {adjective} {day} , and {person} is glad to have some",
    ), SKIES, by="adjective"),
    Ask(WEATHER, "{adjective}", (
        "in {month} it {falls} the whole day in {town} . the weather is",
        "the people of {town} carry {thing} . the weather is",
    ), SKIES, by="adjective"),
    Ask(WEATHER, "the {noun}", (
        "{person} carries {thing} because of",
    ), SKIES, by="adjective"),
)  # fmt: skip
MEALS = (
    Ask(DISHES, "{a} {name}", (
        "{person} buys {first} and {second} at the market . {she} wants to make",
        "there are {first} and {second} in the bowl . now {person} makes",
    ), COURSES),
    Ask(DISHES, "{first} and {second}", (
        "{person} makes {a} {name} for {her} family . {she} needs",
        "on {day} {person} wants {a} {name} . at the market {she} buys",
        "what is in {a} {name} ? it has",
    ), COURSES),
)  # fmt: skip
JOURNEYS = (
    Ask(VEHICLES, "the {name}", (
        "{person} goes to the {place} and meets the {driver} . {she} travels with",
        "at {clock} {person} waits at the {place} in {town} . {she} waits for",
    ), ROUTES),
    Ask(VEHICLES[0:1] + VEHICLES[2:], "the {place}", (
        "{person} wants to take {a} {name} from {town} . {she} goes to",
        "the {name} comes in at {clock} . {person} waits for it at",
    ), ROUTES),
)  # fmt: skip
GAMES = (
    Ask(SPORTS, "{name}", (
        "{person} and {her} brother meet at the {place} at {clock} . they play",
        "with the {thing} in {her} hand {person} runs to the {place} . on {day} {she} plays",
    ), GROUNDS),
    Ask(SPORTS, "the {place}", (
        "{person} plays {name} every {day} . {she} goes to",
        "where do the people of {town} watch {name} ? they watch it at",
    ), GROUNDS),
)  # fmt: skip
