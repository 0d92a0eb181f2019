"""The policies tests together hold every function of the template."""

from pathlib import Path

from tests.integration.granted import ALONE, OF_FRONTLINE, OF_MESSAGES, OF_SUPPORT, granted

HERE = Path(__file__).parent
FOLDERS = {"callbacks": "OF_FRONTLINE", "support": "OF_SUPPORT", "messages": "OF_MESSAGES"}


def test_each_function_is_in_exactly_one_policies_test() -> None:
    """None is forgotten, and none is held twice."""
    held = [*OF_FRONTLINE, *OF_SUPPORT, *OF_MESSAGES, *ALONE]
    assert sorted(granted()) == sorted(held)


def test_each_list_is_held_by_the_test_it_names() -> None:
    """Whoever holds grants reads them from granted(); no other file does, and none of these has stopped."""
    readers = {
        f"{path.relative_to(HERE)}": text
        for path in HERE.rglob("test_*.py")
        if path != Path(__file__) and "granted()" in (text := path.read_text())
    }
    of_folders = {f"{folder}/test_policies.py": f"in {names}" for folder, names in FOLDERS.items()}
    alone = {file: f'"{name}"' for name, file in ALONE.items()}
    assert readers.keys() == of_folders.keys() | alone.keys()
    assert [] == [file for file, named in (of_folders | alone).items() if named not in readers[file]]
