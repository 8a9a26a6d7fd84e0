"""The rules of the house that import-linter cannot hold, read off the source."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parent.parent
DEPLOYED = [PROJECT / "app.py", *sorted((PROJECT / "chalicelib").rglob("*.py"))]
DOMAIN = [path for path in DEPLOYED if "domain" in path.parts]
#: What costs a cold start more than it is worth, so it is loaded inside the function that needs it.
HEAVY = {
    "babel", "boto3", "crawleruseragents", "email_validator", "jinja2", "liquid", "mjml", "phonenumbers", "yaml",
}  # fmt: skip
IMPURE = {"logging", "os", "random", "requests", "secrets", "socket", "subprocess", "time", "urllib3"}
SAYS_NOTHING = re.compile(
    r"^(utils?|helpers?|common|manager|misc)(_|$)|_(utils?|helpers?|common|manager|misc)$"
)


def modules(path: Path) -> Iterator[tuple[str, bool]]:
    """Each module that is imported, by its full name, and whether that happens as the file itself is."""
    tree = ast.parse(path.read_text())
    at_import = {id(node) for node in _at_import(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in at_import) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", id(node) in at_import


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported: no function bodies, nothing under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        lazy = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not lazy and not typing:
            yield child
            yield from _at_import(child)


def named(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def holding(pattern: str, paths: list[Path]) -> set[str]:
    """The files whose text has a match."""
    return {named(path) for path in paths if re.search(pattern, path.read_text())}


def importing(names: set[str], paths: list[Path], *, at_import: bool) -> set[tuple[str, str]]:
    """Which of the files import which of the libraries: anywhere, or as the file itself is imported."""
    return {
        (named(path), module)
        for path in paths
        for module, early in modules(path)
        if module.split(".")[0] in names and (early or not at_import)
    }


def test_only_settings_read_the_environment() -> None:
    assert holding(r"os\.(environ|getenv)", DEPLOYED) == {"chalicelib/settings.py"}


def test_only_wiring_makes_clients() -> None:
    assert holding(r"boto3\.(client|resource|Session|session)\b", DEPLOYED) == {
        "chalicelib/wiring/clients.py"
    }


def test_heavy_libraries_load_inside_the_function_that_needs_them() -> None:
    assert importing(HEAVY, DEPLOYED, at_import=True) == set()


def test_domain_is_python_and_msgspec_and_loads_anything_else_late() -> None:
    used = {(named(path), module, early) for path in DOMAIN for module, early in modules(path)}
    ours = ("chalicelib.domain", "msgspec")
    foreign = {each for each in used if not _standard(each[1]) and not each[1].startswith(ours)}
    assert {each for each in foreign if each[2] or each[1].split(".")[0] not in HEAVY - {"boto3"}} == set()


def test_domain_does_no_io_draws_no_chance_and_holds_no_clock() -> None:
    assert importing(IMPURE, DOMAIN, at_import=False) == set()
    assert holding(r"\b(datetime\.(now|utcnow)|date\.today|open)\(", DOMAIN) == set()


def test_names_say_something() -> None:
    assert {named(path) for path in DEPLOYED if SAYS_NOTHING.search(path.stem)} == set()


def test_loading_wiring_loads_no_client() -> None:
    told = "import sys, chalicelib.wiring; print(sorted({'boto3', 'botocore'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.strip() == "[]"


def _standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
