"""Questions about small situations: who has what, who is meant, where things are, what comes next.

Every function draws a prompt, the right answer and three wrong ones, in the little world's spelling.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

from grader.lab.prose import PEOPLE, written
from grader.lab.world import Story, World
from grader.lab.world import words as w
from grader.lab.world.grammar import SCENES

DAYS, MONTHS, SEASONS, CLOCK = (w.CLASSES[name].split() for name in ("day", "month", "season", "clock"))
SMALL_THINGS = [
    "letter", "ring", "ticket", "passport", "watch", "phone", "key", "wallet", "book", "puzzle", "doll", "scarf", "ball",
]  # fmt: skip
THINGS = [*SMALL_THINGS, "kite", "guitar", "camera", "drum", "bicycle", "umbrella"]
SPOTS = [
    "in the drawer", "in the box", "in the suitcase", "on the table", "on the shelf", "under the bed",
    "behind the piano", "in the cupboard", "in the backpack", "under the sofa", "beside the armchair", "near the window",
]  # fmt: skip

# The prompt, the right answer, three wrong ones.
Drawn = tuple[str, str, list[str]]


def names(rng: random.Random, count: int = 4) -> list[str]:
    return [row["name"] for row in rng.sample(PEOPLE, count)]


def possession(rng: random.Random) -> Drawn:
    a, b, c, d = names(rng)
    first, second, third = rng.sample(THINGS, 3)
    prompt, right = rng.choice([
        (f"{a} , {b} , {c} and {d} sit in the kitchen . {a} gives the {first} to {b} . now it belongs to", b),
        (f"{a} gives the {first} to {b} . {c} and {d} look at it . the {first} was the gift of", a),
        (f"{a} has a {first} , {b} has a {second} , {c} has a {third} and {d} has nothing . the {second} belongs to", b),
        (f"{a} has a {first} , {b} has a {second} and {c} and {d} share a {third} . the {first} belongs to", a),
        (f"{a} buys a {first} for {b} . {c} and {d} want it too . but the {first} is for", b),
        (f"{a} gives {b} a {first} , and {b} gives it to {c} . {d} only has a {second} . now the {first} is with", c),
        (f"{a} takes the {first} of {b} home . {c} and {d} see it . the {first} still belongs to", b),
        (f"{d} and {c} watch . {b} sells the {first} , and {a} buys it . the {first} now belongs to", a),
        (f"{c} has lost the {first} and the {second} . {a} finds the {first} , {d} and {b} find the {second} ."
         f" who has found the {first} ? it was", a),
    ])  # fmt: skip
    return prompt, right, [name for name in (a, b, c, d) if name != right]


def reference(rng: random.Random) -> Drawn:
    person = rng.choice(PEOPLE)
    b, c, d = rng.sample([other["name"] for other in PEOPLE if other["she"] != person["she"]], 3)
    a, she, her, him = (person[key] for key in ("name", "she", "her", "him"))
    state, other = rng.sample(["tired", "hungry", "thirsty", "cold", "happy", "sad", "angry"], 2)
    prompt = rng.choice([
        f"{a} and {b} meet {c} and {d} . {she} is {state} , and the others are {other} . the one who is {state} is",
        f"{b} helps {a} because {she} is {state} . {c} and {d} are {other} . who is {state} ? it is",
        f"{b} and {c} play chess with {a} and {d} . at last {she} wins . the winner is",
        f"{a} , {b} , {c} and {d} wait for the bus . {b} gives {him} a ticket . the ticket is now with",
        f"{c} sees {b} , {d} and {a} in the park . {b} waits for {him} , and that is",
        f"{d} drinks tea with {b} and {c} . then {a} comes in , and they all sing because it is {her} birthday ."
        f" it is the birthday of",
        f"when {b} meets {a} , {she} is {state} . {c} and {d} are not there . the {state} one is",
    ])  # fmt: skip
    return prompt, a, [b, c, d]


def location(rng: random.Random) -> Drawn:
    a, b = names(rng, 2)
    x, y, z, v = rng.sample(SMALL_THINGS, 4)
    here, there, third, fourth = rng.sample(SPOTS, 4)
    prompt, right = rng.choice([
        (f"the {x} is {here} , the {y} is {there} , the {z} is {third} and the {v} is {fourth} ."
         f" {a} wants the {y} . {a} looks", there),
        (f"{a} has left the {x} {here} and the {y} {there} . {b} has left the {z} {third} and the {v} {fourth} ."
         f" the {z} is", third),
        (f"the {x} was {here} . then {a} put it {there} . the {y} is {third} , and the {z} is {fourth} ."
         f" now the {x} is", there),
        (f"the cat sleeps {here} and the {x} lies {there} . {a} finds the {y} {third} and the {z} {fourth} ."
         f" the cat is", here),
    ])  # fmt: skip
    return prompt, right, [spot for spot in (here, there, third, fourth) if spot != right]


def order(rng: random.Random) -> Drawn:
    a, b, c, d = names(rng)
    most, least, more = rng.choice([
        ("the oldest is", "the youngest is", "older than"),
        ("the fastest is", "the slowest is", "faster than"),
        ("first at home is", "last at home is", "at home before"),
        ("the tallest is", "the smallest is", "taller than"),
    ])  # fmt: skip
    steps = [f"{x} is {more} {y} ." for x, y in ((a, b), (b, c), (c, d))]
    rng.shuffle(steps)
    asked, right = rng.choice([(most, a), (least, d)])
    return " ".join([*steps, asked]), right, [name for name in (a, b, c, d) if name != right]


def calendar(rng: random.Random) -> Drawn:
    row = rng.choice([DAYS, DAYS, MONTHS, SEASONS, CLOCK])
    at = rng.randrange(len(row))
    before, now, after = row[at - 1], row[at], row[(at + 1) % len(row)]
    person = rng.choice(PEOPLE)
    name, she = person["name"], person["she"]
    if row is DAYS:
        right, prompt = rng.choice([
            (after, f"today is {now} . {name} plays tennis tomorrow . {she} plays on"),
            (before, f"today is {now} . yesterday {name} was at the cinema . {she} was there on"),
            (after, f"{name} comes home one day after {now} . {she} comes on"),
            (now, f"on {before} {name} works , and the next day {she} goes to the park . {she} goes there on"),
        ])  # fmt: skip
    elif row is MONTHS:
        right, prompt = rng.choice([
            (after, f"it is {now} . next month {name} goes to the sea . {she} goes in"),
            (before, f"the birthday of {name} was in the month before {now} . it was in"),
        ])  # fmt: skip
    elif row is SEASONS:
        right, prompt = rng.choice([
            (after, f"{name} likes the season that comes after {now} . {she} likes"),
            (before, f"the season before {now} was cold for {name} . it was"),
        ])  # fmt: skip
    else:
        hour = rng.choice(CLOCK[1:-1])
        before, after = CLOCK[CLOCK.index(hour) - 1], CLOCK[CLOCK.index(hour) + 1]
        right, prompt = rng.choice([
            (after, f"the bus leaves at {hour} . {name} comes one hour late . {she} comes at"),
            (before, f"the game begins at {hour} . {name} is there one hour before it . {she} is there at"),
            (after, f"{name} is {hour} years old now . in one year {she} is"),
            (before, f"{name} has {hour} apples and eats one . now the apples that {she} has are"),
        ])  # fmt: skip
    wrong = sorted(set(row) - {right})
    close = [value for value in (before, now, after) if value in wrong and row in (DAYS, MONTHS)]
    wrong = close[:1] + rng.sample([value for value in wrong if value not in close[:1]], 3 - len(close[:1]))
    return prompt, right, wrong


def agreement(rng: random.Random) -> Drawn:
    one, many = rng.choice(list(zip(w.ANIMALS[::2], w.ANIMALS[1::2], strict=True)))
    kind, kinds = rng.choice(list(zip(w.KINDS[::2], w.KINDS[1::2], strict=True)))
    mood = rng.choice(w.CLASSES["mood"].split())
    near = rng.choice(["near", "behind", "beside"])
    right = [
        f"the {one['name']} {near} the {kinds['name']} is {mood}",
        f"the {many['name']} {near} the {kind['name']} are {mood}",
    ]
    wrong = [
        f"the {one['name']} {near} the {kinds['name']} are {mood}",
        f"the {many['name']} {near} the {kind['name']} is {mood}",
        f"the {many['name']} {near} the {kinds['name']} is {mood}",
        f"the {one['name']} {near} the {kind['name']} are {mood}",
    ]
    (name,) = names(rng, 1)
    prompt = rng.choice([
        f"{name} writes about a {mood} {one['name']} and the {kind['name']} . which sentence has no mistake ?",
        f"the teacher reads four sentences about {many['name']} to {name} . one of them is right .",
        f"{name} reads about {kinds['name']} and {many['name']} . only one of the sentences is right .",
    ])  # fmt: skip
    return prompt, rng.choice(right), rng.sample(wrong, 3)


def opinion(rng: random.Random) -> Drawn:
    kind, other = rng.sample(w.OPINIONS, 2)
    person = rng.choice(PEOPLE)
    name, she, her = (person[key] for key in ("name", "she", "her"))
    first, second = rng.sample(sorted(kind["adjective"]), 2)
    contrary = rng.choice(sorted(other["adjective"]))
    part, last = rng.sample(w.CLASSES["film_part"].split(), 2)
    people = rng.choice(w.CLASSES["film_people"].split())
    venue = rng.choice(w.VENUES)
    told = rng.choice([
        f"the {part} of the film was {first} , and the {people} were {second} too .",
        f"for {name} the {part} and the {last} of the film were {first} .",
        f"the {part} was not {contrary} but {first} .",
        f"although the {part} was {contrary} , the film was {first} .",
        f"the {venue['part']} of the {venue['name']} were {first} , and the {venue['people']} were {second} .",
        f"we did not think that the {venue['name']} was {contrary} . it was {first} .",
    ])  # fmt: skip
    key, form = rng.choice([
        ("verb", f"{told} {name}"),
        ("feel", f"{told} after it {name} was"),
        ("face", f"{told} when {she} left , {name}"),
        ("adjective", f"{told} {name} also told {her} family that it was"),
    ])  # fmt: skip
    ending = " it" if key == "verb" else ""
    fits = sorted(set(kind[key]) - {first, second})
    return (
        form,
        rng.choice(fits) + ending,
        [word + ending for word in rng.sample(sorted(set(other[key]) - {contrary}), 3)],
    )


@cache
def half(number: int) -> World:
    """The little world with every other template of each stage, from the first on (0) or from the second (1).

    Questions for everybody are told in the sentences of half 0, hidden ones in those of half 1. `tiny-bert` has read
    both in its pretraining, but what it learns from questions it must carry over to sentences that none of them had.
    The fifth stages, some of which have one template, are left out.
    """
    scenes = [replace(scene, stages=[stage[number::2] for stage in scene.stages[:4]]) for scene in SCENES]
    return World(scenes, lengths=(2, 3, 4))


def continuation(rng: random.Random, told_by: World | None = None) -> Drawn:
    """The beginning of a document; wrong sentences stand in others about the same kind of thing."""
    return next_sentence(rng, told_by or half(0), same_scene=True)


def topic(rng: random.Random, told_by: World | None = None) -> Drawn:
    """The beginning of a document; wrong sentences stand in others about something else."""
    return next_sentence(rng, told_by or half(0), same_scene=False)


def next_sentence(rng: random.Random, told_by: World, same_scene: bool) -> Drawn:
    """One to three sentences, the next one, and three that cannot follow in the world that tells them."""
    while True:
        story = told_by.story(rng)
        told = rng.randrange(1, 4)
        if len(story.sentences) <= told:
            continue
        before = [word for sentence in story.sentences[:told] for word in sentence]
        right, wrong = story.sentences[told], []
        for _ in range(400):
            other = told_by.story(rng)
            if (other.scene == story.scene) != same_scene or len(other.sentences) <= told:
                continue
            candidate = other.sentences[told]
            if candidate not in (right, *wrong) and not told_by.grammatical(before + candidate):
                wrong.append(candidate)
            if len(wrong) == 3:
                return (
                    " ".join(before),
                    written(" ".join(right)),
                    [written(" ".join(words)) for words in wrong],
                )


def interrupted(rng: random.Random, told_by: World | None = None) -> Drawn:
    """The first sentence of a document, then two or three of another one; right is a later sentence of the first.

    The wrong ones are from the second document and from two that are not in the prompt, all from the same place in
    theirs, so that no choice gives itself away. The second document takes up more of the prompt than the first, and goes on
    without a gap: who only tells how well a choice goes with the whole prompt is wrong more often than not, and so is
    who takes the choice that goes with it least.
    """
    told_by = told_by or half(0)
    place = rng.choice((2, 3))
    stories: list[Story] = []
    while len(stories) < 4:
        story = told_by.story(rng)
        if len(story.sentences) > place and not any(alike(story, other) for other in stories):
            stories.append(story)
    rng.shuffle(stories)  # scenes that are near to another one are drawn early if at all
    first, second = stories[:2]
    told = [word for sentence in (first.sentences[0], *second.sentences[:place]) for word in sentence]
    right, *wrong = (written(" ".join(story.sentences[place])) for story in stories)
    return " ".join(told), right, wrong


# Scenes that a sentence without its document may belong to alike.
NEAR = ({"film", "visit"}, {"country", "journey"})


def alike(story: Story, other: Story) -> bool:
    return story.scene == other.scene or {story.scene, other.scene} in NEAR
