# ruff: noqa: E501  (texts stand as they are written into reports)
"""Headers, letters, sign-offs and sentences that the training texts are dressed in, drawn at random piece by piece.

No fixed forms: labels, their case, separators, order and what stands between fields are drawn anew for each text, so
that the tagger learns what a header is and not which headers there are.
"""

import random
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

MONTHS = "January February March April May June July August September October November December".split()
PATIENT_LABELS = (
    "patient|patient name|name|pt|pt name|patient's name|client|resident name|name of patient|full name|subject|re|regarding|member name"
).split("|")
DOCTOR_LABELS = (
    "attending|attending physician|physician|provider|referring physician|referred by|ordering provider|ordering md|primary care physician|pcp|"
    "surgeon|assistant|anesthesiologist|radiologist|pathologist|cardiologist|consultant|consulting physician|requested by|requesting|dictated by|"
    "interpreted by|read by|signed by|electronically signed by|transcribed by|reviewed by|verified by|author|gp|doctor|clinician|examiner|"
    "technologist|nurse|resident|fellow|therapist|seen by|performed by|cc|copy to|copies to|to|from|attn|reported by|reviewing pathologist|"
    "adm. phys.|req md|rad md|ref. phys.|dict. by|tr|fellow|preop nurse|surgeon(s)|performer|clinician of record|sonographer|endoscopist|operator|scribe|entered by|authorized by|authenticated by|supervising physician|case manager|social worker"
).split("|")
KIN_LABELS = "next of kin|emergency contact|guarantor|guardian|contact|spouse|mother|father|informant|power of attorney|insured|subscriber".split(
    "|"
)
PLACE_LABELS = (
    "facility|hospital|clinic|location|site|address|home address|city|practice|institution|performed at|place of service|center|residence|"
    "mailing address|referring facility|pharmacy|employer|school|nursing home|birthplace|hospital name|facility name|performing lab"
).split("|")
PLAIN = {
    "mrn|medical record number|mr #|record no|patient id|chart no|hospital no|unit number|id": "number",
    "account|acct #|encounter|visit no|accession|accession no|order no|job|document id|policy no|member id": "number",
    "dob|date of birth|birth date|birthdate": "date",
    "date|date of service|dos|exam date|date of exam|admitted|admission date|discharged|seen|date of report|d|t|collected|received": "date",
    "phone|tel|telephone|fax|home phone|cell": "phone",
    "age|age/sex": "age",
    "sex|gender": "sex",
    "modality|exam|examination|procedure|study|service|department|specialty|type": "exam",
    "reason|indication|reason for exam|chief complaint|cc|diagnosis|clinical history|history|complaint": "reason",
    "status|priority|class|code status|language|race|marital status|room|insurance|contrast|allergies|specimen|report type": "status",
}
EXAMS = (
    "CT|MRI Brain Without Contrast|Chest X-Ray|Cardiology|Internal Medicine|Orthopedic Surgery|Colonoscopy|Echocardiogram|Radiology|Ultrasound Abdomen|"
    "Physical Therapy|Emergency Department|General Surgery|Pathology|Neurology Consult|Discharge Summary|Operative Report|Progress Note|Pain Management"
).split("|")
REASONS = (
    "Chest pain|Shortness of breath|Left-sided weakness|Right knee pain|Follow-up|Abnormal labs|Transient ischemic attack|Headache|Rule out pneumonia|"
    "Status post fall|Parkinson disease|Crohn disease|Diabetes mellitus|Dysphagia|Preoperative evaluation|Hypertension|Graves disease|Baker cyst|Bell palsy"
).split("|")
STATES = (
    "Final|Routine|STAT|Full Code|English|Spanish|White|Caucasian|Hispanic|Married|Single|4 West|ICU 12|Medicare|Blue Cross|Aetna|None|NKDA|Penicillin|"
    "Blood|Serum|Addendum|Preliminary|Outpatient|Inpatient|With and without contrast|Isovue 370|African American"
).split("|")
FACILITY_ENDS = (
    "Hospital|General Hospital|Medical Center|Regional Medical Center|Clinic|Family Practice|Memorial Hospital|Memorial|Health System|Health Center|"
    "Surgical Associates|Cancer Center|Imaging|Radiology Associates|Heart Institute|Nursing Home|Rehabilitation Center|Pediatrics|Community Hospital|"
    "Children's Hospital|Care Center|Infirmary|University Hospital|Orthopedics|Dental Clinic|Eye Institute|Veterans Hospital|Urgent Care|Pharmacy|Manor"
).split("|")
FACILITY_FRONTS = (
    "Sisters of Charity |University |Children's |Baptist |Methodist |Community |Women's |".split("|")
)
SCENES = (
    "Lakeshore|Pinecrest|Cedar|Green|Elk|Big|Sunset|Riverbend|Hillcrest|Oak|Maple|Blue|Grand|White|North|West|Spring|Meadow|Harbor|Fox|Eagle|Rocky|Sandy|Bay"
).split("|")
STREETS = (
    "Street|St|Avenue|Ave.|Road|Rd|Lane|Blvd|Boulevard|Drive|Court|Way|Place|Parkway|Terrace|Circle".split(
        "|"
    )
)
DEGREES = [
    "MD",
    "M.D.",
    "DO",
    "D.O.",
    "RN",
    "NP",
    "PA-C",
    "PhD",
    "MBBS",
    "FACC",
    "MD, FACS",
    "CRNA",
    "DPM",
    "Ph.D.",
]
WORD_NAMES = (
    "April August Autumn Summer June May Will Mark Grace Hope Faith Joy Rose Ruby Pearl Iris Lily Violet Daisy Jade Amber Crystal Dawn Eve Sky Star Ray Bill Rob Pat "
    "Art Gene Rich Guy Dean Earl Duke Miles Chase Grant Drew Chance Hunter Mason Taylor Carter Parker Cooper Baker Cook Page Price Rice Bush Brown White Black Green "
    "Gray Short Long Young Small Little Strong Sharp Stone Wood Hill Field Brook Rivers Lake Ford Banks Ward Bishop King Knight Church Bell Graves Wilson Foley Crohn "
    "Parkinson Hodgkin Barrett Addison Cushing Paget Weber Love Day Best Wise Good Moody Sweet Swift Root Payne Bone Foote Hand Head Nurse Pain Blunt Blood Winter Frost Snow"
).split()
OPERATIVE = (
    "PREOPERATIVE DIAGNOSIS|POSTOPERATIVE DIAGNOSIS|PROCEDURE PERFORMED|OPERATION|Preoperative Diagnosis|Procedure|TITLE OF OPERATION|DIAGNOSES|REASON FOR VISIT|CC"
).split("|")
HEADINGS = (
    "HISTORY|HISTORY OF PRESENT ILLNESS|FINDINGS|IMPRESSION|PLAN|ASSESSMENT|PHYSICAL EXAMINATION|MEDICATIONS|TECHNIQUE|SUBJECTIVE|OPERATION|INDICATIONS|"
    "Chief Complaint|Assessment and Plan|Past Medical History|Review of Systems|Social History|Procedure"
).split("|")


