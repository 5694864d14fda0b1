"""Which cells of a submission have to run so that its answers can be called: the student's, and what these need.

A lesson shows much that no answer rests on: pictures, trainings, explorers. Its own cells, left as they were
released, are run again only where a name that they bind is needed. Names are read off the source; where that cannot
tell (`globals()`, `%magics`, a name written as text), everything runs.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from IPython.core.inputtransformer2 import TransformerManager

UNTOLD = {
    "globals", "locals", "vars", "eval", "exec", "get_ipython", "__main__", "In", "Out", "_ih", "_oh", "_", "__",
}  # fmt: skip
"""Names by which code gets at other names without writing them."""
MAGIC = re.compile(r"^[ \t]*[%!?,;/]|=[ \t]*[%!]|\?[ \t]*$", re.MULTILINE)
MOST = 500_000
"""Characters of cells that are not the lesson's which are read; where there are more, everything runs."""


def needed(cells: Sequence[str | Ask], own: Collection[str]) -> list[bool]:
    """Of each of these code cells, by their sources in order, whether it has to run; of each `Ask`, that it is asked.

    `own` are the sources of the lesson's cells as released. All cells that are not among them run. Of the others
    those that bind a name that is needed, or that use one which holds data, since they may change it.
    """
    everything = [True] * len(cells)
    if sum(len(cell) for cell in cells if isinstance(cell, str) and cell.strip() not in own) > MOST:
        return everything
    read = [_names(cell, cell.strip() in own) if isinstance(cell, str) else None for cell in cells]
    asked = [not isinstance(cell, str) for cell in cells]
    run = [
        asks or cell.strip() not in own or names.all_imported
        for cell, names, asks in zip(cells, read, asked, strict=True)
    ]
    ends = [
        (number, {cell.answer, *_names(cell.before, True).uses})
        for number, cell in enumerate(cells)
        if asked[number]
    ]
    last = max((number + 1 for number, runs in enumerate(run) if runs), default=0)
    for end, wanted in [*ends, (last, set())]:  # what comes after a question has no part in its answer
        before = [(number, names) for number, names in enumerate(read[:end]) if names]
        data = set().union(*(names.data for _, names in before))
        wanted = wanted.union(*(names.uses for number, names in before if run[number] and not asked[number]))
        grew = True
        while grew:
            grew = False
            for number, names in before:
                if not run[number] and (names.binds & wanted or names.uses & wanted & data):
                    run[number] = grew = True
                    if names.uses & wanted & data:  # it may hold a function by which other cells change that data
                        data, wanted = data | names.binds, wanted | names.binds
                    wanted |= names.uses
        if wanted & UNTOLD:
            return everything
    return run


@dataclass(frozen=True)
class Ask:
    """A place in a notebook where an answer is called, by the name that the kernel knows it by, after the code `before`."""

    answer: str
    before: str = ""


def sources(cells: Sequence[str]) -> frozenset[str]:
    """A lesson's own cells as `needed` takes them."""
    return frozenset(source.strip() for source in cells)


@dataclass(frozen=True)
class _Names:
    """The global names of a cell: those it binds, those of them that hold data (not modules, functions or classes),
    and those it uses."""

    binds: frozenset[str] = frozenset()
    data: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    all_imported: bool = False
    """Whether there is a `from … import *`."""


@lru_cache(maxsize=512)
def _names(source: str, own: bool) -> _Names:
    """Those of one of the lesson's `own` cells, or of another's. Of the latter only plain Python is read: making Python of
    magics takes the square of their number, and the time of a grader whom nobody stops."""
    try:
        code = TransformerManager().transform_cell(source) if own else source
        return _read(ast.parse(code), symtable.symtable(code, "cell", "exec"))
    except SyntaxError:
        if not MAGIC.search(source):  # it fails in the kernel just so, and binds nothing
            return _Names()
    except (ValueError, RecursionError, MemoryError):
        pass
    return _Names(uses=frozenset(UNTOLD))


def _read(tree: ast.Module, table: symtable.SymbolTable) -> _Names:
    statements = list(ast.walk(tree))
    symbols = table.get_symbols()
    inner = list(_inner(table))
    binds = {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}
    data = {
        symbol.get_name()
        for symbol in symbols
        if symbol.is_assigned() and not (symbol.is_imported() or symbol.is_namespace())
    }
    uses = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
    uses |= {symbol.get_name() for symbol in inner if symbol.is_global()}
    late = {symbol.get_name() for symbol in inner if symbol.is_declared_global() and symbol.is_assigned()}
    if any(isinstance(part, ast.Constant) and part.value == "__main__" for part in statements):
        uses.add("__main__")
    star = any(isinstance(part, ast.ImportFrom) and part.names[0].name == "*" for part in statements)
    return _Names(frozenset(binds | late), frozenset(data | binds | late if late else data), frozenset(uses), star)


def _inner(table: symtable.SymbolTable) -> Iterator[symtable.Symbol]:
    """The symbols of all scopes inside this one."""
    for child in table.get_children():
        yield from child.get_symbols()
        yield from _inner(child)
