"""Facilities and places by their surroundings: "Mercy Hospital", "lives in Akron", a letterhead's lines."""

import re
from collections.abc import Iterable, Iterator, Sequence

from clinical.deidentify.found import Found
from clinical.deidentify.propagate import is_term
from clinical.deidentify.values import MEDICAL
from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import UPPER, Word, Words

LAYER = "places"

_KIND = (
    r"(?:General|Regional|Community|Memorial|University|Children'?s|Women'?s|Veterans|Medical|Health|Family|Surgical"
    r"|Surgery|Cancer|Heart|Rehabilitation|Nursing|Urgent|Primary|Home|District|County|Teaching)[ ]"
)
_HEAD = re.compile(
    rf"(?<![\w])(?:(?:{_KIND})*(?:Hospitals?|Clinics?|Infirmary|Hospice|Sanatorium|Polyclinic|Surgicenter"
    r"|Medical[ ](?:Cent(?:er|re)|Group|Associates|Clinic|Arts|Plaza|Park|Practice)"
    r"|Health[ ]?(?:care)?[ ](?:System|Cent(?:er|re)|Services|Network|Partners|Group|Plan)|Healthcare|Health"
    r"|Cent(?:er|re)|Memorial|Family[ ](?:Practice|Medicine|Health|Physicians)|Practice|Associates|Institute|Pavilion"
    r"|(?:Nursing|Care|Rest|Retirement|Group|Veterans)[ ]Home|(?:Urgent|Primary|Walk-in)[ ]Care"
    r""
    r"|(?:Pediatric|Surgical|Physicians?|Cardiology|Medical)[ ]Group"
    r"|Nursing[ ](?:Facility|Cent(?:er|re))|Manor|University|College"
    r"|(?:High|Elementary|Middle)[ ]School|Pharmacy|Laborator(?:y|ies)|Diagnostics|Imaging|Radiology|Orthopa?edics"
    r"|Cardiology|Pediatrics"
    r"|Neurology|Gastroenterology|Oncology|Urology|Dermatology|Ophthalmology|Psychiatry"
    r"|Physicians|Surgeons|Specialists|(?:Surgery|Surgical|Endoscopy|Imaging)[ ](?:Cent(?:er|re)|Suites?)"
    r"|Rehab(?:ilitation)?(?:[ ]Cent(?:er|re))?|Assisted[ ]Living"
    r"|Dialysis|Partners|Prison|Jail|Correctional[ ](?:Facility|Institution)|Shelter|Church|Inc\.?|LLC|PLLC|Ltd\.?)"
    r"|hospital|clinic|medical[ ]center"
    r"|HOSPITAL|CLINIC|MEDICAL[ ]CENT(?:ER|RE)|INFIRMARY|HOSPICE|HEALTH[ ](?:SYSTEM|CENT(?:ER|RE))|MEDICAL[ ]GROUP)"
    r"(?![\w'-])"
)
_SAINT = frozenset(["st", "saint", "mount", "mt", "san", "santa", "our", "ste", "sankt"])
_BEFORE = frozenset(
    [
        "the",
        "a",
        "an",
        "at",
        "to",
        "in",
        "our",
        "this",
        "from",
        "with",
        "by",
        "her",
        "his",
        "new",
        "dr",
        "mr",
        "mrs",
    ]
)
_FRONT = frozenset(["la", "el", "le", "los", "las", "de", "da", "van", "von", "den", "der", "san", "al"])
_OF = re.compile(
    rf"[ ](?:of|OF|at|in)[ ](?:the[ ]|THE[ ])?(?=[{UPPER}])|[ ]?[-,][ ](?=[{UPPER}])|[ ](?=[{UPPER}])"
)
_WITHIN = re.compile(r"(?:'[sS]?)?[ ]|\.[ ]|-|'")
_LONE = re.compile(r"[ \t]*(?:$|[,.;)|]|[ ](?:on|in|and|for|to|with|by|from)[ ])", re.MULTILINE)
_FILLS = re.compile(rf"[{UPPER}][\w'-]*(?:[ ][{UPPER}][\w'-]*)?[ \t]*(?:$|[;|])", re.MULTILINE)
_CAMPUS = re.compile(
    rf"(?:[ ]?[-,][ ]|[ ]at[ ])(?:[{UPPER}][\w'.-]*[ ](?:d')?){{1,4}}"
    r"(?i:campus|division|branch|site|location|office)(?!\w)"
)
_TOWN = rf"[{UPPER}][\w'.-]*(?:[ ](?:de[ ]|la[ ]|of[ ]|d')*[{UPPER}][\w'.-]*\w){{0,3}}"
_CHAIN = re.compile(
    rf"(?<!\w)(?:(?:Department[ ]of[ ])?Veterans(?:'|[ ]Affairs|[ ]Administration),?[ ]"
    rf"|VA[ ](?:Hospital|Clinic|CBOC),?[ ]"
    rf"|Kaiser[ ]Permanente[ ]|Shriners(?:[ ]Children's|[ ]Hospitals?)?[ ](?:for[ ]Children[ ])?"
    rf"|Planned[ ]Parenthood[ ]){_TOWN}"
    rf"|(?<!\w)(?:DEPARTMENT[ ]OF[ ])?VETERANS[ ]AFFAIRS,[ ][A-Z]+(?:[ ][A-Z]+){{0,2}}"
    rf"|(?<!\w){_TOWN}[ ](?:Ear,[ ]Nose,?[ ](?:and|&)[ ]Throat|(?:Dialysis|Infusion|Burn)[ ]Unit"
    rf"|General(?=[ ]*(?:$|[,.;|])|[ ]was[ ]|[ ]on[ ]))"
    r"|(?<!\w)(?:The[ ])?(?:Cent(?:er|re)|Institute|Hospital|Clinic|School|College)[ ]for[ ]"
    rf"(?:[A-Z][a-z]+[ ]|and[ ]|&[ ]){{1,4}}(?:of|at|in)[ ]{_TOWN}"
    rf"|(?<!\w)(?:Heart|Medical|Surgical|Eye|Pediatric)[ ]Group[ ]of[ ]{_TOWN}",
    re.MULTILINE,
)
_LANDSCAPE = re.compile(
    rf"(?<!\w)(?:in|from|near|to|at|of)[ ](?P<town>(?:[{UPPER}][\w'-]+[ ]){{1,2}}"
    r"(?:Bay|Lakes?|Rivers?|Falls|Rocks?|Bear|Springs?"
    r"|City|Beach|Hills?|Creek|Islands?|Valley|Heights|Park|Grove|Point|Harbor|Haven|Junction|Mesa|Canyon|Ranch|Prairie|Forest|Woods"
    r"|Bluffs?|Ridge|Timber|Hollow|Fork|Meadows?|Glen|Ferry|Plains|Flats|Oaks|Pines|Cliffs|Knolls?|Dale|Bayou|Cape|Village|Shores|Landing|Crossing|Mills|Corners?|Gap|Isle|Cove|Bend))"
    r"(?![\w'-]|[ ](?:[A-Z]|Hospital|Road|Street))"
)
_WARDS = frozenset(["emergency", "operating", "recovery", "intensive", "care", "waiting", "trauma", "nurse"])
_DWELLS = re.compile(r"(?i)(?:live|living|resid|born|raised|grew|stay|moved|native|hails)")
_AUTHOR = re.compile(
    r"(?i)(?:guidelines?|recommendations?|criteria|protocols?|stud(?:y|ies)|trials?|classification|statement|consensus|data)"
    r"[ ,]{1,2}(?:(?:published|issued|set|developed|released)[ ])?(?:from|by|of|at)[ ](?:the[ ])?\Z"
)
_ZIP = re.compile(r",?[ ]+\d{5}")
_FIRM = re.compile(r",?[ ](?:P\.?C|P\.?A|L\.?L\.?C|PLLC|Inc|Ltd|LLP|S\.C)\b\.?")
_BETWEEN = frozenset(["or", "of", "du", "de", "la", "las", "los", "the", "and", "on", "upon"])
_PATRONS = frozenset(
    (
        "queen sacred holy samaritan providence mercy trinity baptist methodist lutheran presbyterian episcopal"
        " adventist deaconess shepherd charity blessed christ cross rosary incarnate immaculate assumption"
        " ascension good saints hillcrest lakeshore riverside riverbend lakeview parkview ridge valley hills"
        " harbor bay river lake mountain northwest southwest northeast southeast midwest tri-county tri-state"
        " cedar pine pinecrest oak maple sunrise sunset evergreen highland highlands summit blue grand"
        " pleasant prairie desert coastal ocean"
    ).split()
)
"""Words that name a facility though they are ordinary: patrons and landscapes."""
_SETTLED = re.compile(r"[.,;]|[ ](?:with|and|alone|since|where|but|for)\b")
_AT = re.compile(
    rf"(?<!\w)(?:at|from)[ ](?P<place>(?:[{UPPER}][\w'-]+[ ]){{1,3}}[{UPPER}][\w'-]+)"
    r"(?=[ ](?:was|were|on|in|for|and|dated|to)\b|[,.;)])"
)
_WENT = re.compile(r"(?<!\w)(?:at|from)[ ](?:the[ ])?\Z")
_TITLED = frozenset(
    ["dr", "mr", "mrs", "ms", "miss", "prof", "i", "he", "she", "tel", "phone", "fax", "mrn", "dob"]
)
_LINK = re.compile(r"(?:'[sS]?)?[ ]|\.[ ]?|[ ]?&[ ]?|[ ]?-[ ]?|[ ]?,[ ](?=and)")
_SAINTS = re.compile(r"(?<!\w)(?:St|Saint)\.?[ ][A-Z][a-z]+'s(?!\w)")
_CONTACT = re.compile(
    r"(?i)^[ \t]*(?:tel|phone|ph|fax|telephone|t:|p:|f:|e-?mail|www\.|http|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})"
)