class Maker:
    """Draws the people, places and numbers of one text."""

    def __init__(
        self,
        rng: random.Random,
        names: Any,
        more_given: Sequence[str],
        more_family: Sequence[str],
        invent: Callable[[random.Random, dict[str, list[str]]], str],
        eponyms: Sequence[str],
        nouns: Sequence[str],
        drugs: Sequence[str],
        terms: Sequence[str],
    ) -> None:
        self.rng = rng
        self._names, self._given, self._family, self._invent = names, more_given, more_family, invent
        self.eponyms, self.nouns, self.drugs, self.terms = eponyms, nouns, drugs, terms
        self.patient, self.doctor, self.other, self.kin = (self._person() for _ in range(4))

    def _part(self, listed: Sequence[str], more: Sequence[str]) -> str:
        draw = self.rng.random()
        if draw < 0.3:
            return self.rng.choice(listed)
        if draw < 0.5:
            return self.rng.choice(more)
        if draw < 0.88:
            return self._invent(self.rng, self.rng.choice(self._names.chains))
        return self.rng.choice(WORD_NAMES)

    def _person(self) -> tuple[str, str]:
        given, family = (
            self._part(self._names.given, self._given),
            self._part(self._names.family, self._family),
        )
        draw = self.rng.random()
        if draw < 0.06:
            family += "-" + self._part(self._names.family, self._family)
        elif draw < 0.1:
            family = (
                self.rng.choice(["van", "de", "van der", "de la", "al", "von", "El", "St."]) + " " + family
            )
        elif draw < 0.13:
            family = self.rng.choice(["Mc", "O'", "Mac", "D'"]) + family
        elif draw < 0.15:
            given = f"{given} {self._part(self._names.given, self._given)}"
        return given, family

    def pick(self, options: Sequence[str]) -> str:
        """Draws one."""
        return self.rng.choice(options)

    def name(self, who: tuple[str, str], *, formal: bool = False) -> str:
        """Writes a whole name in one of its forms, marked."""
        given, family = who
        draw = self.rng.random()
        text = f"{given} {family}"
        if draw < 0.3:
            text = f"{family}, {given}" + (
                f" {self.pick('ABCDEFGHJKLMNPRSTW')}" + self.pick([".", ""])
                if self.rng.random() < 0.3
                else ""
            )
        elif draw < 0.42:
            text = f"{given} {self.pick('ABCDEFGHJKLMNPRSTW')}. {family}"
        elif draw < 0.5:
            text = f"{given[0]}. {family}"
        elif draw < 0.53:
            text = family
        elif draw < 0.56:
            text = f"{family} {given}"
        elif draw < 0.62:
            text = f"{family}, {given[0]}" + self.pick([".", ".", ""])
        elif draw < 0.64:
            text = f"{given[0]} {family}"
        draw = self.rng.random()
        text = text.upper() if draw < 0.16 else text.lower() if draw < 0.2 and not formal else text
        return self.mark(text)

    def doctor_name(self) -> str:
        """Writes a doctor, with title or degree or neither."""
        who = self.doctor if self.rng.random() < 0.6 else self.other
        draw = self.rng.random()
        if draw < 0.3:
            return f"{self.name(who, formal=True)}{self.pick([', ', ' '])}{self.pick(DEGREES)}"
        if draw < 0.5:
            return f"Dr. {self.mark(who[1] if self.rng.random() < 0.5 else ' '.join(who))}"
        return self.name(who)

    def mark(self, text: str, label: str = "NAME") -> str:
        """Marks a stretch."""
        return f"⟦{label}|{text}⟧"

    def town(self) -> str:
        """Makes up a town."""
        base = self._part(self._names.family, self._family)
        if self.rng.random() < 0.15:
            return f"{self.pick(SCENES)} {self.pick(['River', 'Grove', 'Timber', 'Creek', 'Falls', 'Rock', 'Lake', 'Bend', 'Hills', 'Point'])}"
        draw = self.rng.random()
        if draw < 0.25:
            base += self.pick(["ton", "ville", " City", "burg", "field", " Springs", "ford", " Park"])
        elif draw < 0.32:
            base = self.pick(["San ", "Fort ", "Port ", "New ", "St. ", "Mount ", "El ", "Bad "]) + base
        return base

    def facility(self) -> str:
        """Makes up a facility, marked."""
        place = (
            self.town()
            if self.rng.random() < 0.75
            else self.pick(["St. ", "Saint ", "Mount ", "Our Lady of "]) + self.town()
        )
        end = self.pick(FACILITY_ENDS)
        text = f"{place} {end}"
        draw = self.rng.random()
        if draw < 0.12:
            text = f"{self.pick(FACILITY_FRONTS)}{end} of {self.town()}"
        elif draw < 0.18:
            text = f"{self.pick(['VA ', '', 'Veterans ', 'Kaiser '])}{end} {self.town()}"
        elif draw < 0.24:
            text = f"{text}{self.pick([' - ', ', ', ' at '])}{self.town()}{self.pick([' Campus', '', ' Division'])}"
        elif draw < 0.3:
            text = f"{self.pick(SCENES)}{self.pick([' ', ' Valley ', ' County ', ' Regional '])}{end}"
        return self.mark(text.upper() if self.rng.random() < 0.12 else text, "LOCATION")

    def address(self) -> str:
        """Makes up an address, marked."""
        r = self.rng
        street = self.town()
        number = str(r.randrange(1, 9999))
        state = self.pick(
            [
                "OH",
                "TX",
                "CA",
                "NY",
                "FL",
                "WA",
                "Ontario",
                "Ohio",
                "NSW",
                "Kent",
                "MN",
                "GA",
                "KU",
                "SY",
                "Bavaria",
            ]
        )
        line = self.pick(
            [
                f"{number} {street} {self.pick(STREETS)}",
                f"{street} {number}",
                f"{number}, {street} {self.pick(STREETS)}",
                f"{number} rue {street}",
                f"{street}{self.pick(['straße', 'gatan', 'weg', 'vej'])} {number[:2]}",
                f"P.O. Box {number}",
            ]
        )
        code = self.pick(
            [
                f"{r.randrange(10000, 99999)}",
                f"{r.randrange(10, 99)}-{r.randrange(100, 999)}",
                f"{r.randrange(1000, 9999)}",
                "SW1A 2AA",
                "K1A 0B1",
            ]
        )
        text = self.pick(
            [
                f"{line}, {self.town()}, {state} {code}",
                f"{line}, {self.town()} {state} {code}",
                f"{line}, {code} {self.town()}",
                f"{line}\n{self.town()}, {state} {code}",
                f"{line}, {self.town()}",
            ]
        )
        return "\n".join(self.mark(part, "LOCATION") for part in text.split("\n"))

    def value(self, kind: str) -> str:
        """Makes up a value that is neither name nor place."""
        r = self.rng
        if kind == "number":
            return self.pick(
                [
                    f"{r.randrange(10**5, 10**8)}",
                    f"MR{r.randrange(10**5, 10**6)}",
                    f"{r.randrange(100, 999)}-{r.randrange(10, 99)}-{r.randrange(1000)}",
                    f"{self.pick('ASHX')}{r.randrange(10**4, 10**7)}",
                ]
            )
        if kind == "date":
            return self.day()
        if kind == "phone":
            return f"{r.randrange(200, 999)}-{r.randrange(200, 999)}-{r.randrange(1000, 9999)}"
        if kind == "age":
            return f"{r.randrange(1, 99)}{self.pick(['', 'Y', ' years', '/F', ' yo M'])}"
        if kind == "sex":
            return self.pick(["M", "F", "Male", "Female"])
        return self.pick({"exam": EXAMS, "reason": REASONS, "status": STATES}[kind])

    def day(self) -> str:
        """Makes up a date."""
        d = date(1930, 1, 1) + timedelta(self.rng.randrange(34000))
        m = MONTHS[d.month - 1]
        return self.pick(
            [
                f"{d:%m/%d/%Y}",
                f"{d.month}/{d.day}/{d:%y}",
                f"{d:%Y-%m-%d}",
                f"{m} {d.day}, {d.year}",
                f"{d.day:02d}-{m[:3]}-{d.year}",
                f"{m[:3].upper()} {d.day} {d:%y}",
                f"{d.day} {m} {d.year}",
            ]
        )

    def label(self, text: str) -> str:
        """Writes a label in a case."""
        return self.pick([text.title(), text.upper(), text.capitalize(), text, text.upper()])


