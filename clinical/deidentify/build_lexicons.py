"""Recipe: builds the word and name lists that ship beside this file. Run by a developer, never by the product.

    python -m clinical.deidentify.build_lexicons --data ../shared/data --drugs DICTIONARY.pkl.bz2 --icd TABULAR.xml

``words.txt.gz`` holds words that clinical or everyday English writes in lower case, drug names (d) and
abbreviations (a). Sources: the SCOWL word lists (permissive, notice in ``LEXICONS.md``), the prose of ACI-Bench,
MTS-Dialog and MEDEC (CC BY 4.0), PubMedQA (MIT), medical abbreviations (MIT), the drug dictionary of
drug-named-entity-recognition (MIT), ICD-10-CM descriptions (US government, public domain).
``names.txt.gz`` holds given (g), family (f) and both (b) names: the ``names`` package (MIT, US census) and Faker (MIT).
``places.txt.gz`` holds cities, countries and states that Faker knows (MIT).
"""

import argparse
import bz2
import csv
import gzip
import importlib
import json
import lzma
import pickle
import pkgutil
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from clinical.deidentify.folding import key

HERE = Path(__file__).parent
WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
LATIN = re.compile(r"[^\W\d_]+(?:['’ -][^\W\d_]+)*\Z")


def rows(path: Path) -> Iterator[dict[str, object]]:
    """Yields the objects of a ``.jsonl.xz`` file."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def texts(value: object) -> Iterator[str]:
    """Yields every string inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


MEDICAL = re.compile(
    r"(?:itis|osis|oses|emia|pathy|ectomy|otomy|ostomy|plasty|scop(?:y|ic)|gram|graph(?:y|ic)|omas?|algia|gia|nia|oid"
    r"|[ein]al|ic|ous|ary|ine|ase|ide|uria|rrhea|trophy|penia|megaly|lysis|pexy|rrhaphy|cyte|cele|blast|phagia|plegia"
    r"|paresis|pnea|gen(?:ic|ous)|metry|metric|tion|ability|i[sz](?:ed|ing)|ed|al|ar)\Z"
)


def ordinary_words(
    data: Path, dictionaries: Path, drugs: Path, icd: Path, people: set[str]
) -> tuple[set[str], set[str]]:
    """Returns words written in lower case, and drug names; a name of ``people`` must be in a dictionary."""
    words: set[str] = set()
    for file in ("american-english-large", "british-english-large"):
        for line in (dictionaries / file).read_text(encoding="utf-8").split():
            if line.islower() and not line.endswith("'s"):
                words.add(key(line))
    largest = (dictionaries / "american-english-insane").read_text(encoding="utf-8").split()
    words |= {key(w) for w in largest if w.islower() and MEDICAL.search(w)} - people
    seen: Counter[str] = Counter()
    for text in re.findall(r"<(?:desc|note)>([^<]+)<", icd.read_text(encoding="utf-8")):
        seen.update({w: 2 for w in WORD.findall(text) if w.islower()})
    for name in ("aci_bench", "mts_dialog", "medec", "pubmedqa"):
        for row in rows(data / "tasks" / f"{name}.jsonl.xz"):
            for text in texts(row):
                seen.update(w for w in WORD.findall(text) if w.islower())
    with lzma.open(data / "lexicons" / "medical_abbreviations.csv.xz", "rt", encoding="utf-8") as lines:
        for record in csv.reader(lines):
            for cell in record:
                seen.update({w: 2 for w in WORD.findall(cell) if w.islower()})
    words |= {key(w) for w, count in seen.items() if count > 1 and len(w) > 1} - people
    with bz2.open(drugs) as packed:
        variants = pickle.load(packed)["drug_variant_to_canonical"]
    medicines = {key(w) for v in variants for w in v.split() if WORD.fullmatch(w) and len(w) > 4}
    return words, medicines


STILL_WORDS = frozenset(
    (
        "rod rods iris chambers hooks seal silver shaver hammer holder pace blocker watts crystal golden"
        " shell keys corona junior north south do ed german welsh christian roman villa browning downing"
        " laws buck major royal champion means van ash bean lemon lemons salmon trout nettles maples"
        " wheat bales pike bulls ham bacon dill pepper queen prince wills tang swan hare rattle warden"
        " matron monk rector stringer carrier stretcher sister brook ware dodge dove heart reed sole crow"
        " stark bland moody keen savage jolly handy gallant merchant painter singer butcher barber porter"
        " butts doe beaver beavers crews pool fortune justice charity joy forte vest shepherds waters"
        " rivers flint sling mead ginger olive olives amber ruby opal jewel pearl fern lily ivy laurel"
        " holly hazel violet daisy autumn heath rocky misty sandy sherry brandy myrtle garland sterling"
        " marlin rusty penny shelly harp barge fountain battle"
    ).split()
)
"""Common names that reports write as words too, though the corpora below happen not to."""


