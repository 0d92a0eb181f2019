"""What is deployed: the files of the built layer, made as `sam build` makes them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "layers/bridge"
FAKE = re.compile(r"fake|memory_|mock|stand_?in|(^|/)tests?[_/]|conftest|sample|demo", re.IGNORECASE)
FOREIGN = re.compile(
    r"^\s*(from|import) (unittest|moto|pytest|hypothesis|flask|twilio_bridge_(local|cli)|tests)\b", re.MULTILINE
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the layer's own target, with this interpreter in place of Lambda's."""
    make, folder = shutil.which("make"), tmp_path_factory.mktemp("layer")
    assert make
    command = [make, "-C", str(SOURCE), "build-BridgeLayer", f"ARTIFACTS_DIR={folder}", f"PYTHON={sys.executable}"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  the project's own target
    return folder / "python"


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_it_holds_the_package_and_its_configuration_alone(built: Path) -> None:
    """Each module as source and as bytecode, bridge.yaml, and nothing else."""
    modules = {f"twilio_bridge/{name}" for name in names(SOURCE / "twilio_bridge") if name.endswith(".py")}
    data = {name for name in names(built) if not name.endswith((".py", ".pyc")) and name != "bridge.yaml"}
    assert modules == {name for name in names(built) if name.endswith(".py")}
    assert data <= {f"twilio_bridge/{name}" for name in names(SOURCE / "twilio_bridge")}
    assert "bridge.yaml" in names(built)

    compiled = {re.sub(r"__pycache__/(\w+)\.[\w-]+\.pyc$", r"\1.py", name) for name in names(built) if "pyc" in name}
    assert modules == compiled


def test_no_fake_is_in_it(built: Path) -> None:
    """No file is named as one, and no module imports what tests or the local stack are made of."""
    assert [] == sorted(name for name in names(built) if FAKE.search(name))
    sources = {path.name: path.read_text() for path in built.rglob("*.py")}
    assert [] == sorted(name for name, text in sources.items() if FOREIGN.search(text))