def header(m: Maker) -> str:
    """Draws a header: fields in any order, one style of label and separator a header."""
    r = m.rng
    fields: list[tuple[str, str]] = [(m.pick(PATIENT_LABELS), m.name(m.patient))]
    for _ in range(r.randrange(0, 4)):
        fields.append((m.pick(DOCTOR_LABELS), m.doctor_name()))
    if r.random() < 0.25:
        fields.append((m.pick(KIN_LABELS), m.name(m.kin)))
    for _ in range(r.randrange(0, 3)):
        fields.append(
            (
                m.pick(PLACE_LABELS),
                m.facility()
                if r.random() < 0.5
                else m.address().split("\n")[0]
                if r.random() < 0.7
                else m.mark(m.town(), "LOCATION"),
            )
        )
    for _ in range(r.randrange(2, 6)):
        labels = m.pick(sorted(PLAIN))
        fields.append((m.pick(labels.split("|")), m.value(PLAIN[labels])))
    r.shuffle(fields)
    style = m.pick(["title", "upper", "asis", "mixed"])
    colon = m.pick(
        [": ", ": ", ": ", ":", " : ", ":  ", " - ", "=", " = ", ":\t", "  ", "........: ", ":\n", " | "]
    )
    joint = m.pick(["\n", "\n", "\n", "   ", " | ", "; ", "\t", ", ", "\n\n", "      "])
    pieces = []
    for name, value in fields:
        shown = (
            name.title()
            if style == "title"
            else name.upper()
            if style == "upper"
            else name
            if style == "asis"
            else m.label(name)
        )
        pieces.append(f"{shown}{colon}{value}")
    if joint != "\n" and r.random() < 0.6:
        half = len(pieces) // 2
        text = joint.join(pieces[:half]) + "\n" + joint.join(pieces[half:])
    else:
        text = joint.join(pieces)
    if r.random() < 0.12:
        columns = m.pick(["\t", " | ", "    "])
        text = columns.join(m.label(n) for n, _ in fields) + "\n" + columns.join(v for _, v in fields)
    return text + "\n\n"


