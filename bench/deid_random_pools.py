# ruff: noqa: E501  (one entry a line where it helps reading)
"""What ``deid_random`` draws from: two halves that share no label, layout, name, number or date form."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

MONTHS = "January February March April May June July August September October November December".split()


@dataclass(frozen=True)
class Half:
    """Everything one half draws from; ``#`` is a digit, ``?`` a capital, ``%`` a small letter in a form."""

    given: Sequence[str]
    family: Sequence[str]
    names: Sequence[str]
    labels: Mapping[str, Sequence[str]]
    plain: Mapping[str, Sequence[str]]
    separators: Sequence[str]
    layouts: Sequence[str]
    numbers: Sequence[str]
    phones: Sequence[str]
    dates: Sequence[Callable[[date], str]]
    streets: Sequence[str]
    towns: Sequence[str]
    facilities: Sequence[str]
    mails: Sequence[str]
    titles: Sequence[str]
    endings: Sequence[str]
    mentions: Sequence[str]
    passing: Sequence[str]


def _w(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


OPEN = Half(
    given=_w(
        "Aoibheann; Benedikt; Corazon; Demetrius; Esperanza; Fyodor; Gwendolyn; Hamza; Itzel; Jamal; Kaapo; Lorenzo; Marguerite; Nkechi; Obadiah; Parvati; Quentin; Rukmini; Shizuka; Tevita; Ulrike; Vusumuzi; Wendell; Ximena; Yannick; Zuleika; James; Mary; Linda; Melody; Sandy; Pearl; Woody; Robin; Mary Ann; Jean-Paul; Lou"
    ),
    family=_w(
        "Abernathy; Baptiste; Cavendish; Dombrowski; Eriksen; Fitzwilliam; Gutierrez; Haldane; Ivanov; Jaramillo; Kowalski; Llewellyn; Mbeki; Nakagawa; O'Callaghan; Papadopoulos; Quigley; Rasmussen; Subramanian; Tupou; Underhill; Villanueva; Wojtowicz; Xiong; Yamamoto; Zabriskie; Smith; Jones; Marsh; Berry; Moon; Bolt; Lance; Parker-Reed; van Houten; de Vries; Al-Masri; Le; Kim; St. James; McCrae; Hooker; Lamb"
    ),
    names=_w("fl; l, f; L, F; l, f m; fml; i. l; l, i.; FL; f m. l; L F; l f; fl jr"),
    labels={
        "patient": _w(
            "Patient; Pt Name; Patient Name; Name; Name of Pt; Pat.; Patient (Last, First); Client; Individual; Person Served; Pt"
        ),
        "doctor": _w(
            "Attending; Physician; Requesting Clinician; Ref. Prov.; Ordering; Dictating Dr; Responsible MD; Surgeon of Record; Read By; Authored By; Primary Care; Provider of Service; Consulting; Electronically authenticated by; Referring; MD; Dr; Admitting Phys; PCP name; Clinician in charge"
        ),
        "dob": _w("DOB; Date of Birth; Birth Date; Born; D.O.B.; Birth Dt; Bdate; Pt DOB"),
        "date": _w(
            "Date; Date of Service; DOS; Visit Dt; Encounter Date; Seen On; Exam Performed; Date/Time of Exam; Svc Dt; Admit Dt; Report Dt; Date Seen"
        ),
        "mrn": _w(
            "MRN; Med Rec #; Record Number; Patient ID; Chart; MR No.; Hosp. #; Unit No; Reg No; File; Case Nbr; Pt #"
        ),
        "acct": _w(
            "Acct; Account #; Visit ID; Accession; Encounter #; FIN; Order #; Study No.; CSN; Claim; Job; Document ID; Acc."
        ),
        "phone": _w("Phone; Tel; Ph.; Home Tel; Contact #; Telephone; Cell; Call Back; Office Ph; Pager"),
        "addr": _w("Address; Home Address; Addr; Pt Address; Resides At; Mailing Addr; Street"),
        "facility": _w(
            "Facility; Location; Hospital; Clinic; Site; Performed At; Practice; Institution; Service Location; Organization"
        ),
        "mail": _w("Email; E-mail; Contact; Patient e-mail"),
        "kin": _w("Next of Kin; Emergency Contact; Guarantor; Guardian; NOK; Responsible Party"),
    },
    plain={
        "Sex": _w("M; F; Male; Female"),
        "Age": _w("47; 63 y; 8 years; 72Y"),
        "Dept": _w("Cardiology; Radiology; Internal Medicine; General Surgery"),
        "Exam": _w(
            "CT Abdomen with Contrast; MRI Brain; Chest Two Views; Transthoracic Echocardiogram; Sleep Study"
        ),
        "Reason": _w(
            "Chest pain; Follow up; Left knee pain; Shortness of breath; Bell palsy; Rule out Crohn disease"
        ),
        "Status": _w("Final; Preliminary; Routine; STAT; Inpatient"),
        "Allergies": _w("NKDA; Penicillin; Sulfa; Latex"),
    },
    separators=(": ", ":", " - ", "  ", " : ", ":   ", " = ", "....", " > ", ":\t"),
    layouts=_w(
        "lines; inline pipes; two columns; padded; label above; xml; csv; hl7; unlabeled; letterhead; bracketed; numbered; sentence"
    ),
    numbers=_w(
        "#######; ?######; ??-#####; ###-##-####; ## ## ## ##; ###/####; ####-?-##; A#?####; #########; %%####; ###.####; E########; #####; ??##/#####"
    ),
    phones=_w(
        "###-###-####; (###) ###-####; ###.###.####; +1 ### ### ####; ### ### #### x###; ###-#### ; +44 ## #### ####; (###)###-####, ext. ##"
    ),
    dates=(
        lambda d: f"{d:%m/%d/%Y}",
        lambda d: f"{d.month}/{d.day}/{d:%y}",
        lambda d: f"{d:%Y-%m-%d}",
        lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
        lambda d: f"{d.day}-{MONTHS[d.month - 1][:3]}-{d.year}",
        lambda d: f"{d:%d.%m.%Y}",
        lambda d: f"{d:%Y%m%d}",
        lambda d: f"{MONTHS[d.month - 1][:3].upper()} {d.day:02d} {d.year}",
        lambda d: f"{d:%A}, {d.day} {MONTHS[d.month - 1]} {d.year}",
        lambda d: f"{d:%m-%d-%y}",
    ),
    streets=_w(
        "{n} {s} Street; {n} {s} Ave; {n} N. {s} Blvd, Apt {k}; {n} {s} Ln #{k}; PO Box {n}; {n} {s} Court, Unit {k}B; Rural Route {k} Box {n}"
    ),
    towns=_w(
        "Wexford; Sulphur Springs; East Haverly; Kirkmoor; Los Alisos; Mount Dorran; Pellston; Quarry Bend; Port Ansel; Tamarisk"
    ),
    facilities=_w(
        "{t} General Hospital; {t} Medical Center; St. {l}'s Hospital; {l} Clinic; {t} Family Health; Center for Wellness of {t}; {l} & {m} Orthopaedics; {t} Imaging Associates; Mercy {t}; The {l} Institute; VA {t}; {t} Surgery Center; {l}-{m} Memorial; {t} Urgent Care"
    ),
    mails=_w("{f}.{l}@mailhub.org; {l}##@webpost.net; {f}_{l}@clinic-{t}.com; {f}@{t}health.org"),
    titles=_w("CONSULTATION REPORT; RADIOLOGY REPORT; Progress Note; Discharge Summary; ; ; OPERATIVE NOTE"),
    endings=(
        "\n\n<D.fl>, MD\nElectronically signed <seen> 14:05",
        "\n\nDictated: <seen>  Transcribed: <next>  By: <E.fl>\nDoc #<acct>",
        "\n\nSincerely,\n\n<D.fl>, <deg>\n<facility>\n<phone>",
        "\n\nSigned: <D.fl> <deg> on <seen>\ncc: Dr. <E.fl>; <K.fl>",
        "\n\n___________________\n<D.fl>\n<D.il>/<low>  <acct>",
        "\n\nThank you for referring <P.fl> to our clinic.\nBest regards,\n<D.f> <D.l>",
        "\n\n*** Final Report ***\nInterpreting Physician: <D.L, F>\nReviewed by: <E.l, f>, <next>",
        "\n\n<D.l>/<low>\nD: <seen> T: <next>\n<acct>",
        "",
        "",
    ),
    mentions=("<P.l>", "Mr. <P.l>", "<P.fl>", "Mrs. <P.l>", "<P.f>", "Ms. <P.fl>", "Patient <P.l>"),
    passing=(
        "Discussed with Dr. <E.l> by phone at <phone>.",
        "Records were requested from <facility>.",
        "<K.f>, the daughter, was present and may be reached at <phone>.",
        "Follow up with <E.fl>, MD, on <next>.",
        "The case was reviewed with <E.il> on <prior>.",
        "She lives in <town> with her son <K.f>.",
        "Prior study of <prior> at <facility> was compared.",
    ),
)

CLOSED = Half(
    given=_w(
        "Amadou; Bronwyn; Cosimo; Dorothea; Eberhard; Finnian; Giselle; Hyacinth; Ichiro; Juanita; Kirsten; Laszlo; Mireille; Nikolai; Oluchi; Prudence; Rafferty; Saskia; Tomasina; Umberto; Vaughn; Wilhelmina; Yasmin; Zephaniah; John; Nancy; Karen; Brandy; Misty; Heath; Colt; Jasmine; Billy Ray; Ana Sofia; Bo"
    ),
    family=_w(
        "Ashworthy; Bjornstad; Castellanos; Dragomir; Ellingsworth; Fujimoto; Gonzaga; Hathaway; Iwu; Jankowski; Kavanagh; Lindgren; Montoya; Njoroge; Oyelowo; Pemberton; Ravindran; Stavros; Thibodeaux; Uribe; Vasquez; Winterbourne; Yoshida; Zimmerman; Williams; Davis; Frost; Bass; Steel; Pill; Dunn-Abbey; ter Horst; Di Napoli; El-Sayed; Wu; Pak; O'Toole; MacBride; Gates; Bird"
    ),
    names=_w('fl; L, F M; l,f; f i. l; l f; I L; FL; L/F; f l (m); l, f "n"; fl iii; l, mr. f'),
    labels={
        "patient": _w(
            "PATIENT IDENTIFICATION; Pt.; Nm; Subject Name; Examinee; Full Legal Name; Surname/Forename; Resident; Member; Patient's Full Name; Beneficiary Name; Who"
        ),
        "doctor": _w(
            "Attg; Signing Provider; Physician Responsible; Req. by; Reporting Consultant; Performing Practitioner; Treating Clinician; Refd by; Interpreted By; Staff; Dict; Author of Note; Operating Team Lead; Family Doctor; Sent by; Ord Prov; Approving Pathologist; Copies; Accepting MD"
        ),
        "dob": _w("Birthdate; D/O/B; Date Born; Birth Day; DoB (mm/dd/yy); YOB/DOB; B.D."),
        "date": _w(
            "Dt; Date of Procedure; Examined; Service Dt; When Performed; Dictation Date; Collected On; Appt; Date of Encounter; Order Placed; Entry Date; Event Dt"
        ),
        "mrn": _w(
            "MedRec; Hospital Number; Identifier; URN; Pt Ident; M.R.N.; Registration; EMPI; Chart ID; Patient Number; Record; Ref"
        ),
        "acct": _w(
            "Bill No; Episode; Requisition; Exam ID; Visit; Specimen; Confirmation; Dictation Job; Report Ref; Series; Access. Nr; Booking; Policy"
        ),
        "phone": _w(
            "Ph; Mobile; Tel. No.; Reachable At; Daytime; Telephone Nr; Contact Number; Beeper; Landline"
        ),
        "addr": _w("Lives at; Residence; Postal Address; Home; Domicile; Patient Address; Street/City"),
        "facility": _w(
            "Hosp; Performing Site; Campus; Center; Facility Name; Where Seen; Department Location; Treating Facility; Entity; Org"
        ),
        "mail": _w("EMAIL ADDR; Electronic Mail; mail; E-Mail Address"),
        "kin": _w("Relative; In Case of Emergency; Spouse/Partner; Contact Person; Caregiver; Subscriber"),
    },
    plain={
        "Gender": _w("male; FEMALE; f; m"),
        "Years": _w("51; 34 yrs; 6 mo; 80"),
        "Service": _w("Orthopedics; Neurology; Emergency Medicine; Pulmonary"),
        "Study": _w(
            "Ultrasound Thyroid; Bone Density; X-Ray Right Wrist; Nuclear Stress Test; EEG Awake and Asleep"
        ),
        "Indication": _w("Abdominal pain; Headache; Syncope; Weight loss; Graves disease; Baker cyst"),
        "Priority": _w("Urgent; Normal; Addendum; Outpatient; Complete"),
        "Contrast": _w("None; Omnipaque 350; Gadavist"),
    },
    separators=(" | ", ": ", " -- ", " => ", " :: ", "\t", ".......: ", " ~ ", ":  ", " "),
    layouts=_w(
        "table; three columns; values first; json; semicolon; right column; starred; label above; dotted; continuous; banner; slash; lines"
    ),
    numbers=_w(
        "##-##-##; ????####; ###-####; #### ####; #/#######; ##?#####; ?-######-#; %######; ##########; ###-?????; ######/##; ?#?#?#?#; #####-###; ##.###.###"
    ),
    phones=_w(
        "### ### ####; 1-###-###-####; (###) ### ####; ###/###-####; ##########; +49 ### #######; ###-###-#### ext ####; 0## #### ####; 1.###.###.####"
    ),
    dates=(
        lambda d: f"{d.month}-{d.day}-{d.year}",
        lambda d: f"{d.day} {MONTHS[d.month - 1][:3]} {d.year}",
        lambda d: f"{MONTHS[d.month - 1][:3]}. {d.day}, {d.year}",
        lambda d: f"{d.day:02d}{MONTHS[d.month - 1][:3].upper()}{d:%y}",
        lambda d: f"{d:%Y/%m/%d}",
        lambda d: f"{d.month}.{d.day}.{d.year}",
        lambda d: f"{MONTHS[d.month - 1].upper()} {d.day} {d.year}",
        lambda d: f"{d:%d-%m-%Y}" if d.day > 12 else f"{d:%m-%d-%Y}",
        lambda d: f"{d:%a} {MONTHS[d.month - 1][:3]} {d.day} {d.year}",
        lambda d: f"{d.month}/{d.day:02d}/{d.year}",
    ),
    streets=_w(
        "{n} {s} Rd; {n} {s} Way, Suite {k}; {n} West {s} Parkway; {n} {s} Terrace; {n}-{k} {s} Sq; Flat {k}, {n} {s} Gardens; {n} SE {s} Hwy; {n} Highway {k}"
    ),
    towns=_w(
        "Corvane; Silver Hollow; North Pemsey; Ardlington; San Belisario; Lake Torvald; Haskelburg; Dry Fork; Fort Merrin; Oleander"
    ),
    facilities=_w(
        "{t} Regional Hospital; {t} Health Center; Saint {l} Medical Center; {l} Eye Care; {t} Community Clinic; Hospital of {t}; {l}, {m} and Partners; {t} Heart and Vascular; Sacred Heart {t}; {l} Cancer Pavilion; Kindred {t}; {t} Outpatient Pavilion; {t} Children's; Northside {t} Campus"
    ),
    mails=_w("{l}.{f}@inboxly.com; {f}{l}##@letterbox.co.uk; dr.{l}@{t}-med.edu; {f}-{l}@homemail.us"),
    titles=_w("HISTORY AND PHYSICAL; Imaging Result; Clinic Visit; PATHOLOGY; ; ; Letter"),
    endings=(
        "\n\n[<D.fl> - <seen> 09:41]",
        "\n\nAuthor: <D.l, f> <deg>\nFiled: <seen> | Note Time: 1530 | Ref <acct>",
        "\n\nWith kind regards\n\n<D.i. l>\n<town>, <seen>\nTel. <phone>",
        "\n\nReport approved <next> by <D.FL>\nTypist <E.fl>",
        "\n\n~ <D.fl>, <deg> ~\nDistribution: <E.fl>, <K.fl>, file",
        "\n\nI have personally reviewed this study. <D.fl>.\nResident: <E.fl>",
        "\n\n<D.fl> <deg> (<acct>)\n<facility> - <addr>",
        "\n\nvoice file <acct>\n<D.fi>:<low>\n<seen>/<next>",
        "",
        "",
    ),
    mentions=("<P.l>", "Mrs. <P.l>", "<P.f>", "Mr. <P.fl>", "Miss <P.l>", "<P.f> <P.l>", "Our patient <P.f>"),
    passing=(
        "I called <E.fl> at <phone> and left a message.",
        "<K.fl>, his wife, gave the history.",
        "Outside films from <facility> dated <prior> were available.",
        "He was transferred from <facility>, <town>, on <prior>.",
        "The referring doctor, <E.fl>, was informed.",
        "Will see Dr. <E.f> <E.l> in <town> next week.",
        "Care was handed over to nurse <E.l> at 19:00.",
    ),
)
HALVES: Mapping[str, Half] = {"open": OPEN, "closed": CLOSED}