_DOCUMENT = re.compile(
    r"(?i)(?P<before>(?:[a-z-]+,?[ ]){1,3})(?:course|stay|notes?|summar(?:y|ies)|consult(?:ation)?|reports?|letter"
    r"|visit|records?|study|exam(?:ination)?|history|follow[ -]?up|(?:\d|one|two|three|single|multiple)[ ]views?)"
)


class PlaceGrammar:
    """The cues of one vocabulary, compiled once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        verbs = "|".join(sorted(vocabulary.place_verbs, key=len, reverse=True))
        self._lives = re.compile(
            rf"(?<![\w])(?i:(?:{verbs})[ ]"
            r"(?:(?:to|in|from|at|near|outside|around|of|back|here|alone|out|down|up|over|by|for|an?|as"
            r"|with|her|his|their|is|are)[ ]){0,2}(?:[a-z]{3,12}[ ])?(?:in|from|to|near|at|outside|of)[ \n](?:the[ ])?)"
            rf"(?=[{UPPER}])"
        )
        codes = "|".join(sorted(code.upper() for code in vocabulary.state_codes))
        self._state = re.compile(
            rf"(?<![\w])(?P<city>[{UPPER}][\w'.-]+(?:[ ][{UPPER}][\w'.-]+){{0,2}}),[ ]?"
            rf"(?P<state>(?:(?:New|North|South|West|Rhode|British)[ ])?[A-Z][a-z]+|{codes})(?=[\s.,;)]|\Z)"
        )

    def find(self, words: Words) -> Iterator[Found]:
        """Yields facilities, cities with their state, and places that a verb of living or going announces."""
        for found in (*self._facilities(words), *self._letterhead(words)):
            if not self._titles(words, found):
                yield found
        yield from self._cities(words)
        yield from self._lived_in(words)
        yield from self._saints(words)
        yield from self._went_to(words)
        for match in _CHAIN.finditer(words.text):
            yield Found(match.start(), match.end(), "LOCATION", 0.9, LAYER)
        for match in _LANDSCAPE.finditer(words.text):
            index = words.at(match.start("town"))
            run = [w for w in words.items[index : index + 5] if w.start < match.end("town")]
            if not any(w.key in self._vocabulary.keep_before | _WARDS for w in run):
                yield Found(*match.span("town"), "LOCATION", 0.8, LAYER)

    def _titles(self, words: Words, found: Found) -> bool:
        """Tells whether the stretch is what a document or a section is called: ``CLINIC NOTE``, ``Hospital Course``."""
        match = _DOCUMENT.fullmatch(words.text, found.start, found.end)
        if match is None:
            return False
        index = words.at(found.start)
        run = [w for w in words.items[index : index + 6] if w.start < match.end("before")]
        return not self._strange(run) and not any(w.key in _PATRONS or w.key in _SAINT for w in run)

    def _strange(self, run: Sequence[Word]) -> list[Word]:
        vocabulary = self._vocabulary
        return [
            w
            for w in run
            if not vocabulary.ordinary(w.text) or w.key in vocabulary.places or vocabulary.name(w.text)
        ]

    def _cities(self, words: Words) -> Iterator[Found]:
        vocabulary = self._vocabulary
        for match in self._state.finditer(words.text):
            state = match.group("state")
            if not state.isupper() and state.split()[-1].lower() not in vocabulary.regions:
                continue
            index = words.at(match.start())
            run = [w for w in words.items[index : index + 4] if w.start < match.end("city")]
            listed = any(w.key in vocabulary.places for w in run)
            while len(run) > 1 and (
                run[0].key in vocabulary.stop or (vocabulary.ordinary(run[0].text) and not listed)
            ):
                run.pop(0)
            if (
                not run
                or run[0].key in vocabulary.stop
                or (all(vocabulary.ambiguous(w.text) for w in run) and not listed)
            ):
                continue
            degree = state in ("MD", "PA") and not _ZIP.match(words.text, match.end())
            if (degree or state.lower() in vocabulary.state_words) and not listed:
                continue
            yield Found(run[0].start, match.end(), "LOCATION", 0.9, LAYER)

    def _lived_in(self, words: Words) -> Iterator[Found]:
        vocabulary = self._vocabulary
        for match in self._lives.finditer(words.text):
            first = index = words.at(match.end())
            while (
                index < len(words.items)
                and index - first < 4
                and (words.items[index].capital or (index > first and words.items[index].key in _BETWEEN))
            ):
                gap = (
                    words.text[words.items[index - 1].end : words.items[index].start]
                    if index > first
                    else " "
                )
                stops = words.items[index].key in vocabulary.stop and words.items[index].key not in _BETWEEN
                if gap not in (" ", ". ") or (index > first and stops):
                    break
                if words.items[index].caps and vocabulary.ordinary(words.items[index].text):
                    break
                index += 1
            while index > first and words.items[index - 1].key in _BETWEEN:
                index -= 1
            run = words.items[first:index]
            if not run or run[0].key in vocabulary.stop | vocabulary.regions:
                continue
            if not run[0].title and not (words.shouting(first) and not vocabulary.ambiguous(run[0].text)):
                continue
            cities = any(w.key in vocabulary.cities for w in run)
            if any(w.caps and len(w.text) < 6 and not words.shouting(first) for w in run) or any(
                w.key in vocabulary.generic | vocabulary.keep_before for w in run
            ):
                continue
            lone = len(run) == 1 or not _DWELLS.match(match.group())
            plain = all(vocabulary.ambiguous(w.text) for w in run)
            if plain and not cities and lone and not self._home(words, run, match):
                continue
            if any(w.key in vocabulary.regions or w.key in {"united", "states"} for w in run) and all(
                vocabulary.ordinary(w.text) or w.key in vocabulary.regions for w in run
            ):
                continue
            listed = any(w.key in vocabulary.places for w in run)
            yield Found(run[0].start, run[-1].end, "LOCATION", 0.9 if listed else 0.7, LAYER)

    def _home(self, words: Words, run: Sequence[Word], match: re.Match[str]) -> bool:
        """Tells whether one everyday word is a town, as nothing else stands there: ``lives in Tamarisk with``."""
        v = self._vocabulary
        known = v.roles | v.abbreviations | v.facility | v.generic | v.keep_before
        return (
            len(run) == 1
            and run[0].title
            and run[0].key not in known
            and bool(re.match(r"(?i)live|resid|born|raised|grew", match.group()))
            and bool(_SETTLED.match(words.text, run[0].end))
        )

    def _went_to(self, words: Words) -> Iterator[Found]:
        """Yields several capitalised words behind "at" or "from", one of them a stranger: ``at Mercy Los Alisos``."""
        v = self._vocabulary
        known = v.roles | v.keep_before | v.stop
        for match in _AT.finditer(words.text):
            index = words.at(match.start("place"))
            run = [w for w in words.items[index : index + 5] if w.start < match.end("place")]
            strange = [w for w in run if not v.ambiguous(w.text) and not w.caps and len(w.text) > 2]
            if strange and not any(w.key in known for w in run) and not MEDICAL.search(strange[0].key):
                yield Found(*match.span("place"), "LOCATION", 0.7, LAYER)

    def _saints(self, words: Words) -> Iterator[Found]:
        """Yields "St. Luke's", unless a device or a disease bears the saint's name."""
        for match in _SAINTS.finditer(words.text):
            index = words.at(match.start()) + 1
            if index < len(words.items) and not is_term(words, self._vocabulary, index):
                yield Found(match.start(), match.end(), "LOCATION", 0.85, LAYER)

    def _before_head(self, words: Words, index: int, shout: bool) -> tuple[Word, ...]:
        """Returns the words before a facility's head noun that belong to its name."""
        vocabulary, items = self._vocabulary, words.items
        first = index
        while first > 0 and index - first < 6:
            word = items[first - 1]
            between = words.text[word.end : items[first].start]
            if not _LINK.fullmatch(between):
                break
            if between.startswith(".") and word.key not in {"st", "ste", "mt", "ft"} and len(word.text) > 1:
                break
            lady = word.key == "our" and word.capital and items[first].key == "lady"
            inner = word.key == "the" and first > 1 and items[first - 2].key == "of" and word.text.islower()
            if word.key in _BEFORE and not lady and not inner and not (word.key == "new" and word.capital):
                break
            if (
                word.text.islower()
                and word.key not in vocabulary.particles
                and word.key not in {"of", "and", "the"}
            ):
                break
            if shout and not word.caps:
                break
            first -= 1
        while first < index and items[first].text.islower() and items[first].key not in _FRONT:
            first += 1
        return items[first:index]

    def _facilities(self, words: Words) -> Iterator[Found]:
        vocabulary, text = self._vocabulary, words.text
        for match in _HEAD.finditer(text):
            shout = match.group().isupper()
            head = re.sub(r".*[ ]", "", match.group()).lower().rstrip(".")
            run = self._before_head(words, words.at(match.start()), shout)
            special = [w for w in run if w.capital and w.key not in vocabulary.generic and len(w.text) > 1]
            tail = self._tail(words, match)
            if not special:
                if tail > match.end():
                    yield Found(run[0].start if run else match.start(), tail, "LOCATION", 0.85, LAYER)
                continue
            if _AUTHOR.search(text, max(0, run[0].start - 60), run[0].start):
                continue
            strange = self._strange(special)
            if match.group().islower() and (
                not strange or special[-1] is not run[-1] or is_common(run[-1], vocabulary)
            ):
                continue
            saint = any(w.key in _SAINT or (w.key in _PATRONS and w.capital) for w in run)
            if (head in vocabulary.weak_facility or shout) and not strange and not saint:
                went = not shout and _WENT.search(text, max(0, run[0].start - 12), run[0].start)
                if (
                    not went
                    or not all(w.title for w in special)
                    or any(w.key in vocabulary.roles for w in special)
                ):
                    continue
            if all(w.key in vocabulary.stop for w in special):
                continue
            yield Found(run[0].start, tail, "LOCATION", 0.95 if strange or saint else 0.75, LAYER)

    def _tail(self, words: Words, match: re.Match[str]) -> int:
        """Returns where a facility ends whose place stands behind it: "Hospital of Padua", "Clinic - Troy Campus"."""
        vocabulary, text = self._vocabulary, words.text
        shout = match.group().isupper()
        campus = _CAMPUS.match(text, match.end()) or _FIRM.match(text, match.end())
        if campus:
            return campus.end()
        link = _OF.match(text, match.end())
        end, index = match.end(), words.at(link.end() if link else match.end())
        if link is None or (match.group().islower() and link.group().strip() not in {"of", "at"}):
            return end
        bare = link.group().strip() in {"", "-", ","}
        first = index
        while index < len(words.items) and index - first < 4:
            word = words.items[index]
            gap = text[end : word.start] if index > first else " "
            if not _WITHIN.fullmatch(gap) or not (
                word.capital or word.key in vocabulary.particles | _BETWEEN
            ):
                break
            if (
                (word.key in vocabulary.stop and word.key not in _BETWEEN)
                or (shout and not word.caps)
                or word.key in _TITLED
            ):
                break
            if word.caps and not shout and not words.shouting(index):
                break
            plain = vocabulary.ordinary(word.text) and word.key not in vocabulary.places
            loose = (bare or shout) and not _FILLS.match(text, word.start)
            if plain and word.key not in _BETWEEN and (loose or word.key in vocabulary.generic):
                break
            index, end = index + 1, word.end
        while index > first and words.items[index - 1].text.islower():
            index -= 1
            end = words.items[index - 1].end if index > first else match.end()
        if index > first and bare and not _LONE.match(text, end):
            return match.end()
        return end

    def _letterhead(self, words: Words) -> Iterator[Found]:
        """Yields unlabelled lines of facility and address at the top of a letter, near its contact line."""
        vocabulary = self._vocabulary
        lines = list(re.finditer(r"[^\n]+", words.text[:1500]))[:12]
        for number, line in enumerate(lines):
            body = line.group().strip()
            if (
                not 5 < len(body) < 90
                or re.search(r"[:|=]", body)
                or body.endswith(".")
                or _CONTACT.match(body)
            ):
                continue
            near = [other.group() for other in lines[max(0, number - 2) : number + 3] if other is not line]
            if not any(_CONTACT.match(other) for other in near):
                continue
            first = words.at(line.start())
            run = words.items[first : words.at(line.end())]
            address = re.search(r"\d", body) and ("," in body or re.search(r"\d{4,}", body)) and len(run) > 1
            head = bool(run) and run[0].capital and any(w.key in vocabulary.facility for w in run)
            if address or (head and any(w.key not in vocabulary.generic for w in run)):
                start = line.start() + line.group().index(body)
                yield Found(start, start + len(body), "LOCATION", 0.93, LAYER)


