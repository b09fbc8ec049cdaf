"""What a file is, by its content; a name only decides between forms of text that look alike."""

import json
import re
from pathlib import PurePath

TEXT = "text/plain"
MARKDOWN = "text/markdown"
PDF = "application/pdf"
RTF = "application/rtf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"
PNG = "image/png"
JPEG = "image/jpeg"
TIFF = "image/tiff"
OTHER_IMAGE = "image/other"
EML = "message/rfc822"
CSV = "text/csv"
JSON = "application/json"
JSONL = "application/x-ndjson"
FHIR = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
FHIR_LINES = "application/fhir+ndjson"
HL7 = "x-application/hl7-v2+er7"
CDA = "application/cda+xml"
XML = "application/xml"
HTML = "text/html"

_MAGIC = (
    (b"%PDF-", PDF),
    (b"{\\rtf", RTF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
    (b"GIF8", OTHER_IMAGE),
    (b"BM", OTHER_IMAGE),
)
# Known formats that hold no report we read: named, so that the reason can be.
_REFUSED = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"BZh", "application/x-bzip2"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-elf"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)


def sniff(content: bytes, name: str = "") -> str:
    """The media type of ``content``. ``name`` is consulted for its suffix only."""
    head = content[:8192]
    bare = head.lstrip(b"\xef\xbb\xbf\x00 \t\r\n\x0b\x1c")
    if b"%PDF-" in content[:1024]:
        return PDF
    for magic, media in _MAGIC:
        if head.startswith(magic) and (magic != b"BM" or _is_bitmap(content)):
            return media
    if bare.startswith(b"{\\rtf"):
        return RTF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return OTHER_IMAGE
    if head[4:8] == b"ftyp":
        return OTHER_IMAGE if head[8:12] in (b"heic", b"heix", b"mif1", b"avif") else "video/mp4"
    if head[128:132] == b"DICM":
        return "application/dicom"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip_kind(content)
    for magic, media in _REFUSED:
        if head.startswith(magic) and (len(magic) > 2 or b"\x00" in head):
            return media
    return _text_kind(bare, content, name)


def _is_bitmap(content: bytes) -> bool:
    return len(content) > 30 and content[6:10] == b"\0\0\0\0" and b"\0" in content[10:18]


def _zip_kind(content: bytes) -> str:
    # The central directory at the end names the members; the first local header alone can lie.
    tail = content[-400_000:]
    if b"word/document.xml" in tail or b"word/document2.xml" in tail:
        return DOCX
    if b"xl/workbook.xml" in tail:
        return XLSX
    if b"ppt/presentation.xml" in tail:
        return "application/vnd.ms-powerpoint"
    if b"mimetypeapplication/vnd.oasis.opendocument" in content[:200]:
        return "application/vnd.oasis.opendocument"
    return ZIP


def _text_kind(bare: bytes, content: bytes, name: str) -> str:
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff") or content[:512].count(0) > len(content[:512]) // 4
    text = (
        content[:16384].decode("utf-16", errors="replace")
        if wide and len(content) > 1
        else bare.decode("latin-1")
    )
    text = text.lstrip("\ufeff \t\r\n\x0b\x1c\x00")
    suffix = PurePath(name.strip()).suffix.lower()
    if re.match(r"(?:MSH|FHS|BHS)[^\w\s]", text):
        return HL7
    if text.startswith("<"):
        return _markup_kind(text)
    if text.startswith(("{", "[")):
        kind = _json_kind(text, content, suffix)
        if kind:
            return kind
    if suffix in (".csv", ".tsv", ".tab") or _is_table(text):
        return CSV
    if _is_mail(text):
        return EML
    if suffix in (".md", ".markdown"):
        return MARKDOWN
    return TEXT


def _markup_kind(text: str) -> str:
    root = re.sub(
        r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\])?\s*>", "", text, flags=re.DOTALL
    ).lstrip()
    if re.match(r"<(?:\w+:)?ClinicalDocument\b", root):
        return CDA
    if re.match(r"<(?:!doctype html|html|head|body)\b", text, re.IGNORECASE) or re.match(
        r"<(?:html|head|body)\b", root, re.IGNORECASE
    ):
        return HTML
    if "http://hl7.org/fhir" in root[:2000]:
        return FHIR_XML
    if text.startswith("<?xml") or re.match(r"<[A-Za-z_][\w:.-]*(?:\s[^<>]*)?/?>", root):
        return CDA if "ClinicalDocument" in text[:4000] else XML
    return TEXT


def _json_kind(text: str, content: bytes, suffix: str) -> str | None:
    fhir = re.search(r'"resourceType"\s*:\s*"[A-Z]', text) is not None
    lines = [line for line in content[:400_000].splitlines() if line.strip()]
    if len(lines) > 1 and text.startswith("{") and lines[0].rstrip().endswith(b"}"):
        try:
            json.loads(lines[0])
        except ValueError:
            pass
        else:
            return FHIR_LINES if fhir else JSONL
    if fhir:
        return FHIR
    if suffix in (".jsonl", ".ndjson"):
        return JSONL
    if suffix == ".json" or re.match(r'(?:\{\s*(?:"|\})|\[\s*[\[{"\]\d])', text):
        return JSON
    return None


def _is_table(text: str) -> bool:
    """Three or more lines with the same number (two or more) of tabs, or a head of short names."""
    lines = text.splitlines()[:6]
    if len(lines) < 2:
        return False
    tabs = [line.count("\t") for line in lines if line.strip()]
    if len(tabs) >= 3 and tabs[0] >= 2 and len(set(tabs)) == 1:
        heads = lines[0].lower()
        return (
            re.search(r"\b(?:text|report|note|mrn|patient|transcription|body|content)\b", heads) is not None
        )
    names = [part.strip(' "') for part in lines[0].split(",")]
    known = {
        "mrn",
        "text",
        "report",
        "report_text",
        "note",
        "note_text",
        "patient",
        "patient_name",
        "dob",
        "transcription",
        "body",
        "report text",
    }
    return (
        len(names) >= 2 and sum(n.casefold() in known for n in names) >= 2 and all(len(n) < 40 for n in names)
    )


_MAIL_KEYS = {
    "from",
    "to",
    "subject",
    "date",
    "received",
    "mime-version",
    "message-id",
    "return-path",
    "content-type",
    "delivered-to",
    "x-mailer",
    "cc",
}


def _is_mail(text: str) -> bool:
    keys = set()
    for line in text.splitlines()[:40]:
        if not line.strip():
            break
        if line[0] in " \t":
            continue
        match = re.match(r"([A-Za-z][\w-]*):", line)
        if match is None:
            return False
        keys.add(match[1].lower())
    strong = {"mime-version", "message-id", "received", "content-type", "return-path"}
    return len(keys & _MAIL_KEYS) >= 3 and bool(keys & strong) and "from" in keys
