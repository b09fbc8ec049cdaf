"""What a reader hands over before header, signature and report type are looked for in its text."""

from dataclasses import dataclass, field

from clinical.report import Doubtful, Identity, Page, Status


@dataclass(frozen=True, slots=True)
class Reading:
    """One report as a reader found it.

    A field that is None was not stated by the format itself and is looked for in the text; a field with a
    value came from a message and stands.

    Attributes:
        status, signed: what a message says; None where only the text can tell.
        signed_by, signed_at: the signer and the time that the message names.
        media_type: the type of the content that the text was read from.
        warnings: what a person should know, without patient text.
    """

    text: str = field(repr=False)
    media_type: str
    pages: tuple[Page, ...] = ()
    doubtful: tuple[Doubtful, ...] = ()
    identity: Identity | None = field(default=None, repr=False)
    report_type: str | None = None
    status: Status | None = None
    signed: bool | None = None
    signed_by: str | None = field(default=None, repr=False)
    signed_at: str | None = field(default=None, repr=False)
    observed_at: str | None = field(default=None, repr=False)
    supersedes: str | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