_HOME = re.compile(
    rf"[ ](?:of|from)[ ](?P<town>[{UPPER}][\w'-]+(?:[ ](?:[{UPPER}][\w'-]+|du|de|la|of|d'[{UPPER}]\w+)){{0,2}})"
    r"(?=[ \t]*(?:$|[,;.)|]|[ ]{2}))",
    re.MULTILINE,
)


def homes(words: Words, names: Iterable[tuple[int, int]], vocabulary: Vocabulary) -> Iterator[Found]:
    """Yields the town behind a name that was found: ``Ann Lee of Padua``."""
    for _, end in names:
        match = _HOME.match(words.text, end)
        if match is None:
            continue
        index = words.at(match.start("town"))
        run = [w for w in words.items[index : index + 4] if w.start < match.end()]
        known = vocabulary.generic | vocabulary.stop | vocabulary.keep_before | vocabulary.regions
        if not run or any(w.key in known for w in run if w.capital):
            continue
        if len(run) == 1 and vocabulary.ordinary(run[0].text) and run[0].key not in vocabulary.places:
            continue
        yield Found(*match.span("town"), "LOCATION", 0.8, LAYER)


def is_common(word: Word, vocabulary: Vocabulary) -> bool:
    """Tells whether a word before "clinic" in lower case names no place: an eponym, a short form."""
    return word.caps or word.possessive or (word.key in vocabulary.keep and word.key not in vocabulary.cities)
