"""How a worker of pytest-xdist goes on hearing while answers of bad faith are tried in it."""

import builtins
import importlib

LISTENING = ("execnet.gateway_base", "xdist.remote", "threading", "contextlib", "collections", "struct")
"""Modules with which a thread of a pytest-xdist worker takes in what is to be tested next."""


def keep_builtins(modules):
    """Give these modules names of their own for what is built in. Answers of bad faith, which put others in place of `len`
    while they run, would else have that thread lose a message, for which its worker then waits for ever."""
    for module in map(importlib.import_module, modules):
        for name, value in vars(builtins).items():
            if not name.startswith("_"):
                vars(module).setdefault(name, value)
