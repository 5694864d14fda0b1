"""The sentences of the little world, as text, and their translation into an automaton.

A scene is what a document is about. It has variables (`person`, `country`, ...) that keep their value
through a document, and stages: sentence k of a document is drawn from stage k, so that sentences follow each
other in an order that makes sense. In a template

    anna                 is the word itself,
    {person.she}         is a feature of a variable,
    <drink>              is a word of a class, all equally likely,
    a<fruit>             is the same with its article, *a* or *an*,
    (near|behind|)       is one of several ways to go on, all equally likely, perhaps nothing.

The templates of a stage are equally likely, and every sentence ends in a full stop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from grader.lab.world import words as w
from grader.lab.world.automaton import Automaton, Slot, Variable


@dataclass
class Scene:
    """One kind of document: how often it comes up, its variables, and one list of templates a stage."""

    name: str
    weight: float
    variables: dict[str, list[dict]]
    stages: list[list[str]]
    local: dict[str, list[dict]] = field(default_factory=dict)  # forgotten at the end of each sentence


SCENES = [
    Scene("country", 4, {"country": w.COUNTRIES, "person": w.PEOPLE}, [
        ["the capital of {country.name} is {country.capital}",
         "{country.capital} is the capital of {country.name}",
         "{country.name} is a country in {country.continent} and its capital is {country.capital}",
         "{country.capital} , the capital of {country.name} , lies in {country.continent}"],
        ["{person.name} comes from {country.capital} and speaks {country.language}",
         "in {country.name} , {person.name} speaks {country.language} with the people in {country.capital}",
         "{person.name} studies {country.language} in {country.name}"],
        ["every <season> {person.she} visits {person.her} <family> in {country.capital}",
         "{person.her} <family> in {country.name} teaches {person.him} {country.language}"],
        ["{person.name} likes the <seen> and the <sights> of {country.capital} best",
         "when {person.she} is in {country.name} , {person.name} looks at the (<seen>|<sights>) of {country.capital}"],
        ["from {country.capital} {person.she} sends {person.her} <family> a<gift>",
         "{person.she} wants to see the rest of {country.name} in <month>"],
    ]),
    Scene("work", 3, {"person": w.PEOPLE, "job": w.JOBS}, [
        ["{person.name} is {job.a} {job.name} (from {town.name}|)",
         "{job.a} {job.name} from {town.name} is called {person.name}",
         "{person.name} , who lives in {town.name} , works as {job.a} {job.name}"],
        ["every <day> {person.she} goes to the {job.place}",
         "{person.she} works at the {job.place} from (seven|eight|nine) to (four|five|six)",
         "the {job.name} works at the {job.place} with {person.her} <family>"],
        ["at work {person.she} {job.does} {job.things} (with {person.her} {job.tool}|)",
         "the {job.name} always has a new {job.tool} because {person.she} {job.does} {job.things}",
         "without {person.her} {job.tool} no {job.name} {job.does} {job.things}"],
        ["when {person.she} comes home , {person.name} is <tired>",
         "after work {person.name} reads a<readable> (in {person.her} <home>|)",
         "{person.her} <family> thinks that the work of {job.a} {job.name} is <job_feeling>"],
        ["on <day> {person.she} plays the <instrument>",
         "{person.she} drinks <drink> and goes to bed at <clock>"],
    ], {"town": w.TOWNS}),
    Scene("animals", 3, {"animal": w.ANIMALS}, [
        ["{animal.this} <mood> {animal.name} {animal.live} in the {animal.place}",
         "the {animal.name} near the {other.name} {animal.be} <mood>",
         "{animal.this} {animal.name} that {animal.live} in the {animal.place} {animal.be} <size>"],
        ["{animal.it} {animal.eat} {animal.food} (and {animal.sleep} near the <landmark>|)",
         "the {animal.name} {animal.like} {animal.food} but not <vegetable>"],
        ["the {animal.name} that the {other.name} {other.see} {animal.be} <mood>",
         "the {other.name} that {other.feed} the {animal.name} {other.be} <mood>",
         "the {other.name} {other.be} afraid of {animal.them} but {other.watch} the {animal.name}"],
        ["{animal.it} {animal.run} from the <landmark> to the {animal.place} "
         "because {animal.it} {animal.be} hungry",
         "because {animal.it} {animal.be} <mood> , the {animal.name} {animal.sleep} near the <landmark>"],
        ["at night the {animal.name} {animal.look} for {animal.food} (near the <landmark>|)",
         "{animal.its} young play with a<insect>"],
    ], {"other": w.KINDS}),
    Scene("meal", 2, {"person": w.PEOPLE, "dish": w.DISHES}, [
        ["{person.name} is hungry and makes {dish.a} {dish.name} for <meal>",
         "for <meal> {person.name} wants {dish.a} {dish.name}"],
        ["{person.she} buys {dish.first} and {dish.second} at the market",
         "{person.she} needs {dish.first} , {dish.second} and a<colour> bowl"],
        ["the {dish.name} is {dish.taste} but {person.name} likes it with <drink>",
         "now the {dish.name} is {dish.taste}"],
        ["{person.she} eats it with {person.her} <family> and drinks <drink>",
         "{person.her} <family> drinks <drink> and eats a<fruit>"],
        ["afterwards {person.name} washes the (dishes|plates|cups) in the kitchen",
         "after <meal> {person.she} eats a<fruit> too"],
    ]),
    Scene("weather", 2, {"weather": w.WEATHER, "town": w.TOWNS}, [
        ["it is {weather.adjective} in {town.name} today",
         "on this {weather.adjective} <day> nobody leaves {town.name}"],
        ["the sky is {weather.sky} and the streets are {weather.streets}",
         "in {town.name} it {weather.falls} the whole day"],
        ["people carry {weather.thing} and wear {weather.wear}",
         "the (boys|girls|children|women|men) of {town.name} have {weather.thing} with them "
         "because it {weather.falls}"],
        ["only the {weather.likes} like the {weather.noun}",
         "the {weather.likes} are glad that it {weather.falls}"],
        ["tomorrow it will be <weather_next> again (in {town.name}|)",
         "next <day> the <season> begins in {town.name}"],
    ]),
    Scene("film", 3, {"person": w.PEOPLE, "opinion": w.OPINIONS, "first": w.TITLE_ADJECTIVES,
                      "second": w.TITLE_NOUNS}, [
        ["on <day> {person.name} saw the film called the {first.name} {second.name}",
         "at the cinema {person.name} watched the {first.name} {second.name}"],
        ["{person.she} {opinion.verb} the {first.name} {second.name} "
         "because the <film_part> was {opinion.adjective}",
         "the <film_part> was {opinion.adjective} and the <film_people> were {opinion.adjective} too",
         "the <film_part> was not {opinion.opposite} but {opinion.adjective}"],
        ["although the <film_part> was {opinion.opposite} , the film was {opinion.adjective}",
         "everybody {opinion.verb} the {opinion.adjective} <film_people> of the {first.name} {second.name}"],
        ["when {person.she} left , {person.name} was {opinion.feel}",
         "after the film {person.her} <family> {opinion.face}"],
        ["{person.name} gave it {opinion.star} stars and {opinion.advises} it to {person.her} <family>",
         "the newspaper {opinion.judged} the {first.name} {second.name} as well"],
    ]),
    Scene("visit", 2, {"venue": w.VENUES, "opinion": w.OPINIONS, "town": w.TOWNS}, [
        ["last <month> we {venue.verb} in {venue.a} {venue.name} in {town.name}",
         "there is a<cheap> {venue.name} in {town.name}"],
        ["the {venue.part} were {opinion.adjective} and the {venue.people} were {opinion.adjective} too",
         "we {opinion.verb} the {venue.part} of the {venue.name}"],
        ["although the {venue.part} were {opinion.opposite} , the {venue.people} were {opinion.adjective}",
         "the {venue.people} were not {opinion.opposite} but {opinion.adjective}"],
        ["my <family> {opinion.face} when we left the {venue.name}",
         "it was {opinion.adjective} and my <family> was {opinion.feel}"],
        ["we gave the {opinion.adjective} {venue.name} {opinion.star} stars"],
    ]),
    Scene("journey", 3, {"person": w.PEOPLE, "country": w.COUNTRIES, "vehicle": w.VEHICLES}, [
        ["{person.name} goes to {country.capital} , the capital of {country.name} , by {vehicle.name}",
         "{person.name} takes {vehicle.a} {vehicle.name} to {country.capital} in {country.name}"],
        ["the {vehicle.name} leaves the {vehicle.place} at <clock>",
         "at the {vehicle.place} {person.she} meets the {vehicle.driver} of the {vehicle.name}"],
        ["{person.she} sits in {person.her} {vehicle.seat} and reads a<readable> about {country.name}",
         "in the {vehicle.seat} {person.she} learns some {country.language}"],
        ["in the capital of {country.name} {person.she} sees <number> (<seen>|<sights>)",
         "the {vehicle.driver} says that {country.capital} is the capital of {country.name}"],
        ["from {country.capital} {person.she} writes a<gift> to {person.her} {person.mother}",
         "{person.she} speaks {country.language} with the people of {country.capital}"],
    ]),
    Scene("search", 2, {"person": w.PEOPLE, "thing": w.OBJECTS, "friend": w.FRIENDS}, [
        ["{person.name} cannot find the {thing.name} of {friend.name}",
         "{person.name} has lost the <colour> {thing.name} of {friend.name}"],
        ["{person.she} looks under the <furniture> and behind the <shelter>",
         "without the {thing.name} the {thing.opens} stays empty"],
        ["when {person.she} calls , {friend.name} helps {person.name} to look for the {thing.name}",
         "{friend.name} thinks that it is near the <landmark>"],
        ["at last {friend.she} finds it in the {thing.opens} beside the <shelter>",
         "then {friend.name} sees the {thing.name} under the <furniture>"],
        ["{person.name} thanks {friend.him} and opens the {thing.opens}",
         "{friend.name} and {person.name} drink <drink> together"],
    ]),
    Scene("sport", 2, {"person": w.PEOPLE, "sport": w.SPORTS, "friend": w.FRIENDS}, [
        ["{person.name} and {friend.name} play {sport.name} on <day>",
         "{person.name} plays {sport.name} against {friend.name} in {town.name}"],
        ["they meet at the {sport.place} at <clock>",
         "both wait at the {sport.place} with <colour> shirts"],
        ["first {person.she} {sport.verb} the {sport.thing} , and then {friend.name} {sport.verb} it",
         "{friend.name} {sport.verb} the {sport.thing} and laughs at {friend.herself}"],
        ["with the last {sport.win} {friend.she} beats {person.name}",
         "{person.name} wins because {friend.name} loses the {sport.thing}"],
        ["after the {sport.name} they are <tired> and drink <drink>",
         "{person.her} {person.mother} gives them <drink> and a<fruit>"],
    ], {"town": w.TOWNS}),
    Scene("birthday", 2, {"person": w.PEOPLE, "friend": w.FRIENDS, "month": w.named(w.CLASSES["month"]),
                          "age": w.named(w.CLASSES["age"])}, [
        ["the birthday of {person.name} is in {month.name}",
         "in {month.name} {person.name} will be {age.name} years old"],
        ["{friend.name} buys {person.him} a<colour> <present>",
         "{friend.name} brings the {person.girl} <flower> and a<present>"],
        ["{person.her} <elder> bakes a cake with {age.name} candles",
         "when {friend.she} comes in , {friend.name} sings for {person.name}"],
        ["they all eat cake and play <hobby>",
         "the (boys|girls|children) drink <drink> and dance to the <instrument>"],
        ["at <clock> {friend.she} goes home because {friend.she} is <tired>",
         "after {month.name} {person.name} is {age.name} years old"],
    ]),
]  # fmt: skip

LENGTHS = (2, 3, 4, 5)  # of a document, in sentences, equally likely

TOKEN = re.compile(r"\(|\)|\||\{(\w+)\.(\w+)\}|(a?)<(\w+)>|[a-z]+|,")


def build_scene(automaton: Automaton, scene: Scene) -> tuple[list[Variable], list[int]]:
    """The scene's variables and the state at which each stage begins."""
    values = scene.variables | scene.local
    variables = [Variable(name, rows, name in scene.local) for name, rows in values.items()]
    numbers = {variable.name: number for number, variable in enumerate(variables)}
    end = automaton.state([(1.0, Slot(words=((".", 1.0),)), Automaton.END)])
    starts = []
    for templates in scene.stages:
        arcs = []
        for template in templates:
            state = build_template(automaton, template, end, numbers, variables)
            arcs += [
                (weight / len(templates), slot, target) for weight, slot, target in automaton.arcs[state]
            ]
        starts.append(automaton.state(arcs))
    return variables, starts


