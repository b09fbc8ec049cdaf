"""A practice with reports, a gateway in front of it, and no model unless a test brings one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clinical.deidentify.deidentifier import Deidentifier
from clinical.prompts import Generate
from clinical.report import ExtractedReport, Identity, ReportFile, Status
from clinical.structure.build import build_structure
from mcp_tools.catalog import build_app, build_catalog
from mcp_tools.desk import Desk
from mcp_tools.work import Work
from practice.audit import Audit
from practice.releases import Earned, Lineage, Releases
from practice.settings import GatewaySettings, Settings
from practice.store import Store
from practice.taken import TakenReport
from practice.tokens import NewToken, Token, Tokens
from server.engine import Engine
from server.gateway import build_gateway
from server.hotswap import HotSwap
from server.listen import Listener

SAMPLE = Identity(mrn="MRN-4471-902", name="Zebulon Quaxworth", birth_date="1951-04-02")
CHEST = """CHEST X-RAY
Patient: Zebulon Quaxworth   MRN: MRN-4471-902   DOB: 04/02/1951
INDICATION: Cough and fever.
FINDINGS: There is a left lower lobe opacity. Mr. Quaxworth has no pleural effusion. Heart size is normal.
IMPRESSION: Left lower lobe pneumonia. Follow-up radiograph in 6 weeks.
"""
LABS = """LABORATORY REPORT
Patient: Zebulon Quaxworth   MRN: MRN-4471-902
Potassium 6.9 mmol/L (3.5-5.1) H
Sodium 139 mmol/L (136-145)
Hemoglobin 9.1 g/dL (13.5-17.5) L
"""


@dataclass
class Practice:
    """What a test needs of a practice."""

    store: Store
    releases: Releases
    audit: Audit
    deidentifier: Deidentifier
    generate: Callable[[], Generate | None] = field(default=lambda: None)

    def take(
        self,
        text: str = CHEST,
        *,
        identity: Identity = SAMPLE,
        report_type: str | None = "chest x-ray",
        observed_at: str | None = "2024-03-05",
        status: Status = "final",
        signed: bool = True,
        state: str = "taken",
        reason: str | None = None,
        deidentified: str | None = None,
        supersedes: str | None = None,
    ) -> str:
        """Take a report in; its id. ``deidentified`` replaces what de-identification would give."""
        clean = self.deidentifier.deidentify(text, identity, observed_at)
        if deidentified is not None:
            clean = type(clean)(text=deidentified)
        extracted = ExtractedReport(
            text=text,
            identity=identity,
            report_type=report_type,
            status=status,
            signed=signed,
            observed_at=observed_at,
            supersedes=supersedes,
        )
        taken = TakenReport(extracted, clean, build_structure(clean.text), state, reason)  # type: ignore[arg-type]
        return self.store.keep(ReportFile("x.txt", text.encode()), [taken])[0]

    def token(self, name: str = "client", egress: str = "cloud", **options: object) -> NewToken:
        return Tokens(self.store).create(name, egress, **options)  # type: ignore[arg-type]

    def desk(self, token: Token | None = None) -> Desk:
        asked_by = token or self.token().token
        return Desk(
            self.store, self.releases, lambda: self.generate(), self.deidentifier, self.audit, asked_by
        )

    def release(self, earned: Sequence[Earned]) -> str:
        """Publish and promote a release (of a file that is no model; engines are given separately)."""
        folder = self.releases.create_dir()
        (folder / "model.gguf").write_bytes(b"GGUF")
        release = self.releases.publish(
            folder,
            gguf="model.gguf",
            base="tiny",
            quantization="q8_0",
            scores={},
            earned=earned,
            lineage=Lineage(),
            prompt_hash="0",
            decision={},
        )
        return self.releases.promote(release.id).id

    def audit_text(self) -> str:
        path = self.store.home.logs / "audit.jsonl"
        return path.read_text() if path.exists() else ""


@pytest.fixture(scope="session")
def deidentifier() -> Deidentifier:
    return Deidentifier()


@pytest.fixture
def practice(deidentifier: Deidentifier) -> Iterator[Practice]:
    store = Store.memory()
    yield Practice(store, Releases(store.home), Audit.open(store.home, store.keys), deidentifier)
    store.close()


def no_engine(gguf: Path) -> Engine:
    raise AssertionError("no engine is started in this test")


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    yield work
    work.close()


@pytest.fixture
def gateway(practice: Practice, work: Work) -> Iterator[Listener]:
    """A real gateway on a free port, without a model."""
    server = build_catalog(practice.desk, work)
    settings = Settings(gateway=GatewaySettings(port=0))
    app = build_gateway(
        settings, Tokens(practice.store), practice.audit, build_app(server), HotSwap(no_engine)
    )
    with Listener(app, "127.0.0.1", 0) as listener:
        yield listener
