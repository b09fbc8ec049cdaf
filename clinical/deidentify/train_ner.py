"""Recipe: trains the weights of ``tagger.py``. Run by a developer, never by the product.

    python -m clinical.deidentify.train_ner --data ../shared/data

Prose: ACI-Bench, MTS-Dialog, MEDEC (CC BY 4.0), PubMedQA (MIT). Names: Faker (MIT), name lists of philter-lite
(BSD-3), names made up from
syllable chains of both. Each text gets a header of random fields, labels, separators and order, a letter's frame or a
sign-off, and its patient, doctors and relatives are named in the prose. Needs scikit-learn, scipy, Faker.
"""

import argparse
import importlib
import json
import lzma
import pkgutil
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clinical.deidentify.folding import fold, key
from clinical.deidentify.tagger import BITS, CLASSES, WEIGHTS, Features, candidates, hashed
from clinical.deidentify.training_frames import FRAMES, Maker, body
from clinical.deidentify.vocabulary import load_vocabulary
from clinical.deidentify.words import find_words

MEDICAL_END = re.compile(
    r"(?:itis|osis|emia|pathy|ectomy|otomy|plasty|scopy|oma|algia|uria|rrhea|penia|megaly|plegia|pnea|genic|oid)\Z"
)
MARK = re.compile(r"⟦(NAME|LOCATION)\|(.*?)⟧", re.DOTALL)


@dataclass(frozen=True)
class Names:
    """Given and family names by origin, and chains of letters to make up new ones."""

    given: Sequence[str]
    family: Sequence[str]
    chains: Sequence[dict[str, list[str]]]


def locale_names() -> Names:
    """Collects Faker's names in Latin letters, by locale."""
    package = importlib.import_module("faker.providers.person")
    given: list[str] = []
    family: list[str] = []
    chains = []
    for module in pkgutil.iter_modules(package.__path__):
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        mine: list[str] = []
        for attribute, target in (
            ("first_names", given),
            ("first_names_male", given),
            ("first_names_female", given),
            ("last_names", family),
            ("last_names_male", family),
            ("last_names_female", family),
        ):
            entries = getattr(provider, attribute, None) or ()
            if isinstance(entries, (list, tuple, dict)):
                latin = [
                    e
                    for e in entries
                    if isinstance(e, str)
                    and e[:1].isupper()
                    and key(e).replace(" ", "").replace("-", "").replace("'", "").isascii()
                ]
                target.extend(rng_sample(latin, 400))
                mine.extend(latin)
        if len(mine) > 60:
            chains.append(chain(mine))
    return Names(given, family, chains)


def rng_sample(items: Sequence[str], most: int) -> list[str]:
    """Returns at most so many items, the same each time."""
    return random.Random(len(items)).sample(list(items), min(most, len(items)))


def chain(names: Sequence[str]) -> dict[str, list[str]]:
    """Builds a chain of letters: what follows three letters in these names."""
    table: dict[str, list[str]] = defaultdict(list)
    for name in names:
        padded = f"^^^{name}$"
        for i in range(len(padded) - 3):
            table[padded[i : i + 3]].append(padded[i + 3])
    return dict(table)


def invent(rng: random.Random, table: dict[str, list[str]]) -> str:
    """Makes up a name with a chain of letters."""
    for _ in range(20):
        state, out = "^^^", ""
        while len(out) < 14:
            letter = rng.choice(table[state])
            if letter == "$":
                break
            out += letter
            state = state[1:] + letter
        if 3 < len(out) < 14 and out.replace("-", "").replace("'", "").replace(" ", "").isalpha():
            return out
    return "Maren"


