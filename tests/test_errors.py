import docsorter.errors as module
from docsorter.errors import DocsorterError, ExitCode


def _tree(root: type[DocsorterError]) -> list[type[DocsorterError]]:
    return [root, *(found for child in root.__subclasses__() for found in _tree(child))]


def test_every_error_of_the_module_stands_in_its_docstring_with_its_exit_code() -> None:
    lines = (module.__doc__ or "").splitlines()
    own = [kind for kind in _tree(DocsorterError) if kind.__module__ == module.__name__]
    assert len(own) == len({kind.exit_code for kind in own})
    for kind in own:
        (line,) = [row for row in lines if f" {kind.__name__} " in f" {row.strip('│├└─ ')} "]
        assert f" {int(kind.exit_code)} " in line, kind


def test_no_exit_code_collides_with_those_of_the_shell() -> None:
    assert all(0 <= code < 126 for code in ExitCode)


def test_message_and_remedy_are_both_shown() -> None:
    error = DocsorterError("the disk is full", remedy="make room")
    assert str(error) == "the disk is full (make room)"
