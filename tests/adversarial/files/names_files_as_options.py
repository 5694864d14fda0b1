"""Gives files names that programs take for options, patterns or programs of their own.

Earns: all
"""


def tamper(folder, nb, course):
    for name in (
        "-rf",
        "--help",
        "*",
        "$(touch won)",
        ";touch won",
        "..hidden",
        " ",
        "a" * 200,
        "nul",
        "%s%n",
        "{student}",
    ):
        (folder / name).write_text(name)