def prose(data: Path) -> Iterator[str]:
    """Yields the texts that names are put into."""
    for row in _rows(data / "tasks" / "aci_bench.jsonl.xz"):
        yield row["note"]
    for row in _rows(data / "tasks" / "mts_dialog.jsonl.xz"):
        yield row["section_text"]
    for row in _rows(data / "tasks" / "medec.jsonl.xz"):
        sentences = row["sentences"]
        yield " ".join(sentences if isinstance(sentences[0], str) else [s["text"] for s in sentences])
    for row in _rows(data / "tasks" / "pubmedqa.jsonl.xz"):
        contexts = row["contexts"]
        yield " ".join(c if isinstance(c, str) else str(c) for c in contexts)[:2500]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def examples(data: Path, rounds: int, seed: int) -> Iterator[tuple[str, list[tuple[int, int, str]]]]:
    """Yields texts with the stretches that are names and places."""
    names = locale_names()
    more = []
    for kind in ("first", "last"):
        with lzma.open(
            data / "lexicons" / f"philter_{kind}names_minus_fps.txt.xz", "rt", encoding="utf-8"
        ) as lines:
            more.append([w.strip().title() for w in lines if 3 < len(w.strip()) < 14 and w.strip().isalpha()])
    vocabulary = load_vocabulary()
    texts = [t for t in prose(data) if len(t) > 120]
    eponyms = sorted(w.title() for w in vocabulary.keep)
    nouns = sorted(w for w in vocabulary.keep_before if len(w) > 3)
    drugs = [w.title() for w in sorted(vocabulary.drugs) if w.isalpha() and len(w) < 14]
    terms = [w for w in sorted(vocabulary.words) if MEDICAL_END.search(w)]
    for number in range(rounds):
        for index, text in enumerate(texts):
            rng = random.Random(f"{seed} {number} {index}")
            maker = Maker(rng, names, more[0], more[1], invent, eponyms, nouns, drugs, terms)
            whole = rng.choice(FRAMES)(maker, body(maker, text))
            fate = rng.random()
            if fate < 0.06:
                whole = re.sub(r"(?<!⟦)\b(?!NAME\||LOCATION\|)\w+", lambda m: m.group().upper(), whole)
            elif fate < 0.14:
                whole = wrapped(whole, rng.randrange(60, 100))
            elif fate < 0.16:
                whole = re.sub(r"\b(?!NAME\||LOCATION\|)\w+", lambda m: m.group().lower(), whole)
            yield unmark(whole)


def wrapped(text: str, width: int) -> str:
    """Breaks long lines between words outside marks."""
    lines = []
    for line in text.split("\n"):
        out = ""
        for word in re.findall(r"⟦[^⟧]*⟧\S*[ ]*|\S+[ ]*", line):
            if out and len(MARK.sub(r"\2", out)) + len(MARK.sub(r"\2", word)) > width:
                lines.append(out.rstrip())
                out = ""
            out += word
        lines.append(out)
    return "\n".join(lines)


def unmark(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    """Takes the marks out of a text and says where they stood."""
    out, spans, position, length = [], [], 0, 0
    for match in MARK.finditer(text):
        before = text[position : match.start()]
        out += [before, match.group(2)]
        length += len(before)
        spans.append((length, length + len(match.group(2)), match.group(1)))
        length += len(match.group(2))
        position = match.end()
    return "".join([*out, text[position:]]), spans


def main() -> None:
    """Trains and writes the weights, and prints how they do on texts left out."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import classification_report

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    vocabulary = load_vocabulary()
    columns: list[int] = []
    rows: list[int] = [0]
    labels: list[int] = []
    groups: list[int] = []
    noise = random.Random(options.seed)
    for number, (text, spans) in enumerate(examples(options.data, options.rounds, options.seed)):
        view = fold(text)
        if view.starts is not None and len(view.text) != len(text):
            continue
        words = find_words(view.text)
        features = Features(words, vocabulary)
        truth = ["O"] * len(words.items)
        for start, end, label in spans:
            index = words.at(start)
            while index < len(words.items) and words.items[index].start < end:
                truth[index] = label
                index += 1
        chosen = set(candidates(words, vocabulary))
        for index in sorted(chosen):
            before = truth[index - 1] if index - 1 in chosen else "O"
            if noise.random() < 0.12:
                before = noise.choice(CLASSES)
            columns.extend(hashed(features.of(index, before)))
            rows.append(len(columns))
            labels.append(CLASSES.index(truth[index]))
            groups.append(number % 10)
    matrix = csr_matrix(
        (
            np.ones(len(columns), dtype=np.float32),
            np.array(columns, dtype=np.int32),
            np.array(rows, dtype=np.int64),
        ),
        shape=(len(labels), 1 << BITS),
    )
    matrix.sum_duplicates()
    target, group = np.array(labels), np.array(groups)
    train = group != 0
    print(f"{matrix.shape[0]} words, {np.bincount(target)} by class")
    model = SGDClassifier(loss="log_loss", alpha=2e-6, max_iter=10, tol=None, random_state=0, average=True)
    model.fit(matrix[train], target[train])
    print(
        classification_report(target[~train], model.predict(matrix[~train]), target_names=CLASSES, digits=4)
    )
    weights = model.coef_
    scale = np.abs(weights).max(axis=1) / 32767.0
    packed = np.round(weights / scale[:, None]).astype(np.int16)
    np.savez_compressed(
        WEIGHTS, weights=packed, scale=scale.astype(np.float32), bias=model.intercept_.astype(np.float32)
    )
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
