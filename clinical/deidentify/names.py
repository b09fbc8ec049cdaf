"""Names by their surroundings: titles, degrees, "dictated by", "Dear", relations, ages, sign-off lines."""

import re
from collections.abc import Iterator, Sequence

from clinical.deidentify.found import Found
from clinical.deidentify.phrases import DEGREE, SHORT_FAMILY, Phrase, backward, forward
from clinical.deidentify.propagate import is_term
from clinical.deidentify.values import is_milliseconds
from clinical.deidentify.vocabulary import Vocabulary
from clinical.deidentify.words import Word, Words

LAYER = "grammar"
_I = re.IGNORECASE

STRONG_TITLES = frozenset(["mr", "mrs", "ms", "dr", "drs", "mx", "miss", "prof", "sr", "sra", "srta", "dra"])
_TITLE = re.compile(
    r"(?<![\w'-])(?P<title>(?:drs?|mrs?|ms|mx|messrs|prof|sra?|srta|dra?|fr|rev|hon|sgt|capt|lt|col|maj|cpl|pvt)\.?"
    r"|miss|mister|professor|doctor|(?-i:Sister|Father|Nurse|Pastor|Rabbi|Judge|Officer|Attorney|Señora?|Señorita"
    r"|Don|Doña|Herr|Frau|Madame|Monsieur|Sir|Lady|Madam))"
    r"(?P<gap>[ \t]+|(?<=\.)|[ \t]*\n[ \t]*)(?:and[ \t]+(?:mrs|dr)\.?[ \t]+)?(?=[^\W\d_])",
    _I,
)
_AND = re.compile(r"[ \t]*(?:,|and|&|or|/)[ \t]*(?:and[ \t]+)?(?=[^\W\d_])")
_DEGREE = re.compile(
    r"[ \t]*,?[ \t]*(?P<degree>M\.?[ ]?D\.?|D\.?O\.|DO|MBBS|M\.B\.B\.S\.?|MBChB|R\.?N\.?|[DAFNCL]?NP(?:-?[A-Z]{1,2})?"
    r"|ARNP|APRN|A\.?P\.?N\.|N\.P\.|P\.?A\.?-?C\.?|PA|P\.A\.|CRNA|Ph\.?[ ]?D\.?|Psy\.?D\.?|D\.?P\.?M\.?|D\.?D\.?S\.?"
    r"|DMD|O\.?D\.|DC|D\.C\.|D?PT|OTR(?:/L)?|LCSW|LPN|L\.P\.N\.|RPh|Pharm\.?D\.?|FAC[A-Z]|F\.A\.C\.[A-Z]\.?"
    r"|FRC[A-Z]{1,3}|CNM|RDMS|RDCS|RT\(R\)|Jr\.?|Sr\.?|III?|Esq\.?)(?![\w'-])"
)
_WEAK_DEGREE = frozenset(
    ["II", "III", "PA", "DC", "PT", "DO", "Jr", "Sr", "RN", "NP", "OD", "RT", "ANP", "CNP"]
)
_LETTER = re.compile(
    r"(?:^|(?<=[\n|;]))[ \t>]*(?P<cue>dear|hello|hi|re|cc|bcc|c\.c\.|attn|attention|fao|to|from|copy(?:[ ]to)?"
    r"|copies(?:[ ]to)?|distribution|subject|ref)\b[ \t]*[:;.]?[ \t]*(?=[^\W\d_])",
    _I | re.MULTILINE,
)
_STRONG_CUE = re.compile(
    r"(?<!\w)(?:named|name[ ]is|known[ ]as|goes[ ]by|nicknamed|aka|a\.k\.a\.|n[ée]e|maiden[ ]name|my[ ]name[ ]is"
    r"|sincerely(?:[ ]yours)?,?|(?:best[ ]|kind[ ])?regards,?|(?:yours[ ])?truly,?|respectfully(?:[ ]submitted)?,?"
    r"|cordially,?)(?!\w)[ \t]*[:\"',]?\s{0,3}(?=[^\W\d_])",
    _I,
)
_WEAK_CUE = re.compile(
    r"(?<!\w)(?:name(?:[ ]was|d)?|called|formerly|i,|i[ ]am|patient,?|pt\.?,?|thank[ ]you,?|best,?|spe?o?a?king[ ]with"
    r"|spoke[ ](?:with|to)|discussed[ ]with|per|thanks[ ]to|on[ ]behalf[ ]of|care[ ]of|c/o|courtesy[ ]of)(?!\w)"
    r"[ \t]*[:\"']?\s{0,3}(?=[^\W\d_])",
    _I,
)
_INITIALS = re.compile(r"(?<![\w.'-])(?:[^\W\d_]\.[ ]?){1,3}(?=[^\W\d_]{2})")
_FIRST_INITIAL = re.compile(
    r"(?<![\w'-])[^\W\d_]{2,}(?:-[^\W\d_]+)?[ ](?P<initial>[A-Z])\.(?=[\s,;:?!)'\"]|\Z)"
)
_AGED = re.compile(
    r"[ \t]*(?:,|\(|-|is|was)[ \t]*(?:(?:is|was)[ \t]+)?(?:an?[ \t]+|the[ \t]+)?(?:(?:very[ \t]+)?"
    r"(?:pleasant|delightful|nice|lovely)|\d{1,3}[ -]*(?:y/?o|yo\b|yr|year|month|week|day|f\b|m\b)|[a-z]+-year)",
    _I,
)
_SIGNOFF = re.compile(
    r"^[ \t]*(?:/s/|_{3,}|x_+|-{2,})?[ \t]*(?P<name>[^\W\d_][^\n:;|/]{2,40}?)[ \t]*"
    r"(?:,?[ \t]*(?:M\.?D\.?|D\.?O\.?|PhD|RN|NP|PA-?C?)\.?)?(?:/[a-z]{2,4}|[ \t]*:[a-z]{2,4})?[ \t]*$",
    re.MULTILINE,
)
_NUMBERED = re.compile(
    r"[ ]{0,2}[,(\[]?[ ]?(?:DOB|D\.O\.B\.?|MRN|MR[ ]?#|date of birth|born(?: on)?|SSN|medical record"
    r"|hospital (?:no|number)"
    r"|patient id|chart (?:no|number|#)|acc(?:oun)?t (?:no|number|#))(?![^\W_])",
    _I,
)
_LAST_FIRST = re.compile(r"[^\W\d_][^\d,:;|()]*, ?[^\d,:;|()]*")
_ENDS = re.compile(r"(?:[ ]{2,}|\t|[ ]?[|;,(-]|[ ](?:DOB|MRN|Date|Age|D\.O\.B))")
_CLOSING = re.compile(
    r"(?:sincerely|regards|truly|cordially|respectfully|submitted|thanks?|you)[,.]?\s+\Z", _I
)
_SURE_LETTER = frozenset(["dear", "cc", "bcc", "c.c.", "attn", "fao", "copies to", "copy to"])
_COPIES = re.compile(r"[ \t]*(?:,[ \t]*[A-Z][A-Za-z.-]{1,5}\b\.?)*[ \t]*(?:;|,|&|and|/)[ \t]*(?=[^\W\d_])")


