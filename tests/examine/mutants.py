"""Small changes to a function's source, one at a time."""

from __future__ import annotations

import ast
import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass

OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mod, ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult, ast.MatMult: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}  # fmt: skip
NAMES = {
    a: b
    for pair in (
        "min max", "amin amax", "argmin argmax", "any all", "sum mean", "zeros ones", "zeros_like ones_like", "tril triu",
        "floor ceil", "softmax log_softmax", "exp log", "sin cos", "cumsum cumprod", "append insert", "startswith endswith",
        "lower upper", "floor_divide true_divide", "train eval", "index rindex", "find rfind", "split rsplit", "argsort sort",
    )
    for a, b in (pair.split(), pair.split()[::-1])
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """`before` and `after` are the changed line, written plainly; `source` is the whole cell with the change in it."""

    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """The same for as long as the line stays the same, wherever in the function it stands."""
        return f"{self.before}  ->  {self.after}"


def mutants(source: str, function: str) -> Iterator[Mutant]:
    """Every mutant of what stands in the cell `source`: of `function` and all that it may call there.

    Comments, docstrings, annotations and what an exception says are left alone. No two mutants are the same code.
    """
    tree = ast.parse(source)
    if not any(isinstance(node, ast.FunctionDef) and node.name == function for node in tree.body):
        raise ValueError(f"there is no function {function} in this cell")
    seen = {ast.unparse(tree)}
    for body in tree.body:
        if not isinstance(body, (ast.FunctionDef, ast.ClassDef)):
            continue
        lines = _statements(body)
        for place, changed in _changes(body):
            line = lines[place]
            before = _head(line)
            with _instead(body, place, changed):
                code, after = ast.unparse(tree), "pass" if line is place else _head(line)
            if line is place and not isinstance(changed, ast.Pass):
                after = _head(changed)
            if code not in seen:
                seen.add(code)
                yield Mutant(before, after, code)


def _statements(body: ast.AST) -> dict[ast.AST, ast.stmt]:
    """The innermost statement that each node stands in."""
    found: dict[ast.AST, ast.stmt] = {}

    def note(node: ast.AST, statement: ast.stmt) -> None:
        statement = node if isinstance(node, ast.stmt) else statement
        found[node] = statement
        for child in ast.iter_child_nodes(node):
            note(child, statement)

    note(body, body)
    return found


@contextlib.contextmanager
def _instead(body: ast.AST, place: ast.AST, changed: ast.AST) -> Iterator[None]:
    """`changed` where `place` stands, for a while."""
    for parent in ast.walk(body):
        for name, value in ast.iter_fields(parent):
            if value is place:
                setattr(parent, name, changed)
                yield
                setattr(parent, name, place)
                return
            if isinstance(value, list) and any(item is place for item in value):
                setattr(parent, name, [changed if item is place else item for item in value])
                yield
                setattr(parent, name, value)
                return


def _head(statement: ast.stmt) -> str:
    return ast.unparse(statement).splitlines()[0]


def _changes(body: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Pairs of a node and what to put in its place."""
    kept = set(_left_alone(body))
    for node in ast.walk(body):
        if node in kept:
            continue
        for changed in _alternatives(node):
            yield node, changed


def _left_alone(body: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(body):
        told = []
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            told.append(node.body[0])
        if isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None:
            told.append(node.annotation)
        if isinstance(node, ast.FunctionDef):
            told += [*([node.returns] if node.returns else []), *node.decorator_list]
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            told += node.exc.args
        for top in told:
            yield from ast.walk(top)


def _alternatives(node: ast.AST) -> Iterator[ast.AST]:
    new = copy.deepcopy(node)
    match new:
        case ast.BinOp() | ast.AugAssign() if type(new.op) in OPERATORS:
            new.op = OPERATORS[type(new.op)]()
            yield new
            if isinstance(node, ast.BinOp):
                yield copy.deepcopy(node.left)
                yield copy.deepcopy(node.right)
        case ast.Compare() if len(new.ops) == 1:
            for other in COMPARISONS[type(node.ops[0])]:
                yield ast.Compare(copy.deepcopy(node.left), [other()], copy.deepcopy(node.comparators))
        case ast.BoolOp():
            new.op = ast.And() if isinstance(new.op, ast.Or) else ast.Or()
            yield new
        case ast.UnaryOp():
            yield new.operand
        case ast.Constant():
            for value in _other_constants(new.value):
                yield ast.Constant(value)
        case ast.IfExp():
            yield ast.IfExp(new.test, new.orelse, new.body)
        case ast.If() | ast.While():
            new.test = ast.UnaryOp(ast.Not(), new.test)
            yield new
        case ast.Call():
            yield from _other_calls(node)
        case ast.Subscript():
            yield from _other_slices(node)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            for number, loop in enumerate(node.generators):
                for place in range(len(loop.ifs)):
                    fewer = copy.deepcopy(node)
                    del fewer.generators[number].ifs[place]
                    yield fewer
        case ast.Expr() | ast.Assign() | ast.AugAssign() | ast.Break() | ast.Continue():
            yield ast.Pass()
        case ast.Attribute() if node.attr in NAMES:
            new.attr = NAMES[node.attr]
            yield new
        case ast.Name() if node.id in NAMES and isinstance(node.ctx, ast.Load):
            new.id = NAMES[node.id]
            yield new
    if isinstance(node, ast.AugAssign):
        yield ast.Pass()


def _other_constants(value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
        yield value - 1
    elif isinstance(value, float):
        yield value + 1.0
        yield value * 2.0
    elif isinstance(value, str):
        yield value + "x"


def _other_calls(node: ast.Call) -> Iterator[ast.AST]:
    """Two arguments exchanged, an option left out, the call left out, a range longer or shorter by one."""
    if len(node.args) >= 2 and not any(isinstance(argument, ast.Starred) for argument in node.args[:2]):
        swapped = copy.deepcopy(node)
        swapped.args[:2] = swapped.args[1::-1]
        yield swapped
    for place in range(len(node.keywords)):
        fewer = copy.deepcopy(node)
        del fewer.keywords[place]
        yield fewer
    if isinstance(node.func, ast.Attribute):
        yield copy.deepcopy(node.func.value)
    elif node.args and not isinstance(node.args[0], ast.Starred):
        yield copy.deepcopy(node.args[0])
    if isinstance(node.func, ast.Name) and node.func.id == "range":
        for place, argument in enumerate(node.args):
            if not isinstance(argument, ast.Constant):
                for one_more in (ast.Add, ast.Sub):
                    other = copy.deepcopy(node)
                    other.args[place] = ast.BinOp(copy.deepcopy(argument), one_more(), ast.Constant(1))
                    yield other


def _other_slices(node: ast.Subscript) -> Iterator[ast.AST]:
    """A bound of a slice moved by one, or left out."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for number, part in enumerate(parts):
        if not isinstance(part, ast.Slice):
            continue
        for name in ("lower", "upper", "step"):
            bound = getattr(part, name)
            if bound is None:
                continue
            choices: list[ast.expr | None] = [None]
            if not isinstance(bound, ast.Constant):
                choices += [
                    ast.BinOp(copy.deepcopy(bound), op(), ast.Constant(1)) for op in (ast.Add, ast.Sub)
                ]
            for choice in choices:
                other = copy.deepcopy(node)
                slices = other.slice.elts if isinstance(other.slice, ast.Tuple) else [other.slice]
                setattr(slices[number], name, choice)
                yield other
