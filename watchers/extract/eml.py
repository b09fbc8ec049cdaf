"""Mail: each readable attachment is read as a file of its own; a mail without any is itself the report."""

from collections.abc import Callable
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser

from clinical.errors import ExtractionError
from clinical.report import Page
from watchers.extract.markup import narrative
from watchers.extract.options import ExtractOptions
from watchers.extract.reading import Reading
from watchers.extract.text import tidy

Embedded = Callable[[bytes, str], tuple[Reading, ...]]


def read_mail(content: bytes, options: ExtractOptions, embedded: Embedded) -> tuple[Reading, ...]:
    """The reports attached to a mail.

    Raises:
        ExtractionError: nothing in it can be read.
    """
    try:
        mail = BytesParser(policy=policy.default).parsebytes(content)
        parts = [part for part in mail.walk() if not part.is_multipart()]
    except Exception as error:  # the email parser raises what a broken header makes it
        raise ExtractionError(
            "damaged", "The mail cannot be read.", "Save its attachments and drop those."
        ) from error
    out: list[Reading] = []
    problems: list[ExtractionError] = []
    body: list[str] = []
    attached = 0
    for part in parts[: options.max_members]:
        name = _name(part)
        kind = part.get_content_type()
        if kind.startswith("text/") and part.get_content_disposition() != "attachment" and not name:
            body.append(_text(part))
            continue
        data = part.get_payload(decode=True)
        if not isinstance(data, bytes) or not data or (kind.startswith("image/") and len(data) < 20_000):
            continue
        attached += 1
        try:
            out.extend(embedded(data, name))
        except ExtractionError as error:
            problems.append(error)
    if out:
        if problems:
            note = f"{len(problems)} of {attached} attachments could not be read ({problems[0].reason})"
            fields = {slot: getattr(out[0], slot) for slot in Reading.__slots__}
            out[0] = Reading(**{**fields, "warnings": (*out[0].warnings, note)})
        return tuple(out)
    if problems:
        raise problems[0]
    text = tidy("\n".join(part for part in body if part.strip()))
    if not text:
        raise ExtractionError(
            "no-report", "The mail holds no text and no attachment.", "Nothing needs to be done."
        )
    return (Reading(text=text, media_type="message/rfc822", pages=(Page(1, "text"),)),)


def _name(part: Message) -> str:
    try:
        return part.get_filename() or ""
    except Exception:  # a malformed file name is no reason to lose the attachment
        return ""


def _text(part: Message) -> str:
    try:
        content = part.get_content() if isinstance(part, EmailMessage) else ""
    except (LookupError, UnicodeError, KeyError, ValueError):
        raw = part.get_payload(decode=True)
        content = raw.decode("utf-8", errors="replace") if isinstance(raw, bytes) else ""
    text = content if isinstance(content, str) else ""
    if part.get_content_type() == "text/html":
        return narrative(text)
    return text
