# ruff: noqa: E501  (templates stand as they are written into reports)
"""The people, places, forms and layouts of the sets in ``deid_fresh``; the two sets share nothing."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

MONTHS = "January February March April May June July August September October November December".split()


@dataclass(frozen=True)
class Pool:
    """All that one set draws from; people are pairs of given and family names by group, blanks belong to the name."""

    people: Mapping[str, tuple[str, str]]
    dates: Sequence[Callable[[date], str]]
    numbers: Sequence[Callable[[random.Random], str]]
    phones: Sequence[Callable[[random.Random], str]]
    mails: Sequence[Callable[[str, str], str]]
    towns: Sequence[str]
    streets: Sequence[str]
    facilities: Sequence[str]
    addresses: Sequence[str]
    headers: Mapping[str, str]
    footers: Mapping[str, str]
    mentions: Sequence[str]
    passing: Sequence[str]


def digits(form: str) -> Callable[[random.Random], str]:
    """Returns a maker of numbers: each ``#`` becomes a digit (never 0 at the start), each ``?`` a capital."""

    def make(rng: random.Random) -> str:
        text = "".join(
            str(rng.randrange(10)) if c == "#" else rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") if c == "?" else c
            for c in form
        )
        return text if text[0] != "0" else "7" + text[1:]

    return make


def phone(form: str) -> Callable[[random.Random], str]:
    """Returns a maker of phone numbers: ``a`` area, ``b`` exchange, ``c`` line."""

    def make(rng: random.Random) -> str:
        return form.format(
            a=rng.randrange(201, 989), b=rng.randrange(200, 999), c=f"{rng.randrange(10000):04d}"
        )

    return make


