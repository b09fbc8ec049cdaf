"""``resident rate``: physicians judge a release's answers without knowing who gave them.

Makes a form (one HTML file for a browser, nothing outside it) with answers of the release, of the untuned base and of
extract mode on held-out reports; takes the saved marks back and shows them in the evaluation.
"""

import itertools
import json
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from clinical.answers.answer import Answer
from clinical.errors import Refused, TrainingError
from clinical.prompts import Generate
from practice.home import write_atomically
from practice.ratings import RatingBook
from practice.releases import FORM, Release, Releases
from resident.material import gather
from resident.measuring import base_gguf, select, serving
from resident.parts import say
from resident.setup import Practice, open_practice
from trainer import rating
from trainer.basemodel import open_base
from trainer.evaluate import answer
from trainer.example import Example
from trainer.page import evaluation_page

RATED = "evaluation-rated.html"
TASKS = ("summarize", "diagnose", "compare")


def run(options: Namespace) -> int:
    """Makes a form, or takes marks."""
    with open_practice(options.practice_home) as practice:
        if options.take:
            print(take(practice, options.take, options.by))
        elif not options.release:
            raise Refused("Which release?", "`resident releases` lists them.")
        else:
            print(make(practice, options.release, options.reports))
    return 0


def make(practice: Practice, release_id: str, count: int) -> str:
    """Writes a form on ``count`` held-out questions; what to do with it.

    Raises:
        NotFound: no such release.
        TrainingError: nothing is held out.
    """
    release = Releases(practice.home).load(release_id)
    questions = chosen(practice, release, count)
    if not questions:
        raise TrainingError("No report is held out.", "Sign more reports, then ask for a form again.")
    base = open_base(practice.settings.training.base, practice.home.root / "cache")
    answers: dict[str, list[Answer]] = {"extract": given(questions, None)}
    for name, gguf in (("base", base_gguf(practice, base)), ("challenger", release.gguf)):
        if name == "base" and base.sha256 != release.lineage.settings.get("base_sha256"):
            say("the base in the settings is not the one of this release: it is left out")
            continue
        with serving(practice, gguf) as client:
            answers[name] = given(questions, client.generate)
        say(f"{name} has answered {len(questions)} questions")
    items = rating.blind(questions, answers, seed=int(release.sha256[:8], 16))
    form_id = RatingBook(practice.store).open(release.id, [item.key() for item in items])
    path = release.folder / FORM.format(form_id)
    write_atomically(path, rating.form_page(form_id, items).encode())
    return (
        f"{path}\nOpen it in a browser, mark what you can, save, then:\n"
        f'    resident rate --take marks-{form_id}.json --by "Your Name"'
    )


def chosen(practice: Practice, release: Release, count: int) -> tuple[Example, ...]:
    """Held-out questions that did not train the release, of each task in turn, each on another report."""
    trained = set(release.lineage.reports)
    held_out = [e for e in gather(practice).dataset.test if not trained & {r.id for r in e.reports}]
    by_task = [select([e for e in held_out if e.task == task], count) for task in TASKS]
    turns = [e for turn in itertools.zip_longest(*by_task) for e in turn if e is not None]
    once = {example.reports[-1].id: example for example in reversed(turns)}
    return tuple(e for e in turns if once[e.reports[-1].id] is e)[:count]


def given(questions: Sequence[Example], generate: Generate | None) -> list[Answer]:
    """One speaker's answers, as the tools give them."""
    return [answer(question, generate) for question in questions]


def take(practice: Practice, path: Path, by: str | None) -> str:
    """Keeps a physician's marks and draws the evaluation page with all marks so far.

    Raises:
        Refused: no physician of the practice, or a file that is not of a form.
    """
    physician = practice.settings.physician(by)
    if physician is None:
        raise Refused("Only one of the practice's physicians may rate.", 'Add --by "Name" as in config.toml.')
    try:
        content = path.read_text("utf-8")
        form_id = str(json.loads(content)["form"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused("This is no file of marks.", "Give the file that the form saved.") from None
    book = RatingBook(practice.store)
    form = book.form(form_id)
    book.add(form_id, physician.name, rating.read_marks(content, form.items))
    return (
        f"{draw(Releases(practice.home).get(form.release), book)}\nThe marks are kept; this page shows them."
    )


def draw(release: Release, book: RatingBook) -> Path:
    """The evaluation page of a release with what physicians said."""
    measured = release.scores
    page = evaluation_page(
        release.id,
        measured["speakers"],
        release.decision,
        losses=measured.get("losses", ()),
        parity=measured["export"]["parity"],
        memory=measured["memory"],
        ratings=[each.record() for each in rating.scores(book.given(release.id))],
    )
    path = release.folder / RATED
    write_atomically(path, page.encode())
    return path