_THEN = re.compile(r"[ ]?(?:$|[,.;)]|[ ](?:on|in|at|and|who|for)[ ])", re.MULTILINE)
_ACT = re.compile(r"[a-z]{3,}(?:ed|es)\Z|is\Z|was\Z|will\Z|has\Z|had\Z")


def _acts(words: Words, index: int) -> bool:
    """Tells whether the word at ``index`` says what a person did or does."""
    return index < len(words.items) and bool(_ACT.match(words.items[index].text))


def _short_name(words: Words, vocabulary: Vocabulary, index: int) -> bool:
    """Tells whether a word of grammar is a family name here: ``Dr. To``, in a line that is not all capitals."""
    word = words.items[index]
    return (
        word.key in SHORT_FAMILY
        and word.title
        and word.key in vocabulary.family
        and not words.shouting(index)
        and words.text[word.start - 2 : word.start] == ". "
    )


class NameGrammar:
    """The cues of one vocabulary, compiled once.

    Args:
        announced_only: only titles, fields' verbs and degrees count; for languages whose words are on no list here.
    """

    def __init__(self, vocabulary: Vocabulary, *, announced_only: bool = False) -> None:
        self._vocabulary = vocabulary
        self._announced_only = announced_only
        verbs = "|".join(re.escape(verb) for verb in sorted(vocabulary.by_verbs, key=len, reverse=True))
        self._by = re.compile(
            rf"(?<!\w)(?P<verb>{verbs})"
            rf"(?:[ \t]+(?:electronically|digitally|and[ \t]+(?:electronically[ \t]+)?(?:{verbs})))?"
            r"(?:[ \t]+(?:on[ ])?[\w/.,' -]{0,30}?\d[\w/.,:' -]{0,24}?)?[ \t]*"
            r"(?:(?<![^\W\d_])(?:by|for|with)(?!\w)[ \t]*[:;]?|[:;])"
            r"[ \t]*(?:\n[ \t]*)?(?=[^\W\d_])",
            _I,
        )

    def find(self, words: Words) -> Iterator[Found]:
        """Yields names that their surroundings announce."""
        yield from self._after_titles(words)
        yield from self._before_degrees(words)
        yield from self._after_by(words)
        if self._announced_only:
            return
        for match in _LETTER.finditer(words.text):
            yield from self._letter(words, match)
        yield from self._after_cues(words)
        yield from self._before_numbers(words)
        yield from self._with_initials(words)
        yield from self._listed_pairs(words)
        yield from self._relations(words)
        yield from self._aged(words)
        yield from self._signoffs(words)

    def _strange(self, words: Words, run: Sequence[Word]) -> list[Word]:
        """Returns the words of a phrase that no vocabulary explains; capitals outside a line of capitals count not."""
        return [
            w
            for w in run
            if len(w.text) > 1 and not self._vocabulary.ambiguous(w.text) and not self._short_caps(words, w)
        ]

    def _short_caps(self, words: Words, word: Word) -> bool:
        """Tells whether a word looks like an abbreviation: short capitals in a line that is not all capitals."""
        if not word.caps:
            return False
        if word.key in self._vocabulary.abbreviations:
            return not self._vocabulary.name(word.text) or not words.shouting(words.at(word.start))
        return (
            len(word.text) < 5
            and not self._vocabulary.name(word.text)
            and not words.shouting(words.at(word.start))
        )

    def _believed(self, words: Words, phrase: Phrase) -> bool:
        """Tells whether a phrase in running text is a name: strangers, at least one of them listed or two in a row."""
        run = words.items[phrase.first : phrase.last]
        strange = self._strange(words, run)
        listed = [w for w in strange if self._vocabulary.name(w.text)]
        if listed or (len(strange) > 1 and all(w.title for w in strange)):
            return True
        if len(run) == 2 and len(run[0].text) == 1 and run[1].title and self._vocabulary.name(run[1].text):
            return not is_term(words, self._vocabulary, phrase.last - 1)
        return (
            len(run) > 1
            and all(w.title and not self._vocabulary.ordinary(w.text) for w in run)
            and not is_term(words, self._vocabulary, phrase.last - 1)
        )

    def _after_titles(self, words: Words) -> Iterator[Found]:
        vocabulary = self._vocabulary
        for match in _TITLE.finditer(words.text):
            title = match.group("title").rstrip(".")
            if title == "ms" and is_milliseconds(words.text, match.start()):
                continue
            strong = title.lower() in STRONG_TITLES
            index = words.at(match.end())
            while index < len(words.items):
                word = words.items[index]
                plain = vocabulary.ordinary(word.text)
                lower = strong and (
                    not plain or (vocabulary.name(word.text) and word.key not in vocabulary.verbs)
                )
                shout = (
                    (title.isupper() and not word.caps)
                    or "\n" in match.group("gap")
                    or len(match.group("gap")) > 1
                )
                known = vocabulary.name(word.text) or word.key in vocabulary.particles
                if plain and (shout or word.text.islower()) and not known:
                    break
                phrase = forward(words, vocabulary, index, lower=lower, roles=strong)
                if phrase is None and strong and _short_name(words, vocabulary, index):
                    phrase = Phrase(index, index + 1)
                if phrase is None or (not strong and not self._believed(words, phrase)):
                    if phrase and self._lone(words, phrase):
                        yield _found(words, phrase, 0.8)
                    break
                yield _found(words, phrase, 0.98 if strong else 0.85)
                after = _AND.match(words.text, words.items[phrase.last - 1].end)
                if not after or title.lower() != "drs":
                    break
                index = words.at(after.end())

    def _lone(self, words: Words, phrase: Phrase) -> bool:
        """Tells whether one listed name that is an eponym too follows a weak title: ``Nurse Mayo assisted``."""
        word = words.items[phrase.first]
        return (
            phrase.last - phrase.first == 1
            and word.title
            and self._vocabulary.name(word.text)
            and (not self._vocabulary.ordinary(word.text) or (word.gap == " " and _acts(words, phrase.last)))
            and not is_term(words, self._vocabulary, phrase.first)
        )

    def _before_degrees(self, words: Words) -> Iterator[Found]:
        for index, word in enumerate(words.items):
            if not word.capital or len(word.text) < 2:
                continue
            match = _DEGREE.match(words.text, word.end)
            phrase = backward(words, self._vocabulary, index) if match else None
            if match is None or phrase is None:
                continue
            run = words.items[phrase.first : phrase.last]
            bare = match.group("degree").rstrip(".").replace(".", "")
            strange = self._strange(words, run)
            if bare in _WEAK_DEGREE and not (len(run) > 1 and self._believed(words, phrase)):
                continue
            if len(run) == 1 and not strange and ("," not in match.group() or self._short_caps(words, word)):
                continue
            yield _found(words, phrase, 0.97 if len(run) > 1 else 0.9)

    def _after_by(self, words: Words) -> Iterator[Found]:
        for match in self._by.finditer(words.text):
            signing = match.group("verb").lower() in self._vocabulary.signing_verbs or ":" in match.group()
            phrase = forward(
                words,
                self._vocabulary,
                words.at(match.end()),
                lower=signing,
                lines=False,
                roles=":" in match.group(),
            )
            if phrase is None:
                continue
            if ":" in match.group():
                line_end = words.text.find("\n", match.end())
                phrase = Phrase(
                    phrase.first,
                    _with_comma(words, self._vocabulary, phrase, line_end % (len(words.text) + 1)),
                )
            run = words.items[phrase.first : phrase.last]
            named = any(self._vocabulary.name(w.text) for w in run)
            initial = len(run) > 1 and len(run[0].text) == 1 and run[0].gap.startswith(".")
            if signing and (self._strange(words, run) or (len(run) > 1 and named) or initial):
                yield _found(words, phrase, 0.95)
            elif not signing and self._believed(words, phrase):
                yield _found(words, phrase, 0.85)
            elif self._lone(words, phrase) and _THEN.match(words.text, run[-1].end):
                yield _found(words, phrase, 0.75)

    def _letter(self, words: Words, match: re.Match[str]) -> Iterator[Found]:
        vocabulary = self._vocabulary
        sure = match.group("cue").lower() in _SURE_LETTER
        index = words.at(match.end())
        line_end = words.text.find("\n", match.end())
        line_end = len(words.text) if line_end < 0 else line_end
        copied = False
        while index < len(words.items) and words.items[index].start < line_end:
            if words.items[index].key in STRONG_TITLES and words.items[index].gap.startswith((".", " ")):
                index += 1
                continue
            colon = ":" in match.group()
            phrase = forward(words, vocabulary, index, lower=sure, lines=False, roles=colon)
            if phrase is None:
                return
            if not sure:
                phrase = Phrase(phrase.first, _with_comma(words, vocabulary, phrase, line_end))
            score = self._letter_score(words, phrase, line_end, sure, colon, copied)
            if not score:
                return
            yield _found(words, phrase, score)
            after = _COPIES.match(words.text, words.items[phrase.last - 1].end)
            if not after or not sure:
                return
            index = words.at(after.end())
            copied = True

    def _letter_score(
        self, words: Words, phrase: Phrase, line_end: int, sure: bool, colon: bool, copied: bool
    ) -> float:
        """Weighs a phrase after "Dear", "cc:", "Re:"; 0 means that it is no name ("CC: Left-sided weakness")."""
        run = words.items[phrase.first : phrase.last]
        whole = [w for w in run if len(w.text) > 1]
        strange = self._strange(words, run)
        listed = [w for w in run if self._vocabulary.name(w.text)]
        rest = words.text[run[-1].end : line_end].strip()
        alone = not rest or not rest[0].isalnum() or bool(_ENDS.match(words.text, run[-1].end))
        if sure:
            if strange and (listed or (len(strange) == len(whole) and (alone or len(whole) > 1))):
                return 0.95
            initial = len(run) > 1 and len(run[0].text) == 1 and run[0].gap.startswith(".")
            if copied and (listed or initial) and alone:
                return 0.85
            degree = bool(_DEGREE.match(words.text, run[-1].end))
            return 0.9 if degree or (len(listed) == len(run) > 1 and alone) else 0.0
        if strange and (listed or (alone and colon)) and len(run) > 1:
            return 0.85
        generic = any(w.key in self._vocabulary.keep_before for w in run)
        return 0.8 if colon and listed and len(run) > 1 and alone and not generic else 0.0

    def _after_cues(self, words: Words) -> Iterator[Found]:
        for cue, score in ((_STRONG_CUE, 0.93), (_WEAK_CUE, 0.75)):
            for match in cue.finditer(words.text):
                phrase = forward(words, self._vocabulary, words.at(match.end()), limit=4, lines=False)
                if phrase is None:
                    continue
                run = words.items[phrase.first : phrase.last]
                listed = any(self._vocabulary.name(w.text) for w in self._strange(words, run))
                if (score > 0.9 and self._strange(words, run)) or (listed and not any(w.caps for w in run)):
                    yield _found(words, phrase, score)

    def _before_numbers(self, words: Words) -> Iterator[Found]:
        """Yields names that a birth date or a record number follows: ``Ann Lee (DOB 1/2/60)``."""
        for match in _NUMBERED.finditer(words.text):
            index = words.at(match.start()) - 1
            if index < 0 or words.text[words.items[index].end : match.start()].strip("' s."):
                continue
            line = words.text.rfind("\n", 0, match.start()) + 1
            start = words.at(line)
            if 0 < index - start < 5 and _LAST_FIRST.fullmatch(words.text[line : match.start()]):
                yield _found(words, Phrase(start, index + 1), 0.9)
                continue
            phrase = backward(words, self._vocabulary, index)
            if phrase is None:
                continue
            run = words.items[phrase.first : phrase.last]
            listed = [w for w in run if self._vocabulary.name(w.text)]
            if any(w.key in self._vocabulary.roles and w not in listed for w in run):
                continue
            if self._strange(words, run) or (len(listed) == len(run) > 1 and not words.shouting(index)):
                yield _found(words, phrase, 0.9)

    def _with_initials(self, words: Words) -> Iterator[Found]:
        vocabulary = self._vocabulary
        for match in _INITIALS.finditer(words.text):
            index = words.at(match.end())
            word = words.items[index] if index < len(words.items) else None
            if (
                word is None
                or not word.title
                or vocabulary.ambiguous(word.text)
                or not match.group()[0].isupper()
            ):
                continue
            if re.fullmatch(r"[EHSCPBNTKLMA]\.\s?", match.group()) and not vocabulary.name(word.text):
                continue
            phrase = forward(words, vocabulary, index, limit=3, lines=False)
            if phrase:
                yield Found(match.start(), words.items[phrase.last - 1].end, "NAME", 0.85, LAYER)
        for match in _FIRST_INITIAL.finditer(words.text):
            index = words.at(match.start())
            first = words.items[index]
            if not first.title or first.key not in vocabulary.given or first.key in vocabulary.stop:
                continue
            if vocabulary.ordinary(first.text) and words.starts_sentence(index):
                continue
            yield Found(match.start(), match.end(), "NAME", 0.85, LAYER)

    def _listed_pairs(self, words: Words) -> Iterator[Found]:
        """Yields a listed given name and a listed family name side by side, where no term explains them."""
        vocabulary, items = self._vocabulary, words.items
        for index in range(len(items) - 1):
            first, second = items[index], items[index + 1]
            if not (
                first.title
                and second.title
                and len(first.text) > 2
                and len(second.text) > 2
                and first.gap == " "
            ):
                continue
            if first.key not in vocabulary.given or second.key not in vocabulary.family or first.possessive:
                continue
            if first.key in vocabulary.keep and second.key in vocabulary.keep:
                continue
            if {first.key, second.key} & (vocabulary.stop | vocabulary.keep_before | vocabulary.generic):
                continue
            if is_term(words, vocabulary, index + 1) or (
                words.starts_sentence(index) and vocabulary.ordinary(first.text)
            ):
                continue
            plain = vocabulary.ordinary(first.text) and vocabulary.ordinary(second.text)
            if plain and first.key not in vocabulary.common_given:
                continue
            neighbours = items[max(index - 1, 0) : index] + items[index + 2 : index + 3]
            if any(
                w.title and w.key not in vocabulary.stop and not words.starts_sentence(words.at(w.start))
                for w in neighbours
            ):
                continue
            yield _found(words, Phrase(index, index + 2), 0.8)

    def _relations(self, words: Words) -> Iterator[Found]:
        for index, word in enumerate(words.items[:-1]):
            if word.key not in self._vocabulary.relations or not re.fullmatch(r",?[ \t]|[ \t]?\(", word.gap):
                continue
            following = words.items[index + 1]
            if not following.title or len(following.text) < 3 or following.key in self._vocabulary.stop:
                continue
            phrase = forward(words, self._vocabulary, index + 1, limit=3, lines=False)
            if phrase is None:
                continue
            given = following.key in self._vocabulary.given and not word.gap.strip()
            if self._believed(words, phrase) or given or self._strange(words, [following]):
                yield _found(words, phrase, 0.85)

    def _aged(self, words: Words) -> Iterator[Found]:
        for index, word in enumerate(words.items):
            if not word.capital or word.key in self._vocabulary.stop or not _AGED.match(words.text, word.end):
                continue
            phrase = backward(words, self._vocabulary, index)
            if phrase and self._believed(words, phrase):
                yield _found(words, phrase, 0.9)

    def _signoffs(self, words: Words) -> Iterator[Found]:
        """Lines that hold nothing but a name, with or without a degree and a typist's letters."""
        text, vocabulary = words.text, self._vocabulary
        tail = len(text) - 600
        for match in _SIGNOFF.finditer(text):
            late = match.start() > tail
            phrase = forward(
                words, vocabulary, words.at(match.start("name")), lines=False, lower=late, roles=late
            )
            if phrase is None:
                continue
            run = words.items[phrase.first : phrase.last]
            rest = text[run[-1].end : match.end("name")].strip(" ,.")
            if (rest and rest.replace(".", "").replace(" ", "").lower() not in DEGREE) or len(run) < 2:
                continue
            if any(w.key in vocabulary.stop or w.key in vocabulary.keep_before for w in run):
                continue
            strange = self._strange(words, run)
            whole = [w for w in run if len(w.text) > 1]
            listed = [w for w in whole if vocabulary.name(w.text)]
            if strange and ((late and (listed or len(strange) == len(whole))) or len(listed) == len(whole)):
                yield _found(words, phrase, 0.9 if late else 0.7)
            elif not late or any(w.caps for w in whole):
                continue
            elif _CLOSING.search(text, 0, match.start()) and all(w.title for w in run) and len(run) < 4:
                yield _found(words, phrase, 0.85)
            elif len(listed) == len(whole) and (
                len(run) > len(whole) or not any(w.key in vocabulary.keep for w in run)
            ):
                yield _found(words, phrase, 0.7)


def _with_comma(words: Words, vocabulary: Vocabulary, phrase: Phrase, end: int) -> int:
    """Returns where the name ends when it is written ``Last, First``."""
    comma = re.compile(r"[ \t]?,[ \t]?(?=[A-Z])").match(words.text, words.items[phrase.last - 1].end)
    if not comma or comma.end() >= end:
        return phrase.last
    following = words.items[words.at(comma.end())]
    rest = forward(words, vocabulary, words.at(comma.end()), lines=False, limit=3, roles=True)
    return rest.last if rest and following.key not in DEGREE else phrase.last


def _found(words: Words, phrase: Phrase, score: float) -> Found:
    return Found(words.items[phrase.first].start, words.items[phrase.last - 1].end, "NAME", score, LAYER)
