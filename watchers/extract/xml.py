"""XML from strangers: no entities, no network, no document type that declares any."""

import re

from lxml import etree

from clinical.errors import ExtractionError


def parse_xml(content: bytes) -> etree._Element:
    """The root element.

    Raises:
        ExtractionError: ``hostile`` where entities are declared, ``damaged`` where it is not well-formed.
    """
    head = content[:65_536]
    if re.search(rb"<!\s*(?:ENTITY|\x00E\x00N\x00T)", head, re.IGNORECASE):
        raise ExtractionError(
            "hostile",
            "The XML declares entities, which reports do not need.",
            "Ask the sender for a file without them.",
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content.lstrip(b"\xef\xbb\xbf \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ExtractionError(
            "damaged", "The XML is incomplete or not well-formed.", "Export it again."
        ) from error
