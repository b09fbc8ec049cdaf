"""Every error Resident raises, as one tree. A message says what to do and never what a patient said.

ResidentError
├── SettingsError            config.toml or a command's arguments are wrong             exit 2
├── HomeError                the practice home cannot be used                           exit 3
│   ├── HomeLocked           another process has it open
│   └── KeyMissing           the practice's key is not where the settings say
├── NotFound                 no such report, patient, release, job or token             exit 4
├── ExtractionError          a file cannot be read as reports (reason is for people)    exit 5
├── Refused                  a rule forbids it: egress, scope, limit, retracted         exit 6
├── TrainingError            data, base or run unfit; the last release is untouched     exit 7
│   ├── BaseError            the base model is missing, unknown or unfit
│   └── ParityError          the GGUF does not answer as the trained model does
├── EngineError              the engine does not start or does not answer               exit 8
└── MissingPart              an optional part is not installed                          exit 9
"""


class ResidentError(Exception):
    """Root of the tree.

    Args:
        message: what is wrong, without patient text.
        remedy: what to do about it, one sentence.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class SettingsError(ResidentError):
    """The configuration or a command's arguments are wrong."""

    exit_code = 2


class HomeError(ResidentError):
    """The practice home cannot be used."""

    exit_code = 3


class HomeLocked(HomeError):
    """Another process holds the practice home."""


class KeyMissing(HomeError):
    """The practice's key is not where the settings say it is."""


class NotFound(ResidentError):
    """No such report, patient, release, job or token."""

    exit_code = 4


class ExtractionError(ResidentError):
    """A file cannot be read as reports.

    Args:
        reason: a short stable word for the quarantine list, such as ``encrypted`` or ``empty``.
    """

    exit_code = 5

    def __init__(self, reason: str, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.reason = reason


class Refused(ResidentError):
    """A rule forbids it: egress, scope, a limit, a retracted report."""

    exit_code = 6


class TrainingError(ResidentError):
    """Data, base or run are unfit for training; the last release is untouched."""

    exit_code = 7


class BaseError(TrainingError):
    """The base model is missing, unknown or unfit."""


class ParityError(TrainingError):
    """The GGUF does not answer as the trained model does."""


class EngineError(ResidentError):
    """The engine does not start or does not answer."""

    exit_code = 8


class MissingPart(ResidentError):
    """An optional part is not installed."""

    exit_code = 9
