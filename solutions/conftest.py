"""So that nbval compares outputs: it takes cells without an execution count for cells that never ran, and
notebooks in canonical form have no counts."""


def pytest_collection_modifyitems(items):
    for item in items:
        cell = getattr(item, "cell", None)
        if cell is not None and cell.get("execution_count") is None:
            cell["execution_count"] = 0
