"""What import-linter cannot see of the house's rules, read from the source; the arrow stands in .importlinter."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "bridge" / "twilio_bridge"
APPS = sorted((ROOT / "functions").glob("*/app.py"))
MAX_APP_LINES = 40
# What an app may import: how Lambda calls it, what it is wired to, the domain.
APPS_MAY_NOT_IMPORT = {
    "boto3",
    "botocore",
    "pyairtable",
    "twilio",
    "requests",
    "aws_lambda_powertools",
    "urllib3",
    "httpx",
    "socket",
    "twilio_bridge_cli",
    "twilio_bridge_local",
    "tests",
}
# Lambda's own runtime finds a handler by the path of its folder, and so does the runtime of the local stack.
RUNTIME = ROOT / "local" / "twilio_bridge_local" / "functions" / "runtime.py"
# The environment is read in one place; the wiring hands it there.
MAY_READ_ENVIRON = {PACKAGE / "wiring" / "base.py"}
Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if not {"__pycache__", ".venv"} & set(path.parts))


OURS = [path for name in ("layers/bridge", "functions", "local", "cli", "tools") for path in sources(ROOT / name)]
DEPLOYED = [*sources(PACKAGE), *APPS]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree_of(path)))


def imported(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, and every name from one: `a.b` for `from a import b`."""
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.fixture(scope="module", autouse=True)
def _forget_sources() -> Iterator[None]:
    """Keep the trees for these tests alone: whoever looks for garbage afterwards would walk through them."""
    yield
    tree_of.cache_clear()
    nodes_of.cache_clear()


def test_sources_are_found() -> None:
    """There is something to check."""
    assert len(sources(PACKAGE)) > 80
    assert len(APPS) >= 13
    assert RUNTIME in OURS
    assert MAY_READ_ENVIRON <= set(DEPLOYED)


@pytest.mark.parametrize("path", APPS, ids=name_of)
def test_functions(path: Path) -> None:
    """A function translates and wires, in 40 lines at most, and knows no vendor, no AWS and no adapter.

    Its time is the entry point's to limit, which puts the request id on each line of the log, too.
    """
    tree = tree_of(path)
    assert "get_remaining_time_in_millis" not in path.read_text()

    assert len(path.read_text().splitlines()) <= MAX_APP_LINES
    assert "lambda_handler" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for module in imported(path):
        assert module.partition(".")[0] not in APPS_MAY_NOT_IMPORT, module
        assert not f"{module}.".startswith("twilio_bridge.adapters."), module


def test_every_function_has_an_app() -> None:
    """Each folder of functions has its app.py, and nothing that is shared."""
    folders = {path for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert folders == {path.parent for path in APPS}
    assert sources(ROOT / "functions") == APPS


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_imports_and_docstrings(path: Path) -> None:
    """Imports are absolute, nobody changes where modules are looked for, and every public thing has a docstring."""
    tree = tree_of(path)

    assert not any(node.level for node in nodes_of(path) if isinstance(node, ast.ImportFrom))
    assert path == RUNTIME or "sys.path" not in path.read_text()
    assert ast.get_docstring(tree), "the module"
    for node in public(tree.body):
        assert ast.get_docstring(node), node.name


def is_setter(node: Named) -> bool:
    """Return whether this only sets a property, which has its docstring where it is read."""
    return any(isinstance(how, ast.Attribute) and how.attr == "setter" for how in node.decorator_list)


def public(body: list[ast.stmt]) -> Iterator[Named]:
    for node in body:
        if isinstance(node, Named) and not node.name.startswith("_") and not is_setter(node):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


@pytest.mark.parametrize("path", [path for path in OURS if path.name == "__init__.py"], ids=name_of)
def test_packages_are_empty(path: Path) -> None:
    """A package's `__init__` holds its docstring and nothing else: importing it loads only itself."""
    assert len(tree_of(path).body) == 1


@pytest.mark.parametrize("path", DEPLOYED, ids=name_of)
def test_only_the_settings_read_the_environment(path: Path) -> None:
    """No name of an environment variable stands outside the settings, in functions neither."""
    used = {node.attr for node in nodes_of(path) if isinstance(node, ast.Attribute)}
    used |= {node.id for node in nodes_of(path) if isinstance(node, ast.Name)}
    used |= {module.rpartition(".")[2] for module in imported(path)}

    assert path in MAY_READ_ENVIRON or not used & {"environ", "environb", "getenv", "getenvb"}
