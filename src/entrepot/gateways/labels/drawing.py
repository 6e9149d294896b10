"""Drawing a label: one page of 4 by 6 inches, with both addresses and the number as a Code 128 barcode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, Final

from reportlab.graphics.barcode import code128 as _code128
from reportlab.lib.units import inch as _inch
from reportlab.pdfgen import canvas as _canvas

from entrepot.gateways.labels.port import LabelRequest

# The library has no types.
_page: Any = _canvas
_barcodes: Any = _code128
_INCH: Final = float(_inch)

WIDTH, HEIGHT, MARGIN = 4 * _INCH, 6 * _INCH, 0.3 * _INCH
LONGEST = 44
"""Characters of a line that fit on the page."""
_TEXT, _LEADING = 9, 12


def draw(request: LabelRequest, tracking: str, carrier: str) -> bytes:
    """The label as a PDF; the same request is drawn the same, byte by byte."""
    buffer = BytesIO()
    page = _page.Canvas(buffer, pagesize=(WIDTH, HEIGHT), invariant=1)
    page.setTitle(f"Label {tracking}")
    y = HEIGHT - MARGIN - 16
    page.setFont("Helvetica-Bold", 16)
    page.drawString(MARGIN, y, _printable(request.carrier or carrier))
    if request.environment == "test":
        page.drawRightString(WIDTH - MARGIN, y, "TEST")
    y = _block(page, "From", _sender(request), y - 28)
    y = _block(page, "To", _recipient(request), y - 16)
    _block(page, "Reference", (request.reference, request.service), y - 16)
    bars = _barcodes.Code128(tracking, barHeight=0.9 * _INCH, barWidth=0.012 * _INCH, quiet=False)
    bars.drawOn(page, (WIDTH - float(bars.width)) / 2, MARGIN + 16)
    page.setFont("Courier", 11)
    page.drawCentredString(WIDTH / 2, MARGIN, tracking)
    page.showPage()
    page.save()
    return buffer.getvalue()


def _block(page: Any, title: str, lines: Iterable[str], y: float) -> float:
    """Write a heading with lines below it; where the next block may begin."""
    page.setFont("Helvetica-Bold", _TEXT)
    page.drawString(MARGIN, y, title)
    page.setFont("Helvetica", _TEXT)
    for line in lines:
        if line.strip():
            y -= _LEADING
            page.drawString(MARGIN, y, _printable(line))
    return y


def _sender(request: LabelRequest) -> Iterator[str]:
    if (home := request.sender) is not None:
        yield home.name or f"{home.first_name} {home.last_name}"
        yield home.address1
        yield home.address2 or ""
        yield f"{home.city} {home.province or ''} {home.zip}"
        yield home.country


def _recipient(request: LabelRequest) -> Iterator[str]:
    if (place := request.recipient) is not None:
        yield place.name
        yield place.address1
        yield place.address2
        yield f"{place.city} {place.province} {place.zip}"
        yield place.country


def _printable(text: str) -> str:
    """The text in the letters that the page's own fonts have, cut to a line."""
    return " ".join(text.split())[:LONGEST].encode("cp1252", "replace").decode("cp1252")
