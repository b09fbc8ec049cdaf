"""Signature blocks, signed or not, in the wordings of many systems."""

from datetime import datetime

from synthetic.dates import dated, print_time
from synthetic.text import Text, identifier, join

SIGNED = (
    "Electronically signed by: {doctor} on {date} {time}",
    "Electronically signed by {doctor} on {date} at {time}",
    "ELECTRONICALLY SIGNED BY {doctor_caps} {date} {time}",
    "E-signed: {doctor}, {date} {time}",
    "Signed by: {doctor}\nSigned on: {date} {time}",
    "Signed electronically: {doctor} {date} {time}",
    "/s/ {doctor}\n{date} {time}",
    "/es/ {doctor_caps}\nSigned: {date} {time}",
    "Authenticated by {doctor} on {date} {time}",
    "Read and signed by: {doctor} ({date}, {time})",
    "Report finalized by {doctor}, {date} {time}",
    "Verified by {doctor} {date} {time}",
    "Dictated by: {doctor}\nTranscribed: {date}\nElectronically signed: {doctor} {date} {time}",
    "Final report. Signed {date} {time} by {doctor}",
)

UNSIGNED = (
    "PRELIMINARY REPORT - not yet signed",
    "Dictated by: {doctor}\nStatus: Preliminary, awaiting signature",
    "Dictated but not read. {doctor}",
    "*** UNSIGNED TRANSCRIPTION ***\nDictated by {doctor} on {date}",
    "Draft. Pending review and signature by {doctor}.",
    "",
)


def sign_off(template: str, doctor: str, moment: datetime, dates: str, clock: str) -> Text:
    """A signature block from one of the templates above."""
    values = {
        "doctor": identifier("NAME", doctor),
        "doctor_caps": identifier("NAME", doctor.upper()),
        "date": dated(moment.date(), dates),
        "time": Text(print_time(moment, clock)),
    }
    pieces: list[Text | str] = []
    rest = template
    while "{" in rest:
        before, _, rest = rest.partition("{")
        name, _, rest = rest.partition("}")
        pieces += [before, values[name]]
    return join("", [*pieces, rest])
