"""The package stays as few files and as few words as it has become."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "docsorter"
FILES = sorted(PACKAGE.rglob("*.py"))


def public_classes() -> Iterator[ast.ClassDef]:
    for file in FILES:
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node


def test_a_public_class_name_means_one_thing() -> None:
    counts = Counter(one.name for one in public_classes())
    assert len(counts) > 300
    assert [name for name, count in counts.items() if count > 1] == []


def test_no_class_has_more_public_methods_than_a_person_can_survey() -> None:
    methods = {
        one.name: sum(
            isinstance(part, ast.FunctionDef) and not part.name.startswith("_") for part in one.body
        )
        for one in public_classes()
    }
    assert {name: count for name, count in methods.items() if count > 30} == {}


def test_files_are_as_long_as_their_subject_and_not_cut_up() -> None:
    lines = sum(len(file.read_text("utf-8").splitlines()) for file in FILES)
    assert len(FILES) / (lines / 1000) <= 4.0
