import json

import pytest

from grader import check, hint, practice, progress
from grader.practice import Notice


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.setattr(practice, "_record", lambda lesson: tmp_path / ".progress" / f"{lesson}.json")
    return tmp_path / ".progress" / "03_masked_lm.json"


def whole_word_groups(word_ids):
    raise NotImplementedError


def test_check_finds_the_exercise_by_name_and_remembers_the_verdict(record):
    assert repr(check(whole_word_groups)) == "0"
    assert json.loads(record.read_text()) == {"whole_word_groups": 0}
    assert "whole_word_groups            0 of 3" in repr(progress("masked_lm"))


def test_check_takes_another_name(record):
    assert check(lambda word_ids: [], "whole_word_groups").exercise == "whole_word_groups"


@pytest.mark.parametrize(
    ("answer", "message"),
    [(3, "takes the function itself"), (len, "no exercise 'len'"), ((lambda x: x), "no exercise '<lambda>'")],
)
def test_what_cannot_be_checked_gets_one_line(answer, message):
    with pytest.raises(Notice, match=message) as caught:
        check(answer)
    assert len(caught.value._render_traceback_()) == 1


def test_a_slip_in_the_name_is_recognised():
    def whole_word_group(word_ids):
        return []

    with pytest.raises(Notice, match="did you mean whole_word_groups"):
        check(whole_word_group)


def test_hints_are_folded_and_numbered():
    hints = hint("whole_word_groups")
    assert repr(hints).startswith("Hint 1 of 2:") and hints._repr_html_().count("<details>") == 2
    assert repr(hint(whole_word_groups)) == repr(hints)


def test_progress_of_an_unknown_lesson_names_the_nearest():
    with pytest.raises(Notice, match="did you mean 03_masked_lm"):
        progress("03_maskd_lm")


def test_a_damaged_or_unwritable_record_stops_nothing(record):
    record.parent.mkdir()
    record.write_text("{not json")
    assert "not checked yet" in repr(progress("03"))
    record.unlink()
    record.parent.rmdir()
    record.parent.write_text("a file where the folder should be")
    assert repr(check(whole_word_groups)) == "0"


def test_what_nbgrader_runs_is_not_recorded(record, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    check(whole_word_groups)
    assert not record.exists()