def letterhead(m: Maker) -> str:
    """Draws the top of a letter."""
    lines = [m.facility(), m.address()]
    if m.rng.random() < 0.7:
        lines.append(
            f"{m.pick(['Tel', 'Phone:', 'Tel.', 'T:'])} {m.value('phone')}"
            + (f"  Fax {m.value('phone')}" if m.rng.random() < 0.4 else "")
        )
    if m.rng.random() < 0.3:
        lines.append(
            m.pick(
                [
                    "Department of Radiology",
                    "Cardiology",
                    "CONFIDENTIAL",
                    "Division of Neurology",
                    "Consultation Report",
                ]
            )
        )
    return "\n".join(lines) + "\n\n"


def addressed(m: Maker) -> str:
    """Draws a letter's date, subject and greeting."""
    title = m.pick(["Mr. ", "Mrs. ", "Ms. ", "Miss ", "", "", ""])
    subject = f"{m.pick(['Re', 'RE', 'Regarding', 'Subject', 'In re', 'Patient'])}{m.pick([': ', ':', ' - ', '  '])}{title}{m.name(m.patient)}{m.pick(['', '   DOB ' + m.day(), ', MRN ' + m.value('number'), ' (' + m.day() + ')', ', ' + m.address().split(chr(10))[0]])}\n\n"
    greeting = f"Dear {m.pick(['Dr. ', 'Dr ', 'Doctor ', 'Mr. ', ''])}{m.mark(m.pick([m.other[1], m.other[1], ' '.join(m.other), m.other[0]]))}{m.pick([',', ':', ''])}\n\n"
    thanks = (
        f"Thank you for {m.pick(['referring', 'asking me to see', 'sending'])} {m.mark(' '.join(m.patient))}{m.pick([' to our clinic.', ' for evaluation.', ', a pleasant 54-year-old.'])} "
        if m.rng.random() < 0.4
        else ""
    )
    return (m.day() + "\n\n" if m.rng.random() < 0.5 else "") + subject + greeting + thanks


