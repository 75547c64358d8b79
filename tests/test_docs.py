"""The documentation is part of the code: a table of the README that is out of date fails here."""

from pathlib import Path

from pages import PAGES
from tests.docs.tables import README, TABLES, filled


def test_tables_are_current() -> None:
    text = README.read_text()
    assert filled(text) == text, "run .ci/docs"


def test_every_page_and_verb_is_described() -> None:
    text = README.read_text()
    for page in PAGES:
        name = page.__name__.replace(".", "/")
        assert f"`{name}" in text, f"README.md does not describe {name}"
    for verb in (".ci/check", "pytest", ".ci/docs", "python app.py"):
        assert f"`{verb}`" in text


def test_pictures_exist() -> None:
    for line in README.read_text().splitlines():
        if ".github/pictures/" in line:
            name = line.split(".github/pictures/")[1].split(")")[0].split('"')[0]
            assert (README.parent / Path(".github/pictures") / name).exists(), name
    assert TABLES
