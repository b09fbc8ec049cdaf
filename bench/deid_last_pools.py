# ruff: noqa: E501  (templates stand as they are written into reports)
"""The third set of ``deid_fresh``: written after the rules for the first two, run for totals only."""

from bench.deid_fresh_pools import MONTHS, Pool, digits, phone

LAST = Pool(
    people={
        "nordic": (
            "Torbjørn; Solveig; Aksel; Ragnhild; Jukka; Päivi; Guðrún; Einar; Mette; Henrik",
            "Kristoffersen; Hämäläinen; Magnúsdóttir; Bjerke; Lindqvist; Østergaard; Virtanen; Halvorsen; Nygaard; Sørensen",
        ),
        "italian": (
            "Gianluca; Concetta; Salvatore; Filomena; Rocco; Donatella; Carmine; Immacolata",
            "DiGiovanni; Lo Presti; De Luca; Mastroianni; D'Agostino; Quattrocchi; Bevilacqua; Della Rocca; Iannuzzi",
        ),
        "portuguese": (
            "Thiago; Fernanda; João Pedro; Graça; Wellington; Rosângela; Nuno; Inês",
            "Gonçalves; dos Reis; Figueiredo; Albuquerque; de Souza Lima; Teixeira; Cavalcanti; Vasconcelos",
        ),
        "turkish": (
            "Emre; Zeynep; Orhan; Gülşen; Cem; Aylin; Mustafa; Havva",
            "Yıldırım; Karaca; Demirtaş; Aksoy; Öztürk; Uzun; Şimşek; Çetinkaya",
        ),
        "hawaiian": (
            "Kealoha; Leilani; Keanu; Malia; Tavita; Sina; Ioane; Nalani",
            "Kamaka; Kahananui; Tuiasosopo; Faleafa; Akana; Makoa; Leavitt-Kai; Tauiliili",
        ),
        "native": (
            "Winona; Chayton; Tallulah; Dyani; Wes; Delbert; Verna; Arlo",
            "Begay; Tsosie; Yellowhair; Two Bulls; Redcloud; Nez; Bearheart; Whitehorse; Manygoats",
        ),
        "southern": (
            "Bubba; Earlene; Otis; Lurleen; J.T.; Mae Ella; Roscoe; Velma; Cletus; R. Wayne",
            "Honeycutt; Ledbetter; Culpepper; Boatwright; Loveless; Easterling; Gillespie; Blankenship; St. John; Treadaway",
        ),
        "words": (
            "Sage; Rusty; Happy; Ocean; Liberty; Blaze; Jade; Cricket; Star; Skye; Lark; Forest; Ransom; True",
            "Bone; Cough; Hurt; Payne; Rash; Sweat; Looney; Boozer; Beer; Drinkwater; Goodnight; Toothaker; Gentry; Hand; Shoulder; Elbow; Belcher; Lump; Pickle; Sugar; Salt; Sunday; July; December; Winterbottom",
        ),
        "eponyms": (
            "Ellis; Ross; Logan; Austin; Murray; Tyrell; Cole; Bruce",
            "Babinski; Kernig; Charcot; Trousseau; Murphy; Foley; Penrose; Allis; Adson; Kocher; Gleason; Barrett; Heller; Nissen; Dix; Bankart; Hill; Swan; Doppler; Holter",
        ),
        "common": (
            "Robert; Susan; Kenneth; Donna; Larry; Carolyn; Dennis; Janet; Keith; Pamela",
            "Thompson; Robinson; Mitchell; Campbell; Peterson; Richardson; Henderson; Coleman; Simmons; Patterson",
        ),
    },
    dates=(
        lambda d: f"{d.month}/{d.day}/{d:%y}",
        lambda d: f"{d:%m-%d-%Y}",
        lambda d: f"{MONTHS[d.month - 1]} {d.day:02d}, {d.year}",
        lambda d: f"{d.day} {MONTHS[d.month - 1]}, {d.year}",
        lambda d: f"{MONTHS[d.month - 1][:3]}-{d.day}-{d:%y}",
        lambda d: f"{d:%d/%m/%Y}" if d.day > 12 else f"{d:%m/%d/%Y}",
        lambda d: f"{d:%Y%m%d}",
        lambda d: f"{d:%A}, {MONTHS[d.month - 1][:3]} {d.day}, {d.year}",
        lambda d: f"{d.month} / {d.day} / {d.year}",
        lambda d: (
            f"{MONTHS[d.month - 1][:4]}. {d.day} {d.year}" if d.month == 9 else f"{d:%b} {d.day} {d.year}"
        ),
        lambda d: f"{d:%Y-%m-%d}T{d.month + 8:02d}:15",
    ),
    numbers=tuple(
        map(
            digits,
            (
                "#########",
                "A##-#####",
                "#-###-###",
                "????####",
                "######",
                "MC.######",
                "##-#######",
                "X########",
                "###-##-####",
                "KP#######?",
                "#### ####",
            ),
        )
    ),
    phones=tuple(
        map(
            phone,
            (
                "{a}-{b}-{c}",
                "({a}) {b}-{c}",
                "{a} . {b} . {c}",
                "{a}{b}{c}",
                "({a}) {b} - {c}",
                "+1 {a}-{b}-{c}",
                "{a}-{b}-{c}, ext. 12",
                "{b}-{c}",
            ),
        )
    ),
    mails=(lambda g, f: f"{f}.{g}@healthline.example.org", lambda g, f: f"{g}{f}1@inboxly.io"),
    towns="Okeechobee; Kankakee; Sheboygan Falls; Tehachapi; Lake Havasu City; Eau Claire; Terre Haute; Moses Lake; Pago Pago; Big Bear; Punxsutawney; Cape Girardeau; Wahiawa; Half Moon Bay; Two Rivers".split(
        "; "
    ),
    streets="Bluebonnet; Turkey Creek; Harvest Moon; 42nd; Robert E. Lee; Pleasant Valley; Kapiolani; Country Club; Old Ferry; Sagebrush; Birchwood".split(
        "; "
    ),
    facilities=(
        "# General; Mercy Medical Center - #; # Cancer & Blood Specialists; St. Vincent de Paul Hospital; # Memorial Hospital and Manor; The Heart Group of #; Queen of the Valley Hospital; # Community Health Clinic; "
        "North # Urgent Care; # Psychiatric Associates, P.A.; Department of Veterans Affairs, #; # Ear, Nose and Throat; Kaiser Permanente #; Bayview Dialysis Unit; Shriners Children's #; # Spine & Joint Institute"
    )
    .replace("The Heart", "Heart")
    .split("; "),
    addresses=(
        "{n} {s} Street, {t}, NM {z}",
        "{n} {s} Trail, Unit {small}, {t}, South Dakota {z}",
        "{n} SW {s} Ave, {t}, OR {z}",
        "{small}{small} {s} Highway, {t} HI {z}",
        "{n} {s} Cir.\n{t}, MO {z}",
        "HC {small} Box {n}, {t}, AK {z}",
    ),
    headers={
        "clinic": "CLINIC NOTE\nPATIENT: <P.fl>    MRN: <mrn>    DOB: <born>\nPROVIDER: <D.fl>, <deg>    VISIT DATE: <seen>\nREFERRED BY: <E.fl>\n\n",
        "cardiac": "ECHOCARDIOGRAM REPORT\nName: <P.lf>\nID: <mrn>\nStudy Date: <seen>\nBSA: 1.9 m2   HR: 72   BP: 120/80\nOrdering: <E.f>, <E.g>\nSonographer: <K.if>\nReader: <D.fl>\n\n",
        "envelope": "<place>\n<addr>\nTelephone <phone>\nFacsimile <phone>\n\n<seen>\n\n<E.fl>, <deg>\n<addr>\n\nRE: <P.FL>\n    DOB: <born>\n    MR#: <mrn>\n\nDear Dr. <E.f>:\n\n",
        "er": "EMERGENCY DEPARTMENT RECORD -- <place>\n<P.LF>  |  <mrn>  |  <born>  |  arrived <seen>\nED MD: <D.f>     PMD: <E.f>\n\n",
        "note": "<seen> -- <P.fl> (<mrn>) seen by <D.fl>.\n\n",
        "colonless": "PATIENT NAME   <P.fl>\nCHART NUMBER   <mrn>\nDATE OF BIRTH   <born>\nDATE OF OPERATION   <seen>\nSURGEON   <D.fl>, <deg>\nASSISTANT   <E.fl>, <deg>\n\n",
        "angle": "<< Patient >> <P.fl> << MR >> <mrn> << Service >> <seen> << Attending >> <D.fl>\n\n",
        "questions": "Who was seen? <P.fl>, born <born>\nWhen? <seen>\nWhere? <place>\nBy whom? <D.fl>, <deg>\n\n",
        "hospice": "Client: <P.fl>\nCaregiver: <K.fl>, <phone>\nResides: <addr>\nCase No. <mrn>\nNurse: <E.fl>, RN\nVisit: <seen>\n\n",
        "tabs": "Name:\t<P.fl>\tSex:\tF\nRec#:\t<mrn>\tDOB:\t<born>\nDr.:\t<D.fl>\tDate:\t<seen>\n\n",
        "psych": "PSYCHOLOGICAL EVALUATION\n\nNAME OF EXAMINEE: <P.fl>\nDATES OF TESTING: <seen> and <next>\nEXAMINER: <D.fl>, Ph.D.\nREFERRAL SOURCE: <E.fl>, <place>\n\n",
        "quest": "Specimen: <acc>   Client: <place>\nPatient: <P.LF>   Req: <job>\nCollected: <seen>   Reported: <next>   Phys: <D.LF>\n\n",
        "sms": "fyi pt <P.low> mrn <mrn> dob <born> seen <seen> by dr <D.lowf>\n\n",
        "none": "",
    },
    footers={
        "respect": "\n\nRespectfully submitted,\n\n<D.gmf>, <deg>\n\nDD: <seen>  DT: <next>  <job>/<acc>\n",
        "esig": "\n\n[Electronic Signature] <D.fl> (<next>)\n",
        "transcript": "\n\n<D.f>/<K.lowf>  #<job>  d: <seen>  t: <next>\n",
        "two": "\n\n<D.fl>, <deg>           <E.fl>, <deg>\nResident                   Attending\n",
        "addendum": "\n\nADDENDUM (<next>): Findings discussed with <E.fl> by <D.if> at 1430 hours.\n",
        "cc": "\n\nCC: <E.gmf>, <deg>; <K.fl>, <addr>\n",
        "form": "\n\nProvider signature: <D.fl>   Printed name: <D.FL>   Date: <next>\n",
        "plain": "\n\n<D.FL>\n",
        "none": "",
    },
    mentions=("<P.fl>", "<P.g>", "Mr. <P.f>", "Mrs. <P.f>", "<P.f>", "Ms. <P.gmf>", "Mr. <P.f>", "<P.g>"),
    passing=(
        "I called <P.g>'s pharmacy in <town> and left a message for <E.fl> at <phone>.",
        "<K.fl> (stepson) holds power of attorney and lives at <addr>.",
        "She is followed by <E.fl> for diabetes and by <D.f> for her heart.",
        "MRI of <prior> from <place> was reviewed with Dr. <E.f>.",
        "<P.f> is a retired teacher from <town>; the husband, <K.g>, drove today.",
        "Consent was signed by <K.fl>. Anesthesia was given by <E.f>, CRNA.",
        "Home care will be arranged through <place>; contact <K.g> at <phone>.",
    ),
)