FRESH = Pool(
    people={
        "rare": (
            "Thaddeus; Leocadia; Ambrose; Hepzibah; Cornelius; Philippa; Orville; Winifred; Lucius; Drusilla; Emmett; Zelda; Horatio; Maribeth",
            "Quackenbush; Featherstone; Zumwalt; Yarbrough; Ketterling; Pennypacker; Throckmorton; Ziegenfuss; Killingsworth; Loughborough; Hollingshead; Birdwhistle; Crabtree; Swearingen; Teitelbaum; Vandegrift",
        ),
        "south_asian": (
            "Anirudh; Lakshmi; Venkatesh; Padmini; Harpreet; Gurdeep; Sunita; Rajeshwari; Imran; Shabnam; Tanvir; Deepika; Bhavesh; Kalyani; Jaswinder",
            "Chattopadhyay; Iyer; Ramachandran; Kaur; Dhillon; Siddiqui; Patel; Bandaranaike; Mukherjee; Rahman; Deshpande; Choudhury; Gill; Nair; Sandhu; Qureshi",
        ),
        "hispanic": (
            "Guadalupe; José Luis; María Elena; Refugio; Concepción; Heriberto; Eulalia; Ramiro; Xochitl; Anselmo; Luz; Ángel; Rosario; Santos",
            "Villaseñor Ortega; de los Santos; Zavala-Quintero; Echeverría; Montes de Oca; Nuñez Prado; Ybarra; Cisneros; del Toro; Urrutia; Peña; Garza; Ochoa Rivas; Ruiz",
        ),
        "vietnamese": (
            "Thuy; Minh Anh; Quoc; Huong; Bao; Phuong Linh; Duc; Xuan; Tuan; Ngoc Lan; Khanh; Van; My; Hai",
            "Nguyen; Phan; Dang; Huynh; Vo; Truong; Bui; Ly; Doan; Mai; Ho; To; Lam; Cao",
        ),
        "slavic": (
            "Yevgeny; Svetlana; Bogdan; Ludmila; Zbigniew; Agnieszka; Vladislav; Oksana; Miroslava; Stanislaw; Taras; Halyna; Dragan; Snezana",
            "Shevchenko; Wojciechowski; Kuznetsova; Grabowski; Jovanović; Hrushevsky; Zielińska; Dvořák; Kovalchuk; Petrosyan; Czarnecki; Bezrukov; Horvat; Mladenović",
        ),
        "celtic": (
            "Fergus; Niamh; Declan; Catriona; Padraig; Eilidh; Ruairi; Maeve; Alasdair; Deirdre; Seamus; Morag",
            "O'Dowd; McGillicuddy; MacAllister; O'Flaherty; McElroy; FitzGerald; MacDougall; O'Neil; McVey; Mac Giolla; O'Hara; MacIntyre",
        ),
        "hyphenated": (
            "Mary Beth; Anne-Marie; Jean-Luc; Billie Jo; Lou Ann; John Paul; Ella-Rose; D'Andre; La'Shay; Jo",
            "Ashby-Crane; Delacroix-Hughes; Owens-Tate; Penn-Lowery; Rice-Calloway; Hale-Whitcomb; Bright-Ekwueme; Fox-Lindgren; Knight-Osei; Sims-Baptiste",
        ),
        "words": (
            "Summer; Autumn; Chance; Major; Royal; Destiny; Trinity; Ivory; Cash; Sterling; Bliss; Precious; Prince; Justice; Haven; Clay; Cherry; Olive",
            "Bloom; Case; Head; Back; Tongue; Walker; Rush; Stroke; Fever; Stitch; Spine; Chance; Daily; Fine; Gross; Light; Major; Miles; Morrow; Rose; Sharp; Sample; Temple; Trainer; Waters; August; Friday; Summers",
        ),
        "eponyms": (
            "Virgil; Bell; Alma; Chester; Marian; Babs; Otto; Clara; Ida; Milton",
            "Meckel; Colles; Bowen; Homan; Murphy; Lynch; Sims; Allen; Harris; Whipple; Kelly; Mayo; Romberg; Tinel; Ludwig; Osler; Cooper; Jackson; Marshall; Wallace; Burch",
        ),
    },
    dates=(
        lambda d: f"{d.month}/{d.day}/{d.year}",
        lambda d: f"{d:%m/%d/%y}",
        lambda d: f"{MONTHS[d.month - 1][:3]} {d.day}, {d.year}",
        lambda d: f"{d.day} {MONTHS[d.month - 1][:3]} {d.year}",
        lambda d: f"{MONTHS[d.month - 1]} {d.day}{_th(d.day)}, {d.year}",
        lambda d: f"{d.day:02d}-{MONTHS[d.month - 1][:3].upper()}-{d:%y}",
        lambda d: f"{d:%Y-%m-%d}",
        lambda d: f"{MONTHS[d.month - 1]} {d.day} {d.year}",
        lambda d: f"{d:%a} {d.month}/{d.day}/{d:%y}",
        lambda d: f"{d.month}.{d.day}.{d:%y}",
        lambda d: f"{d:%m%d%Y}",
    ),
    numbers=tuple(
        map(
            digits,
            (
                "########",
                "MRN#######",
                "##-###-##",
                "???-#####",
                "#####-#",
                "?##-####",
                "###.###.###",
                "P######-##",
                "########?",
                "##?######",
            ),
        )
    ),
    phones=tuple(
        map(
            phone,
            (
                "{a}-{b}-{c}",
                "({a}) {b}-{c}",
                "{a}.{b}.{c}",
                "{b}-{c}",
                "+1-{a}-{b}-{c}",
                "({a})-{b}-{c}",
                "{a} {b}-{c} x41",
            ),
        )
    ),
    mails=(lambda g, f: f"{g}.{f}@mailhaven.net", lambda g, f: f"{f}{g[0]}77@clinicpost.org"),
    towns=(
        "Tuscumbia; Okanogan; Wapakoneta; Ypsilanti; Pflugerville; Schenectady; Mifflinburg; Cheboygan; Tallahatchie; Apalachicola; Waxahachie; Zephyrhills; Coeur d'Alene; Elk Grove; Big Timber; Green River"
    ).split("; "),
    streets="Larkspur; Old Mill; Cottonwood; Sycamore Bend; Fairmount; Chickasaw; 14th; Martin Luther King Jr; Quail Hollow; St. Andrews; Winding Creek; Juniper".split(
        "; "
    ),
    facilities=(
        "# Valley Medical Center; Sisters of Charity Hospital of #; # Orthopaedic Associates; St. Bartholomew's Hospital; Lakeshore Eye Institute; Northeast # Health Network; # County Memorial Hospital; "
        "Our Lady of Perpetual Help Medical Center; Pinecrest Surgical Suites; Good Shepherd Hospital - # Campus; Harrow Clinic; # Imaging & Diagnostics; VA Medical Center #; Cedar Bluff Rehabilitation"
    ).split("; "),
    addresses=(
        "{n} {s} Ln, {t}, MI {z}",
        "{n} N. {s} Ave. #{small}, {t}, Ohio {z}",
        "{small}-{small} {s} St., Bldg. C, {t} PA {z}",
        "RR {small} Box {n}, {t}, IA {z}",
        "{n} {s} Rd\n{t}, FL {z}-0{n:03d}",
        "One {s} Plaza, {t}, IL",
    ),
    headers={
        "admission": "ADMISSION RECORD\nPt. Name: <P.lfm>    Adm. No.: <acc>\nBirthdate: <born>    Unit No: <mrn>\nAdm. Phys.: <D.fci>    Adm. Date: <seen>\n\n",
        "imaging": "<place>\nDEPARTMENT OF IMAGING\n\nNAME: <P.LF>          AGE/SEX: 58/F\nEXAM NO: <acc>          MR: <mrn>\nREQ MD: <E.F>          RAD MD: <D.F>\nEXAM DATE: <seen>          DICT DATE: <next>\n\n",
        "reference": "<seen>\n\n<E.fl>, <deg>\n<place>\n<addr>\n\nRegarding:  <P.gmf>\nDate of birth:  <born>\nOur file:  <mrn>\n\nDear <E.g>,\n\nI saw <P.g> <P.f> in consultation.\n\n",
        "oneline": "<P.fl> / <mrn> / <born> / <D.f> / <seen>\n\n",
        "semi": "Pt: <P.lf>; ID: <mrn>; B: <born>; Svc date: <seen>; MD: <D.fl>; Ref: <E.fl>; Loc: <place>\n\n",
        "under": "PATIENT\n  <P.Fg>\nHOSPITAL NUMBER\n  <mrn>\nCONSULTANT\n  <D.fl>\nCLINIC DATE\n  <seen>\n\n",
        "boxed": "+----------------------------------------------+\n| Patient : <P.fl>\n| MRN     : <mrn>\n| DOB     : <born>\n| Phone   : <phone>\n| Address : <addr>\n| Surgeon : <D.fl>, <deg>\n+----------------------------------------------+\n\n",
        "dictator": "DICTATING PHYSICIAN: <D.fl>\nJOB: <job>\nDD: <seen>\nDT: <next>\nPATIENT ID#: <mrn>\nPATIENT'S NAME: <P.fl>\n\n",
        "spoken": "This is Dr. <D.fl> dictating an office note on <P.fl>, date of birth <born>, medical record number <mrn>, date of service <seen>.\n\n",
        "ehr": "<place> | Encounter #<acc>\nPatient\tProvider\tVisit date\n<P.fl>\t<D.fl>\t<seen>\nMRN <mrn> · DOB <born> · Home <phone> · <mail>\n\n",
        "hl7ish": "PID|1||<mrn>||<P.hl>||<born>|F\nPV1|1|O|CLINIC||||<D.hl>\nOBR|1|<acc>||CONSULT|||<seen>\n\n",
        "memo": "TO: <E.fl>, <deg>\nFROM: <D.fl>, <deg>\nDATE: <seen>\nSUBJECT: <P.fl> (<mrn>)\n\n<E.g>:\n\n",
        "dots": "Name ........ <P.lf>\nRecord ...... <mrn>\nBorn ........ <born>\nSeen ........ <seen>\nBy .......... <D.if>, <deg>\nAt .......... <place>\n\n",
        "referral": "REFERRING PHYSICIAN:  <E.fl>, <deg>, <place>, tel <phone>\nPATIENT:  <P.fl> of <town>\nDATE SEEN:  <seen>\n\n",
        "lowercase": "name: <P.low>\ndob: <born>\nattending: <D.lowf>\ndate of service: <seen>\nmrn: <mrn>\n\n",
        "footnote": "",
    },
    footers={
        "plain": "\n\n<D.fl>, <deg>\n",
        "caps": "\n\n<D.FL>, M.D.\n\nDD: <seen>\nDT: <next>\nJob #: <job>\n",
        "signed": "\n\nElectronically signed by <D.fl>, <deg> on <next> at 14:22\nReviewed with <E.fl>, RN\n",
        "letter": "\n\nWith kind regards,\n\n<D.g>\n\n<D.gmf>, <deg>\n<place>\ncc:  <E.fl>, <deg>\n     <K.fl>\n",
        "initials": "\n\n<D.if>/kbt\nD: <seen>  T: <next>  #<job>\n",
        "stamp": "\n\n** Final Report **\nTranscribed by: <K.if>  <next> 0915\nVerified: <D.lf>, <deg>\n",
        "attest": "\n\nI, <D.fl>, was present for the key portions. Resident: <E.fl>. Scribed by <K.g> <K.f>.\n",
        "call": "\n\nResults were phoned to Dr. <E.f> (<phone>) by <D.fl> on <seen>.\n",
        "copies": "\n\nCopies: Dr <E.fl>; Dr <K.f>; Medical Records, <place>\n",
        "page": "\n\n<P.LF>   <mrn>   Page 2 of 2\n",
        "none": "",
    },
    mentions=(
        "<P.fl>",
        "<P.g>",
        "Mr. <P.f>",
        "Ms. <P.f>",
        "Mrs. <P.fl>",
        "<P.f>",
        "Miss <P.f>",
        "Mr. <P.if>",
        "<P.g> <P.f>",
    ),
    passing=(
        "The plan was discussed with <P.g>'s sister, <K.fl>, by telephone at <phone>.",
        "Dr. <E.f> and Dr. <D.f> agree with this plan. <P.f> will return on <next>.",
        "<K.g>, the daughter, lives in <town> and will drive <P.g> home.",
        "Prior films from <place>, dated <prior>, were compared. Accession <acc>.",
        "He works at a bakery in <town>. His wife <K.g> is a teacher. PCP is <E.fl>.",
        "Case reviewed with <E.fl>, who concurs. Nurse <K.f> assisted.",
        "The patient was last seen by <E.f> on <prior>; <K.fl> was the surgeon then.",
    ),
)


