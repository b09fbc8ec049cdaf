"""A throwaway practice and a maker of reports for the tests of ``practice``."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from clinical.report import (
    DeidentifiedReport,
    ExtractedReport,
    Identity,
    Page,
    ReportFile,
    Section,
    Span,
    Structure,
)
from practice.store import Store
from practice.taken import TakenReport

JANE = Identity(mrn="123456", authority="north", name="Doe, Jane", birth_date="1950-01-02", sex="F")


@pytest.fixture
def store() -> Iterator[Store]:
    """A store in a folder of its own."""
    store = Store.memory()
    yield store
    store.close()


class Maker:
    """Makes files and reports, and keeps them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.count = 0

    def file(self, content: bytes | None = None, name: str = "report.txt") -> ReportFile:
        self.count += 1
        return ReportFile(name, f"file {self.count}".encode() if content is None else content)

    def taken(
        self, text: str = "Lungs are clear.", identity: Identity = JANE, **fields: object
    ) -> TakenReport:
        author = fields.pop("author", "Anna Weber")
        state, reason = fields.pop("state", "taken"), fields.pop("reason", None)
        held = fields.pop("identifiers_held", False)
        values = {
            "report_type": "chest x-ray",
            "status": "final",
            "signed": True,
            "observed_at": "2024-03-05",
            "pages": (Page(1, "text"),),
        } | fields
        accession = values.pop("accession", None)
        extracted = ExtractedReport(text=text, identity=replace(identity, accession=accession), **values)
        clean = text.replace("Jane Doe", "[NAME]")
        spans = (Span(0, 8, "NAME", "[NAME]", 0.99, ("identity",)),) if clean != text else ()
        deidentified = DeidentifiedReport(clean, spans, {"NAME": 0.01}, ("identity", "rules"), held=held)
        structure = Structure((Section("findings", "FINDINGS", 0, len(clean)),))
        return TakenReport(extracted, deidentified, structure, state, reason, author)

    def keep(self, text: str = "Lungs are clear.", identity: Identity = JANE, **fields: object) -> str:
        return self.store.keep(self.file(), [self.taken(text, identity, **fields)])[0]


@pytest.fixture
def make(store: Store) -> Maker:
    """Makes and keeps reports in ``store``."""
    return Maker(store)


@pytest.fixture
def jane() -> Identity:
    """The patient of ``make.keep`` unless another is given."""
    return JANE


@pytest.fixture
def maker() -> Callable[[Store], Maker]:
    """A maker for a store of the test's own."""
    return Maker