def opening(m: Maker) -> str:
    """Draws a first sentence that names the patient."""
    who, r = " ".join(m.patient), m.rng
    last_first = f"{m.patient[1]}, {m.patient[0]}"
    return m.pick(
        [
            f"{m.mark(who)} is a {r.randrange(20, 89)}-year-old {m.pick(['man', 'woman', 'male', 'female'])} who comes in today. ",
            f"This is a report on {m.mark(who)} (DOB {m.day()}), seen at {m.facility()} on {m.day()}. ",
            f"I had the pleasure of seeing {m.mark(who)} in {m.mark(m.town(), 'LOCATION')} today. ",
            f"{r.randrange(20, 89)} y/o patient of Dr. {m.mark(m.doctor[1])}, {m.mark(who)}, seen {m.day()}. ",
            f"{m.mark(last_first)}   {m.value('number')}   {m.day()}\n\n",
            f"{m.mark(last_first.upper())} ({m.value('number')})\n\n",
            f"Page 1 of 2    {m.mark(last_first)}    {m.value('number')}\n\n",
            f"I saw {m.mark(who)} at the request of {m.doctor_name()}. ",
            f"{m.mark(who)} was seen by {m.doctor_name()} and {m.mark(' '.join(m.kin))}, RN. ",
            f"Patient {m.mark(who)} was admitted to {m.facility()} from {m.mark(m.town(), 'LOCATION')}. ",
            m.pick([" / ", " // ", " | ", "   "]).join(
                [m.mark(who), m.value("number"), m.day(), m.mark(m.doctor[1])]
            )
            + "\n\n",
            f"This is Dr. {m.mark(' '.join(m.doctor))} dictating on {m.mark(who)}, date of birth {m.day()}. ",
            f"Dear {m.mark(m.other[0])},\n\nI saw {m.mark(who)} of {m.mark(m.town(), 'LOCATION')} today. ",
            f"{m.facility()}\n{m.pick(['DEPARTMENT OF IMAGING', 'OFFICE NOTE', 'Operative Note'])}\n\n{m.mark(who)}\n{m.day()}\n\n",
            f"From: {m.mark(' '.join(m.doctor))}\nTo: {m.mark(' '.join(m.other))}\nSubject: {m.mark(who)}\n\nHi {m.mark(m.other[0])},\n\n",
        ]
    )


