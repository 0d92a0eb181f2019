"""The arrow functions → wiring → adapters → ports and domain, read from the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "bridge" / "twilio_bridge"
APPS = sorted((ROOT / "functions").glob("*/app.py"))
MAX_APP_LINES = 40
OUTSIDE = {
    "boto3",
    "botocore",
    "pyairtable",
    "twilio",
    "requests",
    "aws_lambda_powertools",
    "urllib3",
    "httpx",
    "socket",
}
# The one door to powertools that everybody may use.
LOGS = PACKAGE / "logs.py"
# The command reads and stores what functions read, under the operator's own login and without a function's settings.
COMMANDS_MAY_USE = {
    f"twilio_bridge.adapters.{name}" for name in ("aws", "state.configuration", "state.limiter", "state.figures")
}
# Lambda's own runtime finds a handler by the path of its folder, and so does what stands in for it.
RUNTIME = ROOT / "local" / "twilio_bridge_local" / "functions" / "runtime.py"
Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if not {"__pycache__", ".venv"} & set(path.parts))


OURS = [path for name in ("layers/bridge", "functions", "local", "cli") for path in sources(ROOT / name)]
ADAPTERS = sources(PACKAGE / "adapters")
WIRING = sources(PACKAGE / "wiring")
DOMAIN = [path for path in sources(PACKAGE) if path not in {*ADAPTERS, *WIRING}]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imported(path: Path) -> Iterator[str]:
    """Return every module that a file imports, and every name from one: `a.b` for `from a import b`."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_sources_are_found() -> None:
    """There is something to check."""
    assert len(DOMAIN) > 20
    assert len(ADAPTERS) > 5
    assert len(APPS) >= 7
    assert WIRING


@pytest.mark.parametrize("path", DOMAIN, ids=name_of)
def test_domain(path: Path) -> None:
    """The domain imports no AWS, no vendor, no adapter and no wiring; powertools only for the log."""
    for module in imported(path):
        assert path == LOGS or module.partition(".")[0] not in OUTSIDE, module
        assert not is_within(module, "twilio_bridge.adapters"), module
        assert not module.startswith("twilio_bridge.wiring"), module


@pytest.mark.parametrize("path", ADAPTERS, ids=name_of)
def test_adapters(path: Path) -> None:
    """Adapters know ports and domain, never who puts them together or calls them."""
    for module in imported(path):
        assert not module.startswith("twilio_bridge.wiring"), module
        assert not is_within(module, "twilio_bridge.entrypoints.http"), module
        assert not is_within(module, "twilio_bridge.frontline"), module


@pytest.mark.parametrize("path", sources(PACKAGE), ids=name_of)
def test_package(path: Path) -> None:
    """The package imports neither functions nor the command nor the local stack."""
    for module in imported(path):
        assert module.partition(".")[0] not in {"functions", "twilio_bridge_cli", "twilio_bridge_local", "tests", "app"}


@pytest.mark.parametrize("path", sources(ROOT / "cli") + sources(ROOT / "local"), ids=name_of)
def test_commands(path: Path) -> None:
    """The command and the local stack reach adapters through the wiring."""
    for module in imported(path):
        allowed = any(is_within(module, name) for name in COMMANDS_MAY_USE)
        assert allowed or module == "twilio_bridge.adapters" or not is_within(module, "twilio_bridge.adapters"), module


@pytest.mark.parametrize("path", APPS, ids=name_of)
def test_functions(path: Path) -> None:
    """A function translates and wires, and knows nothing else."""
    tree = tree_of(path)
    assert len(path.read_text().splitlines()) <= MAX_APP_LINES
    assert "lambda_handler" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for module in imported(path):
        assert module.partition(".")[0] not in OUTSIDE, module
        assert not is_within(module, "twilio_bridge.adapters"), module


def test_every_function_has_an_app() -> None:
    """Each folder of functions has its app.py, and nothing that is shared."""
    folders = {path for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert folders == {path.parent for path in APPS}
    assert sources(ROOT / "functions") == APPS


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_no_path_tricks(path: Path) -> None:
    """Nobody changes where modules are looked for."""
    assert path == RUNTIME or "sys.path" not in path.read_text()


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_docstrings(path: Path) -> None:
    """Every module, and every public function and class in it, says what it is for."""
    tree = tree_of(path)
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
def test_packages_import_nothing(path: Path) -> None:
    """Importing a package loads nothing but itself."""
    assert list(imported(path)) == []


@pytest.mark.parametrize("path", [*DOMAIN, *ADAPTERS, *WIRING], ids=name_of)
def test_no_secret_names(path: Path) -> None:
    """Only the settings know the names of environment variables."""
    names = {"environ", "getenv"}
    used = {node.attr for node in ast.walk(tree_of(path)) if isinstance(node, ast.Attribute)} & names

    assert not used or path.name == "base.py"
