"""Spanish sign-off blocks: who sent the report, from which hospital, street, code, town and province, often unlabelled.

From "Remitido por" or "Responsable clínico" to the mail address or the line's end all that is no role or specialty is
name or place, whatever its order.
"""

import re
from collections.abc import Iterator

from clinical.deidentify.found import Found
from clinical.deidentify.words import UPPER

LAYER = "places"
_CAP = rf"[{UPPER}][\w'´’ªº-]*\.?"
_LINK = r"(?:de|del|la|las|los|el|y|e|do|da|i|en)"
_RUN = rf"{_CAP}(?:[ ]+(?:{_LINK}[ ]+)*{_CAP}){{0,6}}"
_BLOCK = re.compile(
    r"(?i:remitido[ ]por|remite|responsable[ ]cl[íi]nico|correspondencia|autor|domicilio|direcci[óo]n"
    r"|informe[ ]realizado[ ]por)[ ]*:"
    r"[^\n]{0,400}(?:\n(?=[^\n:]{0,60}$)[^\n]{0,80})?"
)
_CODE = re.compile(
    r"(?:(?:C\.?P\.?|E|Código[ ]postal|código[ ]postal)[ :.-]{0,2})?(?<![\w.,/])"
    r"(?P<code>\d{5}(?:-\d{3})?|\d{4}(?=[ ,.]+[(A-Z])|\d{2}[ ]\d{3})(?![\w/])"
)
_STREET = re.compile(
    rf"(?:(?i:(?:paseo|avda?|avenida|av|calle|c|plaza|pza|urb|ctra|raval|vialidad|apartado|colonia|barrio)\b"
    rf"[./]*[ ]*(?i:de[ ]correos)?[ ]*)"
    rf"(?:[\w.´'’ªº]+[ ]){{0,6}}?[\w.´'’ªº]*|{_RUN}),?[ ]*"
    r"(?:[Nn](?:[º°.o]|o\.|úm\.?)[ ]*|\#[ ]?)?(?:\d{1,5}[ªºa-c]?|s/n\.?º?|S/N|km\.?[ ]?\d[\d.,]*)"
    rf"(?:[ ,.–-]{{1,3}}(?:[Bb]loque|[Ee]dificio|[Pp]lanta|[Ee]scalera|Suite|[Pp]iso"
    r"|[Pp]uerta|[Ll]ocal|Col\.|[Cc]olonia)"
    rf"[ ]+[\w.-]+(?:[ ]{_CAP})?){{0,3}}"
    r"(?:[ ,–-]{1,3}(?:\d{1,2}[.]?[oº]?[ ]?[a-zA-Z]{1,2}\b"
    r"|\d{1,3}[ºª°]?[oa]?(?:[ ]?(?:[A-Z]|[Dd]cha|[Ii]zda?|[Ii]z)\b)?"
    r"|[A-Z]\b|[Ii]zda?\b|[Dd]cha\b|bajo\b)){0,3}"
)
_AFTER = re.compile(rf"[ ]*[,.(-]+[ ]*(?P<place>{_RUN})")
_QUOTED = re.compile(
    rf"(?:Hospital|Centro|Cl[íi]nica)(?:[ ](?:{_LINK}[ ])*{_CAP}){{0,4}}[ ]"
    r"[\"'“«][^\"'”»\n]{2,40}[\"'”»]"
)
_CHU = re.compile(r"\((?:CHU|HU|CH|HG)[A-Z]{1,5}\)")


def find_blocks(text: str) -> Iterator[Found]:
    """Yields streets, codes and towns of sign-off blocks."""
    for match in _QUOTED.finditer(text):
        yield Found(match.start(), match.end(), "LOCATION", 0.93, LAYER)
    for match in _CHU.finditer(text):
        yield Found(match.start() + 1, match.end() - 1, "LOCATION", 0.85, LAYER)
    for block in _BLOCK.finditer(text):
        start, end = block.span()
        for street in _STREET.finditer(text, start, end):
            begin = street.start()
            colon = text.find(":", begin, street.end())
            begin = colon + 1 if colon >= 0 else begin
            yield Found(begin, street.end(), "LOCATION", 0.85, LAYER)
        for code in _CODE.finditer(text, start, end):
            yield Found(*code.span("code"), "LOCATION", 0.9, LAYER)
            place = re.compile(rf"[ ,.:()-]*(?P<place>{_RUN})").match(text, code.end(), end)
            while place and not _role(place.group("place")):
                yield Found(*place.span("place"), "LOCATION", 0.85, LAYER)
                place = _AFTER.match(text, place.end(), end)
        for town in re.compile(
            rf"(?<=[.,(])[ ]*(?P<place>{_RUN})(?=[ ]*[.,)]?[ ]*(?:\(|España|$|[Ee]-?mail|Correo))"
        ).finditer(text, start, end):
            if not _role(town.group("place")):
                yield Found(*town.span("place"), "LOCATION", 0.75, LAYER)


_ROLE = re.compile(
    r"(?i)(?:servicio|urolog|medicina|pediatr|departamento|secci[óo]n|unidad|e-?mail|correo"
    r"|fax|tel|tfno|espa[ñn]a|cirug|jefe|supervisor"
    r"|adjunt|residente|dr|dra|especialista|enfermer|oftalmolog|nefrolog|ginecolog|dermatolog|neurolog"
    r"|cardiolog|reumatolog|radiolog"
    r"|m[ée]xico|argentina|chile|cuba|colombia|costa rica|venezuela|per[úu])"
)


def _role(place: str) -> bool:
    """Tells whether a run of capital words is a role, a specialty or a country."""
    return bool(_ROLE.match(place))