def signoff(m: Maker) -> str:
    """Draws the end of a report."""
    who = m.name(m.doctor, formal=True)
    degree = m.pick([", MD", " MD", ", M.D.", ", DO", "", "", ", PA-C", ", RN"])
    typist = m.pick(["/ab", "/mtk", ":js", ""])
    verb = m.pick(
        [
            "Dictated by",
            "Electronically signed by",
            "Signed",
            "Signed by",
            "Verified by",
            "Read by",
            "Transcribed by",
            "Reviewed and authenticated by",
            "Authenticated",
            "Signature",
            "Prepared by",
            "DICTATED BY",
            "Interpreted by",
            "Reported by",
        ]
    )
    end = m.pick(
        [
            f"{who}{degree}{typist}",
            f"{verb}{m.pick([': ', ' ', ':'])}{who}{degree}{m.pick(['', ' on ' + m.day(), '  ' + m.day() + ' 14:05', '  D: ' + m.day()])}",
            f"Sincerely,\n\n{who}{degree}",
            f"{m.pick(['Yours sincerely', 'Best regards', 'Respectfully', 'Thank you'])},\n{m.mark(' '.join(m.doctor))}\n{m.pick(['Consultant Cardiologist', 'Department of Surgery', 'Attending Physician', 'Radiology Resident'])}",
            f"{m.pick(['_____________', '/s/', 'x______'])}{m.pick([' ', chr(10)])}{who}{degree}",
            f"D: {m.day()}  T: {m.day()}  {m.mark(m.doctor[0][0] + '. ' + m.doctor[1])}  Job# {m.value('number')}",
            "",
        ]
    )
    if m.rng.random() < 0.35:
        people = [m.doctor_name() for _ in range(m.rng.randrange(1, 4))]
        end += (
            f"\n{m.pick(['cc', 'CC', 'Copies to', 'Copy', 'cc', 'Distribution'])}{m.pick([': ', ' '])}"
            + m.pick(["; ", ", ", " / ", "\n"]).join(people)
        )
    return "\n\n" + end + "\n" if end else "\n"


