"""Headway's checker, as a student meets it: `check` an answer, take a `hint`, see your `progress`."""

from importlib import import_module

__all__ = ["check", "hint", "progress"]


def __getattr__(name: str) -> object:
    """Found when first asked for: torch comes along, for which not everybody who needs a room of this house waits."""
    if name in __all__:
        return getattr(import_module(".practice", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
