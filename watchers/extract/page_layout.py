"""Reading order: pieces of text on a level page become rows, columns and paragraphs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

CELL_GAP = 1.15  # in heights of a line: a wider gap parts two cells
COLUMN_CHARS = 20  # lines of a text column hold at least so many characters, cells of a table fewer
COLUMN_ROWS = 5
CELL = "   "  # between two cells; more in a table, so that its columns stand under each other
TABLE_ROWS = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """A line or a part of one: its box on the level page and how many characters it holds."""

    index: int
    left: float
    top: float
    right: float
    bottom: float
    chars: int

    @property
    def middle(self) -> float:
        """Centre line."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """Height."""
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Row:
    """Pieces of one printed row from left to right, and how it stands to the one before.

    Attributes:
        gaps: what parts each piece from the one before: "" at first, one blank, or more for a new cell.
        apart: a blank line stands before it.
    """

    pieces: tuple[Piece, ...]
    gaps: tuple[str, ...] = field(default=())
    apart: bool = False


def arrange(pieces: Sequence[Piece], cell_gap: float = CELL_GAP) -> list[Row]:
    """Rows in reading order."""
    if not pieces:
        return []
    line = median(p.height for p in pieces)
    rows: list[Row] = []
    for block in _blocks(list(pieces), line, 0):
        made = _rows(block, line, cell_gap)
        if rows and made:
            made[0] = Row(made[0].pieces, made[0].gaps, True)
        rows.extend(made)
    return rows


def _rows(pieces: list[Piece], line: float, cell_gap: float) -> list[Row]:
    groups: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: p.middle):
        best: tuple[float, list[Piece]] | None = None
        for group in groups[-4:]:
            near = min(group, key=lambda p: max(p.left - piece.right, piece.left - p.right, 0.0))
            overlap = min(near.bottom, piece.bottom) - max(near.top, piece.top)
            share = overlap / max(1.0, min(near.height, piece.height))
            clash = any(min(p.right, piece.right) - max(p.left, piece.left) > 0.5 * line for p in group)
            if share > 0.5 and not clash and (best is None or share > best[0]):
                best = (share, group)
        if best:
            best[1].append(piece)
        else:
            groups.append([piece])
    groups.sort(key=lambda group: median(p.middle for p in group))
    rows: list[Row] = []
    pitches = [b - a for a, b in pairwise(median(p.middle for p in group) for group in groups)]
    pitch = median(pitches) if pitches else line
    for number, group in enumerate(groups):
        group.sort(key=lambda p: p.left)
        gaps = [""]
        for before, after in pairwise(group):
            gaps.append(CELL if after.left - before.right > cell_gap * min(line, before.height) else " ")
        apart = number > 0 and pitches[number - 1] > 1.5 * pitch
        rows.append(Row(tuple(group), tuple(gaps), apart))
    return _aligned(rows)


def _aligned(rows: list[Row]) -> list[Row]:
    """Rows of a table with gaps that keep its columns under each other: an empty cell stays empty."""
    out = list(rows)
    begin = 0
    for end in range(len(rows) + 1):
        if end < len(rows) and sum(gap == CELL for gap in rows[end].gaps) >= 2:
            continue
        # A row with fewer cells ends the table, unless it is one within it.
        within = end < len(rows) and CELL in rows[end].gaps and end > begin
        if within:
            continue
        table = rows[begin:end]
        if sum(sum(gap == CELL for gap in row.gaps) >= 2 for row in table) >= TABLE_ROWS:
            pieces = [piece for row in table for piece in row.pieces]
            left = min(piece.left for piece in pieces)
            wide = median((piece.right - piece.left) / max(1, piece.chars) for piece in pieces)
            out[begin:end] = [_spaced(row, left, max(wide, 1e-3)) for row in table]
        begin = end + 1
    return out


def _spaced(row: Row, left: float, wide: float) -> Row:
    gaps: list[str] = []
    at = 0
    for gap, piece in zip(row.gaps, row.pieces, strict=True):
        if gap == CELL:
            gap = " " * max(len(CELL), round((piece.left - left) / wide) - at)
        gaps.append(gap)
        at += len(gap) + piece.chars
    return Row(row.pieces, tuple(gaps), row.apart)


def _blocks(pieces: list[Piece], line: float, depth: int) -> list[list[Piece]]:
    """Split at a gutter between two columns of running text; else one block."""
    if depth > 3 or len(pieces) < 2 * COLUMN_ROWS:
        return [pieces]
    # A lone sign is dirt or a flag: it neither makes a column nor bridges a gutter.
    found = _gutter([p for p in pieces if p.chars > 1], line)
    if found is None:
        return [pieces]
    x, top, bottom = found
    above = [p for p in pieces if p.middle < top]
    below = [p for p in pieces if p.middle > bottom]
    inside = [p for p in pieces if top <= p.middle <= bottom]
    out: list[list[Piece]] = []
    for part in (
        above,
        [p for p in inside if (p.left + p.right) / 2 < x],
        [p for p in inside if (p.left + p.right) / 2 >= x],
        below,
    ):
        if part:
            out.extend(_blocks(part, line, depth + 1))
    return out


def _gutter(pieces: list[Piece], line: float) -> tuple[float, float, float] | None:
    """The gutter with the most rows of running text on both sides: x, top and bottom of its band."""
    low, high = min(p.left for p in pieces), max(p.right for p in pieces)
    best: tuple[int, float, float, float] | None = None
    steps = 60
    for step in range(int(steps * 0.2), int(steps * 0.8) + 1):
        x = low + (high - low) * step / steps
        crossing = sorted(
            (p.top, p.bottom) for p in pieces if p.left < x - 0.15 * line and p.right > x + 0.15 * line
        )
        # Bands between the pieces that run across.
        edges = [min(p.top for p in pieces) - 1.0]
        for top, bottom in crossing:
            edges += [top, bottom]
        edges.append(max(p.bottom for p in pieces) + 1.0)
        for top, bottom in zip(edges[::2], edges[1::2], strict=True):
            if bottom - top < COLUMN_ROWS * line:
                continue
            left = [p for p in pieces if top <= p.middle <= bottom and p.right <= x + 0.2 * line]
            right = [p for p in pieces if top <= p.middle <= bottom and p.left >= x - 0.2 * line]
            if not (_running(left) and _running(right)):
                continue
            gap = min(p.left for p in right) - max(p.right for p in left)
            if gap < 0.6 * line:
                continue
            first = max(min(p.top for p in left), min(p.top for p in right))
            last = min(max(p.bottom for p in left), max(p.bottom for p in right))
            if last - first < COLUMN_ROWS * line:
                continue
            # What stands alone at the head or foot of one side belongs to the page, not to the column, unless
            # it continues without a break.
            start, end = _extent(left, right, first, last, line)
            start = _below_head(left, right, start, line)
            count = min(len(left), len(right))
            if (
                best is None
                or count > best[0]
                or (count == best[0] and abs(x - (low + high) / 2) < abs(best[1] - (low + high) / 2))
            ):
                best = (count, x, start, end)
    return None if best is None else best[1:]


def _extent(
    left: list[Piece], right: list[Piece], first: float, last: float, line: float
) -> tuple[float, float]:
    start, end = first, last
    for side in (left, right):
        tops = sorted(side, key=lambda p: p.top, reverse=True)
        edge = first
        for piece in tops:
            if piece.top < edge and edge - piece.bottom < 1.0 * line:
                edge = min(edge, piece.top)
        start = min(start, edge)
        edge = last
        for piece in sorted(side, key=lambda p: p.bottom):
            if piece.bottom > edge and piece.top - edge < 1.0 * line:
                edge = max(edge, piece.bottom)
        end = max(end, edge)
    return start, end


def _below_head(left: list[Piece], right: list[Piece], start: float, line: float) -> float:
    """Where the columns begin: below the label and value pairs that stand above a gap across both sides."""
    sides = [
        (piece, max(p.right - p.left for p in side))
        for side in (left, right)
        for piece in side
        if piece.middle >= start
    ]
    bottom = start
    for piece, widest in sorted(sides, key=lambda found: found[0].top):
        if bottom > start and piece.top - bottom > 0.6 * line:
            return (bottom + piece.top) / 2
        if piece.right - piece.left > 0.72 * widest:
            return start
        bottom = max(bottom, piece.bottom)
    return start


def _running(pieces: list[Piece]) -> bool:
    """Whether these are lines of a text column and no cells of a table."""
    if len(pieces) < COLUMN_ROWS:
        return False
    rows = _merged_rows(pieces)
    if len(rows) < COLUMN_ROWS or len(pieces) > 1.6 * len(rows):
        return False
    chars = sorted(count for count, _ in rows)
    long = [count for count in chars if count >= COLUMN_CHARS]
    extents = sorted(extent for _, extent in rows)
    wide = extents[int(0.9 * (len(extents) - 1))]  # the widest may be two pieces that do not belong together
    full = sum(1 for _, extent in rows if extent > 0.72 * wide)
    return len(long) >= 0.5 * len(rows) and full >= 0.35 * len(rows)


def _merged_rows(pieces: list[Piece]) -> list[tuple[int, float]]:
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: p.middle):
        if rows and abs(rows[-1][0].middle - piece.middle) < 0.5 * piece.height:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [(sum(p.chars for p in row), max(p.right for p in row) - min(p.left for p in row)) for row in rows]
