# ruff: noqa: E501  (texts stand as they are written into reports)
"""The half of the made-up cases that rules were never tuned on: its names, forms, headers and footers.

Only totals of this half may be looked at while rules change; see ``deid_cases``.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

MONTHS = "January February March April May June July August September October November December".split()

GIVEN_WORDS = "Mason Hunter Cliff Forest Glen Heath Ivy Hazel Holly Honey Jasmine Melody Misty Opal Paris Reed Star Storm Tiffany Woody".split()
FAMILY_WORDS = (
    "Stout Pale Blood Fallon Bright Hardy Noble Gentle Bass Crisp Fairchild Longest Patient Legg Hipp Shinn Cheek Blank"
    " Wall Glass Marsh Frost Snow Down Down Hunt Gaucher Wernicke Colles Apgar Kegel Doppler Penrose Babinski"
).split()
SOUNDS = {
    "gulf": ("Ras Sul Zay Khal Nas Mun Yus Hud", "a i u", "eed tan nab iya rah deen"),
    "maori": ("Whi Ran Aro Te Hine Mana Pou Tama", "a e o", "ngi hau roa kura whai"),
    "armenian": ("Har Vah Ara Gev Nar Tig Ani", "a u e", "ryan gossian utyun tikyan sian"),
    "baltic": ("Dzi Lai Vai Rū Gied Jur Ži Šar", "n m d", "tars ētis aitė kienė iūnas ova"),
    "welsh": ("Llew Gwyn Rhy Blodw Caer Ang", "e y w", "ellyn wen dydd thog nor"),
    "tamil": ("Kri Shan Mee Venk Sub Arul", "a i u", "nathan rajan kumari vel swamy lakshmi"),
}
GIVEN = "Li J.R. DeShawn LaToya Mary-Jo Xiuying Abd Ngozi Małgorzata Jesús Björn Zoë Ana-Lucía Wm. Oluwaseun Hyun-woo Aoife Saoirse".split()
FAMILY = [
    "McDonough",
    "MacLeod",
    "O'Shaughnessy",
    "García Márquez",
    "van der Merwe",
    "al-Rashid",
    "Wei",
    "Smith Jr.",
    "Tran",
    "de la Cruz",
    "Ó Briain",
    "Müller-Lüdenscheidt",
    "Ng",
    "Yoon",
    "Bartoszewski",
    "Achterberg",
    "Kipchoge",
    "Santangelo",
]

DATES: Sequence[Callable[[date], str]] = (
    lambda d: f"{d.day:02d}.{d.month:02d}.{d.year}",
    lambda d: f"{d.day:02d}/{MONTHS[d.month - 1][:3]}/{d.year}",
    lambda d: f"{MONTHS[d.month - 1].upper()} {d.day}, {d.year}",
    lambda d: f"{d:%Y%m%d}",
    lambda d: f"{MONTHS[d.month - 1][:3]}-{d.day:02d}-{d.year}",
    lambda d: f"{d.month}-{d.day}-{d:%y}",
    lambda d: f"{d:%A}, {MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{MONTHS[d.month - 1][:3]} {d.day:02d}, {d.year}",
)
NUMBERS: Sequence[Callable[[random.Random], str]] = (
    lambda r: f"{r.randrange(10**9, 10**10)}",
    lambda r: f"RAD-{r.randrange(10, 24)}-{r.randrange(10**5, 10**6)}",
    lambda r: f"{r.randrange(100, 999)} {r.randrange(100, 999)} {r.randrange(1000, 9999)}",
    lambda r: f"M{r.randrange(10**8, 10**9)}",
    lambda r: f"{r.randrange(1000, 9999)}-{r.randrange(1000, 9999)}",
    lambda r: f"X{r.randrange(10, 99)}/{r.randrange(10**4, 10**5)}",
    lambda r: f"{r.randrange(10**4, 10**5)}",
)
PHONES: Sequence[Callable[[int, int, int], str]] = (
    lambda a, b, c: f"+44 20 {a + 7000} {c}",
    lambda a, b, c: f"({a}) {b} {c}",
    lambda a, b, c: f"{a}-{b}-{c} ext. {b % 90 + 10}",
    lambda a, b, c: f"1 ({a}) {b}-{c}",
    lambda a, b, c: f"{a}{b}{c}",
)
FACILITIES = (
    "Infirmary",
    "Nursing Home",
    "Outpatient Surgery Center",
    "Cancer Institute",
    "Veterans Hospital",
    "Health Clinic",
)
ADDRESSES: Sequence[Callable[[int, str, str], str]] = (
    lambda n, s, p: f"{n % 900} {s} Avenue, Suite {n % 80}, {p}, California {90000 + n % 9000}",
    lambda n, s, p: f"{n} Old {s} Rd., {p}, MN {55000 + n % 900}",
    lambda n, s, p: f"{n % 90} {s} Crescent, {p}, SW{n % 9}A 1AA",
    lambda n, s, p: f"{n} County Road {n % 90}, {p}, GA {30000 + n % 900}",
)


def _upper(facts: Any) -> str:
    return f"{facts.family}, {facts.given}".upper()


HEADERS: Mapping[str, Callable[[Any], str]] = {
    "banner": lambda f: (
        f"{f.n(_upper(f))}  (MRN {f.i()})  F  67yo  DOB: {f.d(f.born)}   Acct: {f.i()}\nAdm: {f.d(f.seen)}  Attending: {f.n(f.doctor[1])}\n\n"
    ),
    "padded": lambda f: (
        f"REPORT OF CONSULTATION\n\nNAME            : {f.n(f'{f.given} {f.family}')}\nRECORD NO       : {f.i()}\nPHYSICIAN       : {f.n(' '.join(f.doctor))}, M.D.\nDATE            : {f.d(f.seen)}\n\n"
    ),
    "fax": lambda f: (
        f"FAX TRANSMITTAL\nTo: Dr. {f.n(' '.join(f.other))}   Fax: {f.p()}\nFrom: {f.n(' '.join(f.doctor))}, {f.at()}\nRe: patient {f.n(f'{f.given} {f.family}')} (dob {f.d(f.born)})\n\n"
    ),
    "radiology": lambda f: (
        f"EXAM DATE/TIME: {f.d(f.seen)} 08:15\nPATIENT: {f.n(_upper(f))}\nPATIENT ID: {f.i()}\nREFERRING: DR {f.n(f.other[1].upper())}\nACCESSION: {f.i()}\n\n"
    ),
    "paged": lambda f: (
        f"Page 1 of 2     {f.n(f'{f.family}, {f.given}')}     MRN #{f.i()}\n{f.at()}, {f.a()}\n\nDate of dictation: {f.d(f.seen)}\n\n"
    ),
    "telegram": lambda f: (
        f"67 y/o pt of Dr. {f.n(f.other[1])}, MR# {f.i()}, {f.n(f'{f.given} {f.family}')}, seen {f.d(f.seen)} @ {f.at()}.\n\n"
    ),
    "tagged": lambda f: (
        f"<PatientName>{f.n(f'{f.family}^{f.given}')}</PatientName>\n<PatientID>{f.i()}</PatientID>\n<BirthDate>{f.d(f.born)}</BirthDate>\n<ReferringPhysician>{f.n(' '.join(f.other))}</ReferringPhysician>\n\n"
    ),
    "columns": lambda f: (
        f"Patient: {f.n(f'{f.given} {f.family}')}            Physician: {f.n(' '.join(f.doctor))}, MD\nDOB: {f.d(f.born)}                     Date: {f.d(f.seen)}\nTel: {f.p()}               Hospital: {f.at()}\n\n"
    ),
    "british": lambda f: (
        f"NHS No: {f.i()}  Hospital No: {f.i()}\nGP: Dr {f.n(' '.join(f.other))}\nConsultant: Mr {f.n(' '.join(f.doctor))}\n\nDear Dr {f.n(f.other[1])}\n\n"
        f"Re: Mrs {f.n(f'{f.given} {f.family.upper()}')}, DOB {f.d(f.born)}, {f.a()}\n\n"
    ),
}
FOOTERS: Mapping[str, Callable[[Any], str]] = {
    "yours": lambda f: f"\n\nYours sincerely\n\nDr {f.n(' '.join(f.doctor))}\nConsultant Cardiologist\n",
    "hours": lambda f: (
        f"\n\nReviewed and electronically authenticated: {f.n(' '.join(f.doctor))} {f.d(f.seen)} 1405 hrs\n"
    ),
    "dt": lambda f: (
        f"\n\n{f.n(' '.join(f.doctor))}, MD\nD: {f.d(f.seen)} 10:11  T: {f.d(f.seen + timedelta(2))} 08:00  /xyz  {f.i()}\n"
    ),
    "signature": lambda f: (
        f"\n\nSignature: {f.n(f'{f.doctor[0]} {f.doctor[1]}')}     Date: {f.d(f.seen)}\nCC: {f.n(' '.join(f.other))} / {f.n(f.doctor[1])}\n"
    ),
    "resident": lambda f: (
        f"\n\nResident: {f.n(f.other[1])}. I, {f.n(' '.join(f.doctor))}, have reviewed the images and agree.\n"
    ),
    "assistant": lambda f: (
        f"\n\nThis was dictated with Dr. {f.n(' '.join(f.doctor))} in the room. Scribe {f.n(f.other[0])}.\n"
    ),
}
MENTIONS: Sequence[Callable[[Any], str]] = (
    lambda f: f"Miss {f.n(f.family)}",
    lambda f: f.n(f"{f.given} {f.family}"),
    lambda f: f.n(f.family),
    lambda f: f.n(f.given),
    lambda f: f"{f.n(f.given)}'s mother, {f.n(f.other[0])}, says the patient",
    lambda f: f"Per Dr. {f.n(f.other[1])}, the patient",
    lambda f: f"MR. {f.n(f.family.upper())}",
)
