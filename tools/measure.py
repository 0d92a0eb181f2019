"""Count the house, so that its figures can be had again: `make measure`, or `make measure REV=1beec14` for a commit.

Read are the source files below functions/, layers/, local/ and cli/. Prose is docstrings and comments.
"""

import ast
import io
import re
import subprocess
import sys
import tarfile
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

SOURCE = ("functions", "layers", "local", "cli")
ROOTS = {"twilio_bridge": "layers/bridge", "twilio_bridge_cli": "cli", "twilio_bridge_local": "local"}
NARRATIVE_WORDS = "tell tells told telling hear hears heard say says said saying word words news"
NARRATIVE = re.compile(rf"\b({NARRATIVE_WORDS.replace(' ', '|')})\b", re.IGNORECASE)
NARRATIVE_NAME = re.compile(r"(?:^|_)(tell|told|hear|heard|say|said|word|words|news)(?:_|$)")
OLD_LIMITS = re.compile(r"^(MOST|LONGEST|LARGEST|SHORTEST)_[A-Z_]+$")
WORD = re.compile(r"[A-Za-z]+")
Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def main(argv: list[str]) -> int:
    """Print the figures of a folder, or of a commit of this repository."""
    place = argv[0] if argv else "."
    if Path(place).is_dir():
        return show(measure(Path(place)))
    with tempfile.TemporaryDirectory() as folder:
        check_out(place, Path(folder))
        return show(measure(Path(folder)))


def check_out(revision: str, folder: Path) -> None:
    """Write the files of a commit into a folder."""
    archive = subprocess.run(["git", "archive", revision], check=True, capture_output=True).stdout  # noqa: S603, S607
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")


def show(figures: dict[str, object]) -> int:
    """Print one figure a line."""
    width = max(map(len, figures))
    for name, figure in figures.items():
        sys.stdout.write(f"{name:<{width}}  {figure}\n")
    return 0


def measure(root: Path) -> dict[str, object]:
    """Return all figures of a checkout, by name."""
    paths = [path for name in SOURCE for path in sorted((root / name).rglob("*.py"))]
    trees = {path: ast.parse(path.read_text()) for path in paths}
    folders = Counter(path.parent.relative_to(root) for path in paths)
    largest, count = folders.most_common(1)[0]
    prose = [text for path, tree in trees.items() for text in (*docstrings(tree), *comments(path))]
    docs = [text for tree in trees.values() for text in docstrings(tree)]
    names = [name for tree in trees.values() for name in identifiers(tree)]
    functions = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, Function)]
    private, used_once = private_functions(trees)

    return {
        "source files": len(paths),
        "files in the largest folder": f"{count} ({largest})",
        "functions": len(functions),
        "longest function (lines)": max(map(body_lines, functions)),
        "narrative words per 1,000 words of prose": rate(prose),
        "narrative words per 1,000 words of docstrings": rate(docs),
        "narrative words among 1,000 identifiers": f"{1000 * sum(map(is_narrative, names)) / len(names):.1f}",
        'docstrings that begin "Give" or "Tell"': sum(text.startswith(("Give ", "Tell ")) for text in docs),
        "constants MOST_, LONGEST_, LARGEST_, SHORTEST_": len({n for n in names if OLD_LIMITS.match(n)}),
        "private functions used once": f"{used_once} of {private} ({100 * used_once / len(functions):.0f} % of all)",
        "blank lines per 100 body lines": f"{100 * blank_lines(trees) / sum(map(body_lines, functions)):.1f}",
        **{f"arrows within {name}": arrows(root / folder / name, name) for name, folder in ROOTS.items()},
    }


def rate(texts: list[str]) -> str:
    """Return the narrative words among 1,000 words."""
    words = sum(len(WORD.findall(text)) for text in texts)
    return f"{1000 * sum(len(NARRATIVE.findall(text)) for text in texts) / words:.1f}"


def is_narrative(name: str) -> bool:
    """Return whether an identifier has a narrative word in it."""
    return bool(NARRATIVE_NAME.search(name))


def docstrings(tree: ast.Module) -> Iterator[str]:
    """Yield the docstrings of a module and of all that is in it."""
    for node in ast.walk(tree):
        if isinstance(node, Documented) and (text := ast.get_docstring(node)):
            yield text


def comments(path: Path) -> Iterator[str]:
    """Yield a file's comments, without directives to tools."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield re.sub(r"noqa:\s*[A-Z0-9, ]+|type: ignore\[[^]]*\]", "", token.string)


def identifiers(tree: ast.Module) -> Iterator[str]:
    """Yield every use of a name: variables, attributes, arguments, functions and classes."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.keyword(arg=str(name)):
                yield name


def private_functions(trees: dict[Path, ast.Module]) -> tuple[int, int]:
    """Return how many private module functions there are, and how many of them are used once in their file."""
    total, once = 0, 0
    for tree in trees.values():
        private = {node.name for node in tree.body if isinstance(node, Function) and node.name.startswith("_")}
        uses = Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        total += len(private)
        once += sum(uses[name] == 1 for name in private)
    return total, once


def body_lines(node: Function) -> int:
    """Return a function's lines from its first statement after the docstring to its end."""
    first = node.body[0]
    is_documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    start = first.end_lineno if is_documented and first.end_lineno else first.lineno - 1
    return max(0, (node.end_lineno or start) - start)


def blank_lines(trees: dict[Path, ast.Module]) -> int:
    """Return the blank lines inside function bodies."""
    found: set[tuple[Path, int]] = set()
    for path, tree in trees.items():
        lines = path.read_text().splitlines()
        for node in ast.walk(tree):
            if isinstance(node, Function):
                end = node.end_lineno or node.lineno
                found |= {(path, n) for n in range(end - body_lines(node), end) if not lines[n].strip()}
    return len(found)


def arrows(package: Path, name: str) -> int:
    """Return how many pairs of rooms are joined by an import; a room is a folder or a module at the package's top."""
    pairs: set[tuple[str, str]] = set()
    for path in sorted(package.rglob("*.py")):
        here = path.relative_to(package).with_suffix("").parts[0]
        rooms = (
            module.split(".")[1] for module in imports(ast.parse(path.read_text())) if module.startswith(f"{name}.")
        )
        pairs |= {(here, there) for there in rooms if there != here}
    return len(pairs)


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield what is imported, a name of a package as `package.name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