def _th(day: int) -> str:
    return "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


CONFIRM = Pool(
    people={
        "korean": (
            "Ji-woo; Seung Min; Hye-jin; Dong-hyun; Eun Kyung; Sang; Young-ja; Min; Jae; Soo Yun",
            "Kim; Park; Choi; Jeong; Kang; Yoo; Shin; Ahn; Paik; Chung; Son; Hwang; Noh; Im",
        ),
        "chinese": (
            "Xiaoling; Zhi Hao; Guang; Meihua; Yifan; Qiang; Rui; Lijuan; Wen; Jing; Fei",
            "Zhang; Xu; Zhou; Ouyang; Guo; Zheng; Hsieh; Leung; Cheung; Tsai; Fong; Wu; He; An",
        ),
        "filipino": (
            "Maricel; Rodrigo; Luzviminda; Crisanto; Imelda; Bayani; Rosalinda; Eduardo; Divina; Jun",
            "Dimaculangan; Magsaysay; Bautista; Macaraeg; Tolentino; Pangilinan; Dela Rosa; San Juan; Villanueva; Catacutan",
        ),
        "african": (
            "Babajide; Folasade; Kwabena; Akosua; Thandiwe; Sipho; Abebe; Tigist; Moussa; Aminata; Obinna; Nkechi; Tariro",
            "Adeyemi; Owusu-Ansah; Nkrumah; Dlamini; Mbeki; Haile; Gebremariam; Diallo; Traoré; Okonkwo; Mutasa; Boateng; Sesay",
        ),
        "greek": (
            "Stavros; Despina; Athanasios; Kyriaki; Panagiotis; Eleftheria; Yiannis; Zoi; Kostas",
            "Papadopoulos; Karagiannis; Economou; Hatzis; Mavros; Stephanopoulos; Vlahos; Zervas; Kontos",
        ),
        "arabic": (
            "Abdulrahman; Khadija; Yousef; Maryam; Tariq; Noor; Faisal; Hanan; Ali; Jamal; Rania",
            "Al-Masri; El Sayed; Abu Khalil; Hussein; Bin Laden-Smith; Khoury; Ibrahim; Mansour; Saleh; Nasser; Aziz",
        ),
        "dutch": (
            "Geertruida; Willem; Joost; Annelies; Pieter; Femke; Cornelis; Marieke; Klaas",
            "van den Heuvel; ter Horst; de Groot; Van Buren; Vanderploeg; Hoogland; van 't Hof; Ten Eyck; Dykstra",
        ),
        "jewish": (
            "Mordechai; Shoshana; Yitzhak; Rivka; Chaim; Hadassah; Menachem; Tzipora; Avi",
            "Rabinowitz; Goldfarb; Lefkowitz; Ben-Ami; Shapiro; Katzenelson; Feingold; Zuckerbrot; Mandelbaum",
        ),
        "words": (
            "Angel; Coral; Crystal; Dale; Ernest; Fawn; Gay; Jewel; June; Lance; Merry; Pansy; Rocky; Sierra; Tad; Wade; Winter; Skip; Sonny",
            "Akers; Bolt; Bottom; Broad; Burns; Butts; Cannon; Colon; Corn; Cross; Fields; Fish; Flowers; Gland; Grow; Hair; Hope; Joint; Kidney; Lane; Lively; March; Mole; Nail; Palm; Park; Plate; Pool; Rader; Scales; Shoulders; Sickles; Speed; Stamps; Steel; Stump; Tate; Vials; Weeks",
        ),
        "eponyms": (
            "Addison; Morton; Curtis; Bright; Nelson; Duke; Harvey; Willis; Alport",
            "Hodgkins; Paget; Raynaud; Sjogren; Turner; Wilson; Crawford; Down; Gibson; Grant; Halsted; Hess; Huntington; Koch; Moro; Nelson; Phalen; Potts; Reiter; Rush; Sever; Smith-Peterson; Taylor; Wells",
        ),
        "plain": (
            "Linda; Gary; Debra; Ronald; Brenda; Jeffrey; Cheryl; Scott; Tammy; Kevin; Denise; Todd",
            "Hutchison; Stubblefield; Bergstrom; Castellano; Lafontaine; Hostetler; McQueen; Oglesby; Purcell; Rasmussen; Schaefer; Tidwell; Upchurch; Whitaker",
        ),
    },
    dates=(
        lambda d: f"{d:%m/%d/%Y}",
        lambda d: f"{d.month}-{d.day}-{d.year}",
        lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
        lambda d: f"{d.day}-{MONTHS[d.month - 1][:3]}-{d.year}",
        lambda d: f"{MONTHS[d.month - 1][:3].upper()} {d.day}, {d.year}",
        lambda d: f"{MONTHS[d.month - 1][:3]}. {d.day}, {d.year}",
        lambda d: f"{d:%A} {d.day} {MONTHS[d.month - 1]} {d.year}",
        lambda d: f"{d.day:02d}/{d.month:02d}/{d.year}" if d.day > 12 else f"{d:%Y/%m/%d}",
        lambda d: f"{d.day}{_th(d.day)} {MONTHS[d.month - 1]} {d.year}",
        lambda d: f"{d:%Y.%m.%d}",
        lambda d: f"{MONTHS[d.month - 1][:3].upper()}/{d.day:02d}/{d.year}",
        lambda d: f"{d:%d%b%Y}".upper(),
    ),
    numbers=tuple(
        map(
            digits,
            (
                "#######",
                "U########",
                "###-####-#",
                "??######",
                "##/####",
                "#########-##",
                "NM-####-####",
                "?#####?",
                "### ## ####",
                "00######",
                "##-??-#####",
            ),
        )
    ),
    phones=tuple(
        map(
            phone,
            (
                "{a}-{b}-{c}",
                "({a}) {b}-{c}",
                "{a} {b} {c}",
                "1-{a}-{b}-{c}",
                "({a}){b}-{c}",
                "{a}/{b}/{c}",
                "{a}-{b}-{c} ext 7",
                "+1 ({a}) {b}-{c}",
            ),
        )
    ),
    mails=(lambda g, f: f"{g}_{f}@postbox.example.com", lambda g, f: f"{g[0]}{f}@quickmail.co"),
    towns=(
        "Chattahoochee; Nacogdoches; Kalispell; Walla Walla; Poughkeepsie; Oconomowoc; Sault Ste. Marie; Bar Harbor; Truth or Consequences; Winnemucca; Natchitoches; Puyallup; Rio Rancho; Fond du Lac; Broken Bow"
    ).split("; "),
    streets="Magnolia; Ridgecrest; Peachtree; Hawthorne; Old Post; Wisteria; 3rd; Veterans Memorial; Saddlebrook; Ocean View; Tulip Tree; Cumberland".split(
        "; "
    ),
    facilities=(
        "# Regional Hospital; Baptist Hospital of #; # Women's Health Partners; Mount Carmel West; St. Francis-# Hospital; Riverbend Gastroenterology, PC; # Pediatric Group; Sacred Heart Health System; University Hospitals of #; "
        "Hillcrest Nursing and Rehab; Tri-County Cardiology; Providence # Clinic; Blue Ridge Neurology Center; # Outpatient Surgery Center; McKinley Veterans Home; Children's Clinic of #"
    ).split("; "),
    addresses=(
        "{n} {s} Drive, {t}, GA {z}",
        "{n} W {s} St Apt {small}B, {t}, WI {z}",
        "P. O. Box {n}, {t}, Texas {z}",
        "{n} {s} Blvd., Ste. {small}, {t} NY {z}",
        "{small} {s} Court, {t}, Ontario K1{s[0]} 1B7",
        "{n} {s} Pkwy\n{t}, AZ {z}",
    ),
    headers={
        "discharge": "DISCHARGE SUMMARY\n\nPatient:           <P.lf>\nAcct #:            <acc>\nMed. Rec. #:       <mrn>\nAdmit Date:        <prior>\nDisch Date:        <seen>\nPhysician:         <D.fl>, <deg>\n\n",
        "pathology": "SURGICAL PATHOLOGY REPORT                         Case: <acc>\nPatient: <P.LFM>            Submitting: <E.fl>, <deg>\nHosp #: <mrn>     Birth: <born>     Collected: <seen>     Received: <next>\n\n",
        "slashes": "<P.f>, <P.g> // DOB <born> // MRN <mrn> // <place> // <seen>\n\n",
        "office": "<place>\n<addr>\n<phone> (phone)  <phone> (fax)\n\nOFFICE NOTE\n\nRE: <P.Fg>      Chart: <mrn>\nDATE: <seen>\n\n",
        "gp": "Dr <E.fl>\n<addr>\n\n<seen>\n\nDear Dr <E.f>,\n\n<P.fl>, DOB: <born>, <addr>\n\nThank you for asking me to see this patient.\n\n",
        "brackets": "[Name] <P.fl> [ID] <mrn> [Date] <seen> [Doctor] <D.fl> [Hospital] <place>\n\n",
        "sentence": "I had the pleasure of seeing your patient, <P.fl>, on <seen> at <place>. As you know, <P.g> was born on <born> and lives in <town>.\n\n",
        "xml": '‹patient name="<P.fl>" mrn="<mrn>" birth="<born>"/›\n‹author›<D.fl>‹/author›\n‹facility›<place>‹/facility›\n\n',
        "json": '{"patient": "<P.fl>", "mrn": "<mrn>", "birthDate": "<born>", "performer": "Dr. <D.fl>", "effective": "<seen>"}\n\n',
        "cover": "FROM THE OFFICE OF <D.FL>, M.D.\nPATIENT: <P.FL>\nSS#: <mrn>\nDATE OF EVALUATION: <seen>\nREFERRED BY: <E.FL>, M.D.\n\n",
        "operative": "Operative Note\nDate of Procedure: <seen>\nPreop Nurse: <K.fl>\nSurgeon(s): <D.fl>, <deg>; <E.fl>, <deg>\nAnesthesia: <K.if>, CRNA\nPatient Name/ID: <P.fl> / <mrn>\n\n",
        "id": "MRN: <mrn>\nVISIT: <acc>\nADMITTED: <seen>\nNAME: <P.fl>\nNEXT OF KIN: <K.fl> (<phone>)\nEMAIL: <mail>\nINSURED: <K.lf>\n\n",
        "wide": "Patient Name: <P.fl>  Medical Record: <mrn>  Sex: M  Date of Birth: <born>  PCP: <E.f>, <E.g>  Visit: <seen>\n\n",
        "dashes": "- Patient: <P.fl>\n- Date: <seen>\n- Clinician: <D.fl>, <deg>\n- Facility: <place>\n- Record: <mrn>\n\n",
        "name_only": "<P.fl>\n<seen>\n\n",
        "empty": "",
    },
    footers={
        "sincerely": "\n\nSincerely,\n\n\n<D.fl>\nAttending Physician\n",
        "tx": "\n\nDictated By: <D.FL>, MD\n<job>\nDD: <seen> DT: <next> TR: <K.if>\n",
        "authenticated": "\n\nAuthenticated by <D.fl>, <deg> On <next> 07:41:00 AM\n",
        "cosign": "\n\nPrepared by <K.fl>, PA-C. Cosigned: <D.fl>, <deg>, <next>.\n",
        "codes": "\n\n<D.f>:mlk  <job>  D:<seen>  T:<next>\n",
        "reading": "\n\nInterpreting radiologist: <D.fl>\nTechnologist: <K.g> <K.f>\nFinalized: <next> 16:02\n",
        "thanks": "\n\nThank you for allowing us to take part in the care of <P.fl>. Please call <phone> with questions.\n<D.gmf>, <deg>\n",
        "ccs": "\n\ncc: <E.fl>, <deg>, <place>; <K.if>\n",
        "bottom": "\n\nPatient: <P.fl> MRN: <mrn> Printed <next> by <K.low>\n",
        "line": "\n\n______________________________\n<D.fl> <deg>      <seen>\n",
        "none": "",
    },
    mentions=("<P.g>", "Mrs. <P.f>", "<P.fl>", "Mr. <P.fl>", "<P.f>", "Ms. <P.if>", "Mr. <P.f>", "<P.gmf>"),
    passing=(
        "Her mother, <K.fl>, consented by phone (<phone>) on <seen>.",
        "<E.f>, the covering physician, was notified; <P.g> is to see him at <place> on <next>.",
        "Transferred from <place> in <town> on <prior>. Sister <K.g> is at the bedside.",
        "I spoke with Dr. <E.fl> and with <K.g> <K.f>, the patient's brother.",
        "Will follow up with <E.fl> at <place>, phone <phone>.",
        "Patient's husband <K.g> and son <E.g> were present. Dr. <D.f> answered all questions.",
        "Per <E.f>'s note of <prior>, <P.f> had declined surgery.",
    ),
)

POOLS = {"fresh": FRESH, "confirm": CONFIRM}