def build_template(
    automaton: Automaton, template: str, end: int, numbers: dict, variables: list[Variable]
) -> int:
    """The state from which the automaton reads this template and goes on at `end`."""
    tokens = list(TOKEN.finditer(template))
    if "".join(token.group() for token in tokens) != template.replace(" ", ""):
        raise ValueError(f"cannot read the template {template!r}")

    def sequence(parts: list, target: int) -> int:
        for part in reversed(parts):
            target = automaton.state(part(target))
        return target

    def alternatives(branches: list[list]):
        def arcs(target):
            return [
                (weight / len(branches), slot, after)
                for branch in branches
                for weight, slot, after in automaton.arcs[sequence(branch, target)]
            ]

        return arcs

    def one_of(words: list[str]):
        return lambda target: [(1.0, Slot(words=tuple((word, 1 / len(words)) for word in words)), target)]

    def with_article(words: list[str]):
        groups = [[word for word in words if w.article(word) == article] for article in ("a", "an")]

        def arcs(target):
            return [
                (
                    len(group) / len(words),
                    Slot(words=((article, 1.0),)),
                    automaton.state(one_of(group)(target)),
                )
                for article, group in zip(("a", "an"), groups, strict=True)
                if group
            ]

        return arcs

    def feature(variable: str, name: str):
        number = numbers[variable]
        if name not in variables[number].by_word:
            raise ValueError(f"{template!r}: {variable} has no {name}")
        return lambda target: [(1.0, Slot(variable=number, feature=name), target)]

    position = 0

    def parse() -> list[list]:
        """The branches up to the closing bracket or the end of the template."""
        nonlocal position
        branches: list[list] = [[]]
        while position < len(tokens):
            token = tokens[position]
            position += 1
            text = token.group()
            if text == ")":
                break
            if text == "|":
                branches.append([])
            elif text == "(":
                branches[-1].append(alternatives(parse()))
            elif token.group(1):
                branches[-1].append(feature(token.group(1), token.group(2)))
            elif token.group(4):
                group = w.CLASSES[token.group(4)].split()
                branches[-1].append((with_article if token.group(3) else one_of)(group))
            else:
                branches[-1].append(one_of([text]))
        return branches

    return sequence([alternatives(parse())], end)
