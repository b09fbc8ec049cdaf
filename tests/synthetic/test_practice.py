"""The simulated practice: deterministic, true to its own offsets, and varied."""

import re
import time

import pytest

from synthetic.course import diseases
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


def test_nothing_is_both_present_and_absent_in_one_report(reports: list[SimulatedReport]) -> None:
    for report in reports:
        said: dict[str, set[str]] = {}
        for finding in report.truth.findings:
            said.setdefault(finding.concept, set()).add(finding.assertion)
        for concept, assertions in said.items():
            assert not {"present", "absent"} <= assertions, (report.number, concept)


def test_an_imaging_conclusion_names_only_what_the_findings_show(reports: list[SimulatedReport]) -> None:
    causes = {d.term for d in diseases().values()} | {"adenoma", "carcinoma", "sinus rhythm"}
    for report in reports:
        if report.kind not in ("chest x-ray", "ct", "echocardiogram", "ecg"):
            continue
        shown = {f.concept for f in report.truth.findings if f.section == "findings"}
        concluded = {f.concept for f in report.truth.findings if f.section == "impression"}
        assert concluded <= shown | causes, (report.number, concluded - shown - causes)


def test_a_value_quoted_twice_is_the_same_value(reports: list[SimulatedReport]) -> None:
    for report in reports:
        if report.kind in ("discharge summary", "laboratory"):
            continue
        values: dict[str, set[float]] = {}
        for m in report.truth.measurements:
            if m.value is not None:
                factor = 10 if m.unit == "cm" and report.kind == "ct" else 1
                values.setdefault(m.name, set()).add(round(m.value * factor, 3))
        for name, found in values.items():
            assert len(found) == 1, (report.number, name, found)


def test_printed_flags_agree_with_the_printed_range(reports: list[SimulatedReport]) -> None:
    seen = set()
    for report in reports:
        for m in report.truth.measurements:
            if m.range_source != "printed" or m.value is None:
                continue
            high = m.high is not None and m.value > m.high
            low = m.low is not None and m.value < m.low
            assert (m.flag in ("H", "HH")) == high and (m.flag in ("L", "LL")) == low, (report.number, m.name)
            seen.add(m.flag)
    assert {"H", "L", "N"} <= seen


def test_changes_are_those_between_the_two_reports(reports: list[SimulatedReport]) -> None:
    checked = 0
    for report in reports:
        if report.prior is None or report.kind != "laboratory":
            continue
        before = {
            m.name: m.value for m in reports[report.prior].truth.measurements if m.section == "laboratory"
        }
        now = {m.name: m.value for m in report.truth.measurements if m.section == "laboratory"}
        for change in report.truth.changes:
            if change.name in before and change.name in now and change.prior and change.current:
                assert float(change.prior) == before[change.name]
                assert float(change.current) == now[change.name]
                checked += 1
    assert checked > 50


def test_every_assertion_kind_flag_and_report_kind_occurs(reports: list[SimulatedReport]) -> None:
    assertions = {f.assertion for r in reports for f in r.truth.findings}
    assert assertions == {"present", "absent", "possible", "historical", "family", "hypothetical"}
    assert len({r.kind for r in reports}) >= 9
    assert len({r.physician.style for r in reports}) >= 10
    labels = {s.label for r in reports for s in r.truth.identifier_spans}
    assert {"NAME", "DATE", "ID", "LOCATION", "PHONE", "FAX", "EMAIL", "AGE", "URL"} <= labels


def test_most_reports_are_abnormal_but_not_all(reports: list[SimulatedReport]) -> None:
    share = sum(bool(r.truth.diagnoses) for r in reports) / len(reports)
    assert 0.7 < share < 0.97


def test_sex_and_age_fit_what_is_reported() -> None:
    for report in simulate(31, 1500):
        text = report.text.lower()
        if report.identity.sex == "M":
            assert "invasive ductal" not in text and "heavy periods" not in text
        else:
            assert "prostat" not in text and "psa" not in text.split()
        if report.kind == "laboratory":
            adult = int(report.observed_at[:4]) - int((report.identity.birth_date or "0")[:4]) > 18
            ranges = {(m.name, m.low, m.high) for m in report.truth.measurements if m.name == "hemoglobin"}
            for _, low, _ in ranges - {("hemoglobin", None, None)}:
                expected = {"M": 13.5, "F": 12.0}[report.identity.sex or "M"]
                assert not adult or low == expected


def findings_sentences(seed: int) -> set[str]:
    found = set()
    for report in simulate(seed, 300):
        for section in report.truth.sections:
            if section.name in ("findings", "history", "physical_exam", "procedure"):
                body = " ".join(report.text[section.start + len(section.heading) : section.end].split())
                sentences = re.split(r"(?<=[.;])\s|:\s", body)
                found |= {s for s in sentences if len(s.split()) >= 6}
    return found


def test_two_seeds_share_few_sentences_of_findings() -> None:
    shares = []
    for one, other in ((101, 202), (303, 404)):
        first, second = findings_sentences(one), findings_sentences(other)
        shares.append(len(first & second) / len(first))
    assert max(shares) < 0.15, shares


def test_ten_thousand_reports_take_less_than_a_minute_of_one_core() -> None:
    start = time.process_time()
    assert sum(1 for _ in simulate(41, 1000)) == 1000
    assert time.process_time() - start < 6


def test_every_number_of_a_conclusion_stands_in_the_rest_of_the_report(
    reports: list[SimulatedReport],
) -> None:
    number = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)")
    for report in reports:
        at = report.text.rindex(report.truth.summary)
        rest = report.text[:at] + report.text[at + len(report.truth.summary) :]
        told = set(number.findall(rest))
        summary = re.sub(r"(?m)^\d+\. ", "", report.truth.summary)
        for value in number.findall(summary):
            millimetres = f"{float(value) * 10:.0f}"
            assert value in told or millimetres in told, (report.number, value, report.truth.summary)
