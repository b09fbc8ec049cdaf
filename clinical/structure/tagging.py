"""Export of a structure: the text with ``<finding>`` tags, and key-value pairs such as {"blood_pressure": "140/90"}."""

from html import escape

from clinical.report import Structure


def tagged(text: str, structure: Structure) -> str:
    """``text`` escaped for XML, each finding in a tag that carries concept, assertion, side and severity."""
    parts: list[str] = []
    at = 0
    for finding in structure.findings:
        if finding.start < at:
            continue
        marks = {"concept": finding.concept, "assertion": finding.assertion}
        if finding.side is not None:
            marks["side"] = finding.side
        if finding.severity is not None:
            marks["severity"] = finding.severity
        attributes = " ".join(f'{key}="{escape(value)}"' for key, value in marks.items())
        parts.append(escape(text[at : finding.start], quote=False))
        words = escape(text[finding.start : finding.end], quote=False)
        parts.append(f"<finding {attributes}>{words}</finding>")
        at = finding.end
    parts.append(escape(text[at:], quote=False))
    return "".join(parts)


def key_values(structure: Structure) -> dict[str, str]:
    """Measurements as pairs of name and value as printed; of several with one name the last in the text counts.

    Doubtful values are left out. The key is the preferred name with underscores, the value has its unit where printed.
    """
    pairs: dict[str, str] = {}
    for measurement in structure.measurements:
        if not measurement.doubtful:
            key = "_".join(measurement.name.replace("/", " ").split())
            pairs[key] = f"{measurement.value_text} {measurement.unit}".strip()
    if "blood_pressure" in pairs:
        pairs["blood_pressure"] = pairs["blood_pressure"].split(" ")[0]
    return pairs
