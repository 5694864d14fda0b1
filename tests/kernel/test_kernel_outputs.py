"""What a cell puts out, from messages that may hold anything."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.kernel.outputs import MAX_OUTPUTS, Outputs


def gather(*messages, max_bytes=1000):
    outputs = Outputs(max_bytes)
    for kind, content in messages:
        outputs.add(kind, content)
    nbformat.validate(new_notebook(cells=[new_code_cell(outputs=outputs.nodes)]))
    return outputs.nodes


def stream(text, name="stdout"):
    return "stream", {"name": name, "text": text}


def display(data, kind="display_data", **content):
    return kind, {"data": data, "metadata": {}, **content}


def test_streams_of_one_name_are_one_output():
    nodes = gather(stream("a"), stream("b"), stream("c", "stderr"), stream("d"))
    assert [(node.name, node.text) for node in nodes] == [("stdout", "ab"), ("stderr", "c"), ("stdout", "d")]


def test_results_displays_and_errors_are_kept():
    nodes = gather(
        display({"text/plain": "4"}, "execute_result", execution_count=3),
        display({"text/plain": "<Figure>", "image/png": "aGk="}),
        ("error", {"ename": "ValueError", "evalue": "no", "traceback": ["line", "ValueError: no"]}),
    )
    assert [node.output_type for node in nodes] == ["execute_result", "display_data", "error"]
    assert nodes[0].execution_count == 3 and nodes[1].data["image/png"] == "aGk="


def test_what_was_cleared_is_gone():
    assert [node.text for node in gather(stream("a"), ("clear_output", {"wait": False}), stream("b"))] == [
        "b"
    ]
    assert [node.text for node in gather(stream("a"), ("clear_output", {"wait": True}))] == ["a"]
    assert [node.text for node in gather(stream("a"), ("clear_output", {"wait": True}), stream("b"))] == ["b"]


def test_a_display_is_updated_in_place():
    shown = display({"text/plain": "1"}, transient={"display_id": "x"})
    nodes = gather(
        shown, stream("a"), display({"text/plain": "2"}, "update_display_data", transient={"display_id": "x"})
    )
    assert nodes[0].data == {"text/plain": "2"} and len(nodes) == 2
    assert gather(display({"text/plain": "2"}, "update_display_data", transient={"display_id": "y"})) == []


def test_scripts_are_not_kept():
    nodes = gather(
        display({"application/javascript": "alert(1)", "text/plain": "x"}), display({"text/x-evil": "y"})
    )
    assert [dict(node.data) for node in nodes] == [{"text/plain": "x"}]


@pytest.mark.parametrize("count", [1, 500])
def test_too_much_is_cut_and_said_to_be(count):
    nodes = gather(*[stream("x" * (5000 // count))] * count, max_bytes=1000)
    assert len(nodes[0].text) == 1000 and "the output was cut: more than 1,000 bytes" in nodes[-1].text
    assert gather(display({"image/png": "x" * 2000}))[-1].text.startswith("\n[the output was cut")


def test_too_many_are_cut():
    nodes = gather(*[display({"text/plain": "x"})] * (MAX_OUTPUTS + 50), max_bytes=10**6)
    assert len(nodes) == MAX_OUTPUTS + 1 and "the output was cut" in nodes[-1].text


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"name": 3, "text": {}},
        {"name": "stdout", "text": 7},
        {"name": "other", "text": "x"},
        {"data": [1], "metadata": "x", "transient": 3},
        {"data": {"text/plain": {"a": 1}}, "execution_count": "one"},
        {"data": {"text/plain": "x"}, "execution_count": {"a": 1}, "transient": {"display_id": []}},
        {"ename": 1, "evalue": None, "traceback": [3, None]},
        {"data": {"text/plain": "lone \ud800"}, "name": "stdout", "text": "lone \udfff", "traceback": "x"},
    ],
)
def test_malformed_messages_give_valid_outputs_or_none(content):
    for kind in (
        "stream",
        "display_data",
        "execute_result",
        "update_display_data",
        "error",
        "clear_output",
        "status",
    ):
        for node in gather((kind, content)):
            str(node).encode("utf-8")


def test_an_error_of_the_graders_own_is_added_even_after_the_cut():
    outputs = Outputs(10)
    outputs.add(*stream("x" * 100))
    outputs.error("OutOfTime", "too late")
    assert outputs.nodes[-1].ename == "OutOfTime" and outputs.failed


def test_what_is_kept_is_counted():
    for texts in (["x" * 30], ["x" * 200], ["x" * 60] * 3):
        outputs = Outputs(100)
        for text in texts:
            outputs.add(*stream(text))
        assert outputs.size == min(100, sum(map(len, texts)))


def test_a_display_that_is_shown_often_counts_as_often():
    outputs = Outputs(1000)
    shown = {"transient": {"display_id": "one"}}
    for _ in range(50):
        outputs.add("display_data", {"data": {"text/plain": "x"}, **shown})
    outputs.add("update_display_data", {"data": {"text/plain": "x" * 100}, **shown})
    assert outputs.size == 50 and "the output was cut" in outputs.nodes[-1].text