def seldom_words(data: Path) -> set[str]:
    """Returns common names of the US census that clinical prose never writes in lower case.

    A dictionary holds ``nancy`` and ``turner``; a report means a person.
    """
    seen: set[str] = set()
    for name in ("aci_bench", "mts_dialog", "medec", "pubmedqa"):
        for row in rows(data / "tasks" / f"{name}.jsonl.xz"):
            for text in texts(row):
                seen |= {w for w in WORD.findall(text) if w.islower()}
    folder = Path(str(importlib.import_module("names").__file__)).parent
    common: set[str] = set()
    for file, most in (("dist.male.first", 700), ("dist.female.first", 900), ("dist.all.last", 3000)):
        lines = (folder / file).read_text(encoding="utf-8").splitlines()[:most]
        common |= {key(line.split()[0]) for line in lines if line.split()}
    return common - seen - STILL_WORDS


def abbreviations(data: Path) -> set[str]:
    """Returns clinical abbreviations of letters only."""
    with lzma.open(data / "lexicons" / "medical_abbreviations.csv.xz", "rt", encoding="utf-8") as lines:
        return {key(row[0]) for row in csv.reader(lines) if row and row[0].isalpha() and len(row[0]) < 7}


def faker_parts(provider: str, attributes: Iterable[str]) -> Iterator[str]:
    """Yields the entries of Faker's lists of ``provider`` (``person``, ``address``) in Latin letters."""
    package = importlib.import_module(f"faker.providers.{provider}")
    for module in pkgutil.iter_modules(package.__path__):
        locale = importlib.import_module(f"faker.providers.{provider}.{module.name}")
        for attribute in attributes:
            entries = getattr(locale.Provider, attribute, None)
            for entry in entries if isinstance(entries, Iterable) else ():
                if isinstance(entry, str) and LATIN.match(entry) and key(entry).isascii():
                    yield entry


def census(kind: str) -> Iterator[str]:
    """Yields the names of the ``names`` package."""
    folder = Path(str(importlib.import_module("names").__file__)).parent
    for file in folder.glob(f"dist.*.{kind}"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.split():
                yield line.split()[0]


def main() -> None:
    """Writes the three lists."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--dictionaries", type=Path, default=Path("/usr/share/dict"))
    parser.add_argument("--drugs", type=Path, required=True)
    parser.add_argument("--icd", type=Path, required=True)
    options = parser.parse_args()
    firsts = ("first_names", "first_names_male", "first_names_female", "first_names_nonbinary")
    given = {key(w) for w in (*census("first"), *faker_parts("person", firsts))}
    family = {
        key(w)
        for w in (
            *census("last"),
            *faker_parts("person", ("last_names", "last_names_male", "last_names_female")),
        )
    }
    words, medicines = ordinary_words(
        options.data, options.dictionaries, options.drugs, options.icd, given | family
    )
    words -= seldom_words(options.data)
    places = {
        key(w)
        for w in faker_parts(
            "address",
            (
                "cities",
                "city_names",
                "countries",
                "states",
                "counties",
                "provinces",
                "regions",
                "land",
                "cantons",
            ),
        )
    }
    short = abbreviations(options.data) - words
    medicines -= words | short | given | family
    write(
        "words",
        [*sorted(words), *(f"{w}\td" for w in sorted(medicines)), *(f"{w}\ta" for w in sorted(short))],
    )
    kinds = {w: "b" if w in given and w in family else "g" if w in given else "f" for w in given | family}
    write("names", [f"{w}\t{kinds[w]}" for w in sorted(kinds) if len(w) > 1])
    write("places", sorted(w for w in places if len(w) > 3))


def write(name: str, lines: Iterable[str]) -> None:
    """Writes a gzip file that is the same whenever its lines are."""
    packed = gzip.compress("\n".join(lines).encode(), 9, mtime=0)
    (HERE / f"{name}.txt.gz").write_bytes(packed)


if __name__ == "__main__":
    main()
