"""The report on a class: what it counts, and that it can be read anywhere."""

import re
from html.parser import HTMLParser

import pytest
from small_class import hand_in
from small_course import LESSON, NAMES

from grader.classroom.course import CourseError
from grader.classroom.gradebook import directory_of, opened
from grader.classroom.report import Held, Item, Overview, overview, page, report
from grader.exercises import exercises

EXERCISES = exercises(LESSON)
VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """A page as its tags tell it; raises where one is not closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.ids, self.alts, self.words = [], [], [], [], [], []
        self.feed(text)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        self.ids.append(attributes.get("id"))
        if tag == "a":
            self.links.append(attributes["href"])
        if tag == "img":
            self.alts.append(attributes["alt"])
            assert attributes["src"].startswith("data:image/png;base64,")
        assert not [name for name in attributes if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def seen(graded_class) -> Overview:
    return overview(graded_class.after, LESSON)


def test_every_graded_student_and_exercise_is_counted(seen, graded_class):
    assert seen.totals == {s: one.score.points for s, one in graded_class.graded.items() if one.graded}
    assert [item.name for item in seen.items] == list(NAMES)
    assert [item.out_of for item in seen.items] == [EXERCISES[name].points for name in NAMES]
    assert seen.waiting == ("doubled", "essay") and seen.missing == () and seen.late == {}
    by_name = {item.name: item for item in seen.items}
    assert (
        by_name["whole_word_groups"].right == 4 / 6
    )  # right, noisy, crashing, lost; not misconceived, untouched
    assert by_name["masked_lm_quiz"].mean == 5 / 6


def test_misconceptions_are_named_with_who_holds_them(seen):
    listed = {(one.exercise, one.sentence): one.students for one in seen.misconceptions}
    for name in NAMES[:3]:
        assert listed[name, EXERCISES[name].mistakes[0].sentence] == ("misconceived",)
    assert not [one for one in seen.misconceptions if "untouched" in one.students]


def test_late_and_missing_are_named(class_after):
    with opened(directory_of(class_after)) as book:
        book.update_or_create_assignment(LESSON, duedate="2026-02-28 10:00:00 UTC")
        book.update_or_create_student("zoe")
    hand_in(class_after, "yan", "not looked at yet")
    told = overview(class_after, LESSON)
    assert told.missing == ("zoe",) and told.waiting == ("doubled", "essay", "yan")
    assert told.late == dict.fromkeys(told.totals, 86400.0)
    text = Page(page(told)).text
    assert "Handed in nothing (1): zoe" in text and "right (1.0 days)" in text


def test_the_page_is_written_whole_and_the_same_each_time(class_after):
    path = report(class_after, LESSON)
    assert path == class_after.root / "reports" / f"{LESSON}.html"
    first = path.read_bytes()
    assert report(class_after, LESSON).read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_the_page_needs_no_script_and_nothing_from_elsewhere(seen):
    text = page(seen)
    read = Page(text)
    assert not {"script", "iframe", "link", "object"} & set(read.tags)
    assert not re.search(r"https?://|url\(", text)
    assert 'lang="en"' in text and "<title>" in text


def test_every_picture_says_what_is_to_be_seen_in_it(seen):
    points, shares = Page(page(seen)).alts
    assert "11: 2" in points and "0: 1" in points
    assert "whole_word_groups 67%" in shares


def test_each_misconception_links_to_an_example_that_is_there(seen):
    read = Page(page(seen))
    assert len(read.links) >= 3
    assert {link.removeprefix("#") for link in read.links} <= set(read.ids)
    assert "mask_tokens, by misconceived" in read.text


def made_up(**changes):
    points = {"a": 2.0, "b": 0.0, "c": 2.0, "d": 1.0}
    others = {"a": 3.0, "b": 1.0, "c": 3.0, "d": 2.0}
    items = (Item("first", 2.0, points), Item("second", 3.0, others))
    given = {
        "lesson": "01_any", "out_of": 5.0, "totals": {s: points[s] + others[s] for s in points}, "items": items,
        "misconceptions": (), "unrecognised": (), "answers": {}, "late": {}, "missing": (), "waiting": (),
    }  # fmt: skip
    return Overview(**{**given, **changes})


def test_success_and_discrimination_are_what_they_are_called():
    one, two = made_up().items
    assert (one.right, one.mean) == (0.5, 0.625)
    totals = made_up().totals
    assert one.discrimination(totals) == pytest.approx(1.0) == two.discrimination(totals)
    against = Item("against", 1.0, {"a": 0.0, "b": 1.0, "c": 0.0, "d": 0.5})
    turned = {student: totals[student] + against.points[student] for student in totals}
    assert against.discrimination(turned) == pytest.approx(-1.0)


@pytest.mark.parametrize("points", [{"a": 1.0}, {"a": 1.0, "b": 1.0}])
def test_where_nothing_varies_nothing_is_claimed(points):
    item = Item("same", 1.0, points)
    assert item.discrimination(points) is None
    assert "–" in Page(page(made_up(items=(item,), totals=points))).text


def test_what_most_have_comes_first_and_hostile_texts_stay_texts(seen):
    evil = "<script>alert(1)</script>"
    told = made_up(
        misconceptions=(Held("first", evil, ("a", "b")),),
        answers={("a", "first"): f"# {evil}", ("b", "first"): f"# longer {evil}"},
        missing=(evil,),
    )
    read = Page(page(told))
    assert "script" not in read.tags and read.text.count(evil) == 3
    counts = [len(one.students) for one in seen.misconceptions]
    assert counts == sorted(counts, reverse=True)


def test_a_single_student_and_a_lesson_without_points_make_a_page():
    Page(page(made_up(items=(Item("one", 0.0, {"a": 0.0}),), totals={"a": 0.0}, out_of=0.0)))


def test_extra_credit_beyond_the_points_has_its_bar():
    points, _ = Page(page(made_up(totals={"a": 7.5, "b": 1.0, "c": 5.0, "d": 3.0}))).alts
    assert "7: 1" in points and "5: 1" in points


def test_nobody_graded_yet_is_told(released):
    with pytest.raises(CourseError, match="nobody is graded in 03_masked_lm yet: run the verb grade first"):
        overview(released, LESSON)