_SUBJECT = re.compile(r"(?:(?<=[.!?]\s)|(?<=\n)|\A)(?:The patient|Patient|She|He|The pt)(?= [a-z])")
_WHO = re.compile(r"\b(?:the patient|her|him)(?= (?:was|is|to|has|had|and))")
_CLINICIAN = re.compile(
    r"\b(?:his|her|the) (?:primary care physician|cardiologist|doctor|physician|surgeon|oncologist|PCP)\b"
)
_KIN = re.compile(
    r"\b(?P<kin>(?:his|her|the patient's) (?:wife|husband|daughter|son|mother|father|sister|brother))\b"
)


def invented(m: Maker) -> str:
    """Makes up a brand of device: two pieces of words run together, or a made-up word."""
    first, second = m.pick(m.terms)[:5], m.pick(m.terms)[:4]
    return m.pick(
        [
            first.title() + second.title(),
            first.title() + second,
            (first + second).title() + m.pick(["", "-N", " Plus", "II"]),
        ]
    )


def body(m: Maker, text: str) -> str:
    """Names people in the prose, and adds sentences with terms that look like names and are none."""
    r = m.rng
    lower = r.random() < 0.04

    def subject(match: re.Match[str]) -> str:
        if r.random() > 0.25:
            return match.group()
        given, family = m.patient
        form = m.pick(
            [
                m.mark(given),
                m.mark(family),
                f"Mr. {m.mark(family)}",
                f"Ms. {m.mark(family)}",
                f"Mrs {m.mark(family)}",
                m.mark(f"{given} {family}"),
                f"{m.mark(given)}'s {m.pick(['mother', 'wife'])} {m.mark(m.kin[0])} says that she",
            ]
        )
        return form.lower().replace("⟦name|", "⟦NAME|") if lower else form

    text = text.replace("⟦", "[").replace("⟧", "]")
    text = _SUBJECT.sub(subject, text)
    text = _CLINICIAN.sub(
        lambda k: (
            k.group()
            if r.random() < 0.5
            else f"{m.pick(['Dr. ', 'Dr ', ''])}{m.mark(m.pick([m.other[1], ' '.join(m.other)]))}"
        ),
        text,
    )
    text = _KIN.sub(lambda k: k.group() if r.random() < 0.6 else f"{k.group('kin')} {m.mark(m.kin[0])}", text)
    extras = []
    for _ in range(r.randrange(0, 6)):
        e, n, d, t = m.pick(m.eponyms), m.pick(m.nouns), m.pick(m.drugs), m.pick(m.terms)
        extras.append(
            m.pick(
                [
                    f"{e} {n} was noted.",
                    f"The {e} {n} was used.",
                    f"{e}'s {n} is negative.",
                    f"History of {e} {n}.",
                    f"She was started on {d} 20 mg daily.",
                    f"{d} was discontinued.",
                    f"A {e} was placed.",
                    f"{e} sign negative bilaterally.",
                    f"Continue {d} and {m.pick(m.drugs)}.",
                    f"No {e} {n}, no {m.pick(m.eponyms)} {n}.",
                    f"{e}-{m.pick(m.eponyms)} {n} is suspected.",
                    f"{m.pick(HEADINGS)}:  {m.pick(REASONS)}.",
                    f"Using a {e}, the area was exposed.",
                    f"\n{r.randrange(1, 9)}.  {t.capitalize()}.\n",
                    f"\n{r.randrange(1, 9)}. {t.capitalize()} {m.pick(m.terms)}.\n",
                    f"{m.pick(HEADINGS)}:  {t.capitalize()}, {m.pick(m.terms)}.",
                    f"MEDICATIONS: {d}, {m.pick(m.drugs)}, {m.pick(m.drugs)} {r.randrange(1, 50)} mg.",
                    f"{t.capitalize()} was seen.",
                    f"\n{m.pick(OPERATIVE)}:  {m.pick(['Left', 'Right', 'Large', 'Status post', 'Bilateral'])} {t} and {m.pick(m.terms)}.\n",
                    f"\n{m.pick(OPERATIVE)}: {t.capitalize()} {m.pick(m.terms)}.\n",
                    f"\nIMPLANT:  {invented(m)} ({e}) {n}.\n",
                    f"It was closed with 2-0 {e} and 3-0 {invented(m)}.",
                    f"The {t} was opened with a {invented(m)} {n}.",
                    f"{t.upper()}:  Mild.",
                    f"The {invented(m)} {n} was used.",
                    f"The {invented(m)} was placed.",
                    f"A {r.randrange(1, 20)}-French {invented(m)} {n} was advanced.",
                    f"{e} {m.pick(['Scale', 'Inventory', 'Score', 'Test', 'Index'])}: {r.randrange(1, 40)}.",
                    f"PLAN: {m.pick(['Will', 'May', 'Continue', 'Follow', 'Start'])} {m.pick(['check labs', 'recheck', 'follow', 'need surgery'])}.",
                ]
            )
        )
        if r.random() < 0.3:
            extras.append(
                m.pick(
                    [
                        f"He lives in {m.mark(m.town(), 'LOCATION')} with {m.mark(m.kin[0])}.",
                        f"She was transferred from {m.facility()}.",
                        f"Follow up with {m.mark(' '.join(m.other))} at {m.facility()}.",
                        f"Discussed with {m.mark(m.other[1])}.",
                        f"Seen with {m.mark(m.kin[0])} ({m.pick(['son', 'friend', 'neighbor'])}).",
                        f"Spoke to {m.mark(' '.join(m.kin))} by phone.",
                        f"He works at {m.mark(m.town(), 'LOCATION')}.",
                        f"She works at a {m.pick(['bakery', 'school', 'farm', 'bank'])} in {m.mark(m.town(), 'LOCATION')}.",
                        f"{m.mark(m.kin[0])}, {m.pick(['the', 'her', 'his'])} {m.pick(['daughter', 'son', 'wife', 'brother'])}, was present.",
                        f"{m.pick(['Nurse', 'Dr.', 'Resident', 'Technician'])} {m.mark(m.other[1])} assisted.",
                        f"Per {m.mark(m.other[1])}'s note of {m.day()}, no change.",
                        f"Last seen by {m.mark(m.pick([m.other[1], ' '.join(m.other)]))} on {m.day()}.",
                        f"Prior films from {m.facility()} were compared.",
                        f"{m.mark(' '.join(m.kin))} was the surgeon then.",
                        f"{m.mark(m.other[1])}, the covering physician, was notified.",
                        f"I, {m.mark(' '.join(m.doctor))}, was present throughout.",
                        f"Transferred from {m.facility()} in {m.mark(m.town(), 'LOCATION')} on {m.day()}.",
                    ]
                )
            )
    sentences = re.split(r"(?<=[.] )", text)
    for extra in extras:
        sentences.insert(r.randrange(len(sentences) + 1), extra + " ")
    heading = m.pick(HEADINGS) + m.pick([":  ", ": ", "\n"]) if r.random() < 0.6 else ""
    return heading + "".join(sentences)


FRAMES: Sequence[Callable[[Maker, str], str]] = (
    lambda m, t: header(m) + t + signoff(m),
    lambda m, t: header(m) + t + signoff(m),
    lambda m, t: letterhead(m) + addressed(m) + t + signoff(m),
    lambda m, t: letterhead(m) + header(m) + t + signoff(m),
    lambda m, t: opening(m) + t + signoff(m),
    lambda m, t: header(m) + opening(m) + t,
    lambda m, t: t + signoff(m),
    lambda m, t: t,
)
