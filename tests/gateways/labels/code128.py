"""Reading a Code 128 barcode (ISO/IEC 15417) off the bars that a PDF draws."""

from __future__ import annotations

import base64
import re
import zlib
from itertools import pairwise

# Each symbol is six widths, bars and gaps in turn.
_WIDTHS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222"
    "123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321"
    "232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121"
    "313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224"
    "111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111"
    "111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113"
    "114311411113411311113141114131311141411131211412211214211232"
)
_SYMBOLS = [_WIDTHS[at : at + 6] for at in range(0, len(_WIDTHS), 6)]
_STOP = "2331112"
_CODE_C, _CODE_B, _START_B, _START_C = 99, 100, 104, 105


def content_of(pdf: bytes) -> str:
    """What the pages draw, in the PDF's own operators."""
    found = ""
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        found += zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True)).decode("latin-1")
    return found


def read_code128(pdf: bytes) -> str:
    """The text that the bars stand for; its check symbol is verified."""
    bars = [
        (float(x), float(w)) for x, w in re.findall(r"([\d.]+) [\d.]+ ([\d.]+) [\d.]+ re", content_of(pdf))
    ]
    bars.sort()
    module = min(width for _, width in bars)
    edges = [edge for x, width in bars for edge in (x, x + width)]
    widths = [round((b - a) / module) for a, b in pairwise(edges)]
    runs = "".join(map(str, widths))
    assert runs.endswith(_STOP)
    body = runs.removesuffix(_STOP)
    values = [_SYMBOLS.index(body[at : at + 6]) for at in range(0, len(body), 6)]
    start, *symbols, check = values
    assert (start + sum(place * value for place, value in enumerate(symbols, 1))) % 103 == check
    return _text(start, symbols)


def _text(start: int, symbols: list[int]) -> str:
    text, pairs = "", start == _START_C
    for value in symbols:
        if value in (_CODE_C, _CODE_B) and not (pairs and value == _CODE_C):
            pairs = value == _CODE_C
        else:
            text += f"{value:02d}" if pairs else chr(value + 32)
    return text
