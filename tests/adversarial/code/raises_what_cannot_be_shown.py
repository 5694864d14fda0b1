"""Raises exceptions that cannot be shown: without text, with a page of markup, derived from what ends programs.

Earns: nothing
"""


class Unspeakable(BaseException):
    def __str__(self):
        raise KeyboardInterrupt

    __repr__ = __str__


def whole_word_groups(word_ids):
    if len(word_ids) % 2:
        raise Unspeakable
    raise GeneratorExit("<script>alert(1)</script></table>3 of 3 points\n" * 1000)


# %%
raise Unspeakable
