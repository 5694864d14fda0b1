"""pyproject.toml, requirements.txt and environment.yml name the same packages, in versions that fit together."""

import importlib.metadata
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PYPI_NAME = {"pytorch": "torch", "playwright-python": "playwright", "matplotlib-base": "matplotlib"}
"""Packages that conda-forge calls by another name than PyPI."""


def read_pyproject(text: str) -> dict[str, SpecifierSet]:
    project = tomllib.loads(text)["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    return {canonicalize_name(r.name): r.specifier for r in map(Requirement, lines)}


def read_pins(text: str) -> dict[str, Requirement]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


def read_conda(text: str) -> dict[str, SpecifierSet]:
    """Package to versions, for those that conda installs and those that it leaves to pip."""
    dependencies = yaml.safe_load(text)["dependencies"]
    found = {}
    for spec in [line for line in dependencies if isinstance(line, str)]:
        name = spec[: next((i for i, c in enumerate(spec) if c in "<>=!"), len(spec))]
        versions = spec[len(name) :]
        if versions.startswith("=") and not versions.startswith("=="):  # conda's name=version=build
            versions = "==" + versions[1:].split("=")[0]
        found[canonicalize_name(PYPI_NAME.get(name, name))] = SpecifierSet(versions)
    (by_pip,) = [line["pip"] for line in dependencies if isinstance(line, dict)]
    for requirement in [Requirement(line) for line in by_pip if line != "-e ."]:
        found[canonicalize_name(requirement.name)] = requirement.specifier
    return found


def disagreements(pyproject: str, requirements: str, environment: str) -> list[str]:
    """One line for each package that a file lacks, or whose versions differ between the files."""
    wanted, pins, conda = read_pyproject(pyproject), read_pins(requirements), read_conda(environment)
    wrong = [
        f"environment.yml has {name}, pyproject.toml does not"
        for name in conda.keys() - wanted - {"python", "pip"}
    ]
    for name, versions in wanted.items():
        if name not in conda:
            wrong.append(f"environment.yml lacks {name}")
        if name not in pins:
            wrong.append(f"requirements.txt lacks {name}")
            continue
        pinned = Version(next(iter(pins[name].specifier)).version)
        if pinned not in versions:
            wrong.append(f"requirements.txt pins {name} {pinned}, pyproject.toml wants {versions}")
        # Two ranges are the same if they agree on their own borders and around the version in use.
        major, minor, *_ = (*pinned.release, 0)
        tried = {Version(s.version.removesuffix(".*")) for s in [*versions, *conda.get(name, versions)]}
        tried |= {
            pinned,
            Version(f"{major}.{minor}.999"),
            Version(f"{major}.{minor + 1}"),
            Version(f"{major + 1}"),
            Version("0"),
        }
        differ = [
            str(version)
            for version in sorted(tried)
            if (version in versions) != (version in conda.get(name, versions))
        ]
        if differ:
            wrong.append(f"environment.yml and pyproject.toml differ on {name} {', '.join(differ)}")
    return sorted(wrong)


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    names = {
        "pyproject": "pyproject.toml",
        "requirements": "requirements.txt",
        "environment": "environment.yml",
    }
    return {key: (ROOT / name).read_text("utf-8") for key, name in names.items()}


def test_three_files_agree(files):
    assert disagreements(**files) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("environment", "  - nbgrader>=0.9.5\n", "", "environment.yml lacks nbgrader"),
        ("environment", "  - pytorch=2.13.*=cpu*", "  - pytorch=2.12.*=cpu*", "differ on torch"),
        ("environment", "transformers>=5.23,<6", "transformers>=5.23", "differ on transformers 6"),
        ("environment", "  - pip\n", "  - pip\n  - flask>=3\n", "environment.yml has flask"),
        ("requirements", "\ntorch==2.13.0\n", "\n", "requirements.txt lacks torch"),
        ("requirements", "\ntorch==2.13.0\n", "\ntorch==2.14.0\n", "requirements.txt pins torch 2.14.0"),
        ("pyproject", '    "nbgrader>=0.9.5",\n', "", "environment.yml has nbgrader"),
        ("pyproject", '"tqdm>=4.67"', '"tqdm>=4.60"', "differ on tqdm 4.60"),
    ],
)
def test_a_disagreement_is_found(files, file, old, new, complaint):
    assert old in files[file]
    wrong = disagreements(**{**files, file: files[file].replace(old, new)})
    assert len(wrong) == 1 and complaint in wrong[0]


def test_pins_are_exact_and_portable(files):
    for requirement in read_pins(files["requirements"]).values():
        (pin,) = requirement.specifier
        assert pin.operator == "==" and not pin.version.endswith(".*"), requirement
        assert Version(pin.version).local is None, f"{requirement}: a local version exists on one index only"


def test_conda_takes_the_build_without_cuda(files):
    assert "pytorch=2.13.*=cpu*" in yaml.safe_load(files["environment"])["dependencies"]


@cache
def requirements_of(name: str) -> tuple[Requirement, ...]:
    try:
        return tuple(map(Requirement, importlib.metadata.requires(name) or []))
    except importlib.metadata.PackageNotFoundError:  # wanted on another system only
        return ()


def needed(name: str, extra: str, environment: dict[str, str], seen: set[tuple[str, str]]) -> set[str]:
    """Every distribution that `name[extra]` brings along on a system, as far as installed metadata tells."""
    name = canonicalize_name(name)
    if (name, extra) in seen:
        return set()
    seen.add((name, extra))
    found = {name}
    for requirement in requirements_of(name):
        if requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra}):
            for inner in ["", *requirement.extras]:
                found |= needed(requirement.name, inner, environment, seen)
    return found


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_every_package_is_pinned_on_every_system(files, system, python):
    environment = {
        "sys_platform": system,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[system],
        "os_name": "nt" if system == "win32" else "posix",
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    pins = read_pins(files["requirements"])
    applies = {name for name, r in pins.items() if r.marker is None or r.marker.evaluate(environment)}
    seen = set()
    wanted = needed("headway-course", "", environment, seen) | needed(
        "headway-course", "test", environment, seen
    )
    assert wanted - {"headway-course"} <= applies


def test_pins_accept_every_python_3_11(files):
    """Debian 12 has 3.11.2: a pin that wants a later one cannot be installed there."""
    refused = []
    for name in read_pins(files["requirements"]):
        try:
            wants = importlib.metadata.metadata(name).get("Requires-Python")
        except importlib.metadata.PackageNotFoundError:
            continue
        if wants and not all(version in SpecifierSet(wants) for version in ("3.11.0", "3.11.2", "3.13.0")):
            refused.append(f"{name} wants Python {wants}")
    assert refused == []
