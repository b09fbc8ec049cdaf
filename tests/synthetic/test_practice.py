"""The simulated practice: deterministic, true to its own offsets, and varied."""

import pytest

from synthetic.practice import practice, simulate
from synthetic.report import SimulatedReport


@pytest.fixture(scope="module")
def reports() -> list[SimulatedReport]:
    return list(simulate(7, 400))


def test_the_same_seed_gives_the_same_reports_and_a_longer_stream_begins_with_the_shorter() -> None:
    assert list(simulate(3, 40)) == list(simulate(3, 60))[:40]


def test_two_seeds_give_other_patients() -> None:
    first = {r.identity.name for r in simulate(1, 60)}
    second = {r.identity.name for r in simulate(2, 60)}
    assert len(first & second) <= 1


def test_every_identity_value_printed_is_covered_by_a_span(reports: list[SimulatedReport]) -> None:
    for report in reports:
        covered = [(s.start, s.end) for s in report.truth.identifier_spans]
        for value in (
            report.identity.mrn,
            report.identity.accession,
            report.patient and report.identity.phone,
        ):
            at = report.text.find(value) if value else -1
            if at >= 0:
                assert any(start <= at and at + len(value or "") <= end for start, end in covered), (
                    report.number
                )


def test_spans_lie_within_the_text_and_begin_and_end_with_words(reports: list[SimulatedReport]) -> None:
    for report in reports:
        truth = report.truth
        for span in (*truth.identifier_spans, *truth.findings, *truth.measurements, *truth.sections):
            words = report.text[span.start : span.end]
            assert words and words == words.strip(), (report.number, words)


def test_a_measurement_span_holds_its_value(reports: list[SimulatedReport]) -> None:
    for report in reports:
        for m in report.truth.measurements:
            assert m.value_text in report.text[m.start : m.end]


def test_the_summary_is_what_the_report_prints(reports: list[SimulatedReport]) -> None:
    for report in reports:
        assert report.truth.summary
        assert report.truth.summary in report.text


def test_a_prior_is_an_earlier_report_of_the_same_kind_and_patient(reports: list[SimulatedReport]) -> None:
    followed = [r for r in reports if r.prior is not None]
    assert followed
    for report in followed:
        prior = reports[report.prior or 0]
        assert (prior.patient, prior.kind) == (report.patient, report.kind)
        assert prior.observed_at < report.observed_at


def test_every_signer_is_one_of_the_practice_s_physicians(reports: list[SimulatedReport]) -> None:
    names = {p.name for p in practice(7).physicians}
    assert {r.signed_by for r in reports if r.signed} <= names
    assert any(not r.signed for r in reports)
