"""The network over claim and lines: word pieces, vectors, and what it makes of rewordings."""

import numpy as np
import pytest

from clinical.answers.report import report_from_text
from clinical.evidence.encoder import LONGEST, encoder
from clinical.evidence.index import index_of, line_of
from clinical.evidence.judge import align
from clinical.evidence.pair import pair_of, score
from clinical.evidence.paraphrase import best_lines, features, probability

TEXT = """HISTORY: She gets short of breath when she climbs stairs.
Her father had a stroke at 60. She takes lisinopril 10 mg daily.

FINDINGS: The gallbladder was taken out in 2012. No fluid around the lungs.

PLAN: A colonoscopy will be arranged.
"""


def laid(sentence, text=TEXT):
    index = index_of((report_from_text(text),))
    return align(line_of(sentence, 0, len(sentence)), index), index


def test_vectors_of_a_sentence_do_not_depend_on_the_others_of_its_batch():
    short, _ = encoder().sentence(["no", "fever", "."])
    long, _ = encoder().sentence(["the", "patient", "has", "had", "dyspnea", "for", "three", "days", "."])
    alone, together = encoder().encode([short])[0], encoder().encode([long, short])[1]
    assert alone.shape == (len(short), 3 * 384)
    np.testing.assert_allclose(alone, together, atol=2e-4)


def test_every_piece_knows_its_word_and_long_sentences_are_cut():
    ids, owners = encoder().sentence(["cholecystectomy", "[date-3d]", "ä"])
    assert len(ids) == len(owners) and owners[0] == owners[-1] == -1
    assert sorted(set(owners[1:-1])) == [0, 1, 2] and list(owners[1:-1]) == sorted(owners[1:-1])
    assert len(encoder().sentence(["edema"] * 500)[0]) <= LONGEST + 1


def test_without_a_line_there_is_no_pair_and_no_trust():
    alignment, index = laid("She has a fever.", "")
    assert best_lines(alignment, index) == []
    assert pair_of(alignment, [], index) is None
    assert score(None, features(alignment, index)) < -4


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("Climbing stairs makes her breathless.", "Lying flat makes her breathless."),
        ("Her gallbladder has been removed.", "Her appendix has been removed."),
        ("A colonoscopy is planned.", "A colonoscopy was unremarkable."),
        ("No pleural effusion.", "Bilateral pleural effusions are seen."),
    ],
)
def test_a_true_rewording_is_likelier_than_a_false_one(true, false):
    assert probability(*laid(true)) > probability(*laid(false))
