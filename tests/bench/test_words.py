from bench.words import table
from docsorter.configuration import Configuration
from docsorter.service.daemon.sort_once import example_files


def test_the_same_documents_are_inspected_with_and_without_words(
    configuration: Configuration,
) -> None:
    files = [file for file in example_files() if file.suffix == ".jpg"][:2]
    found = table(configuration, "starter", files)
    assert [one["documents"] for one in found.values()] == [2, 2]
    assert found["picture"]["asked for words"] == 0
    assert found["picture"]["seconds a document"] > 0
