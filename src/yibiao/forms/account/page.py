"""The burden account as one page that needs nothing else: no script, no font, no address; Chinese, charts as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from yibiao.forms.account.change import PARTS, Change
from yibiao.forms.account.costs import distinct_fields, hours, total_seconds
from yibiao.forms.account.report import EMPTY, Line, Report
from yibiao.forms.burden import PRESENT

MODE_WORDS = {"typed": "手工录入", "picked": "下拉选择", "confirmed": "核对确认", "automatic": "系统填好"}

INK, FAINT, RULE = "#1b2733", "#51606e", "#d5dce2"
BEFORE, AFTER, MORE, LESS = "#9aa7b3", "#20639b", "#b3412f", "#3a7d6b"
MODE_COLOURS = {"typed": "#b3412f", "picked": "#d08a2e", "confirmed": "#6f93b8", "automatic": "#3a7d6b"}

WIDTH = 980
MOST_BARS = 60
"""Groups of a chart; the table below has all."""

_STYLE = f"""
body {{ margin: 0 auto; max-width: 1040px; padding: 28px 24px 60px; color: {INK}; background: #fff;
  font: 15px/1.65 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif; }}
h1 {{ font-size: 24px; margin: 0 0 4px; }} h2 {{ font-size: 18px; margin: 36px 0 8px; }}
p {{ margin: 4px 0; }} .faint {{ color: {FAINT}; }}
.tiles {{ display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0 0; }}
.tile {{ border: 1px solid {RULE}; border-radius: 6px; padding: 10px 16px; min-width: 150px; }}
.tile b {{ display: block; font-size: 22px; line-height: 1.35; }}
table {{ border-collapse: collapse; width: 100%; font-size: 13px; }}
th, td {{ padding: 5px 8px; border-bottom: 1px solid {RULE}; text-align: right; vertical-align: top;
  white-space: nowrap; }}
th {{ background: #f3f6f8; white-space: normal; min-width: 3em; vertical-align: bottom; }}
th:first-child, td:first-child {{ text-align: left; white-space: normal; min-width: 11em; }}
.wide {{ overflow-x: auto; }} .wide svg {{ min-width: 680px; }}
ol {{ margin: 4px 0; font-size: 13px; }}
tr.total td {{ font-weight: 600; border-top: 2px solid {INK}; }}
svg {{ display: block; width: 100%; height: auto; }}
.key {{ font-size: 13px; color: {FAINT}; }}
.key i {{ display: inline-block; width: 12px; height: 12px; margin: 0 5px 0 14px; vertical-align: -1px; }}
@page {{ size: A4; margin: 14mm 12mm; }}
@media print {{ body {{ padding: 0; max-width: none; }} h2, .key {{ break-after: avoid; }}
  tr, svg, .tile {{ break-inside: avoid; }} table {{ font-size: 10px; }} th, td {{ padding: 3px 5px; }}
  .wide {{ overflow: visible; }} .wide svg {{ min-width: 0; }}
  * {{ -webkit-print-color-adjust: exact; print-color-adjust: exact; }} }}
"""


def page(report: Report, title: str = "填报负担账") -> str:
    """The page as the text of an HTML file."""
    total = report.total
    before = total.before or ()
    after = total.after or ()
    period = f"{report.since} 至 {report.until}" if report.since else f"截至 {report.until}"
    basis = f"“之前”是 {report.since} 有效的表单" if report.since else "“之前”是各表最初送审的样子，全部手工填写"
    seconds = "、".join(f"{MODE_WORDS[mode]} {number} 秒" for mode, number in PRESENT.seconds.items())
    parts = [
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="faint">{period}。{basis}；“之后”是 {report.until} 有效的表单。</p>',
        *([f"<p><b>{escape(EMPTY)}。</b></p>"] if report.is_empty else []),
        _tiles(report),
        "<h2>从之前到之后：每年小时数</h2>",
        _waterfall(total_seconds(before), total_seconds(after), total.change or Change()),
        f"<p>登记负担的变化：{escape(total.percent.text if total.percent else '')}</p>",
    ]
    named = {"form": "表单", "department": "部门", "community": "社区", "month": "月份"}[report.by]
    if report.by in ("form", "department") and report.lines:
        parts += [
            f"<h2>按{named}：每年小时数</h2>",
            _key((("之前", BEFORE), ("之后", AFTER))),
            _pairs(report.lines),
        ]
    if report.months:
        parts += [
            "<h2>实际收回的格数，按月</h2>",
            _key([(MODE_WORDS[mode], colour) for mode, colour in MODE_COLOURS.items()]),
            _months(report.months),
        ]
    parts += [
        f"<h2>明细（按{named}）</h2>",
        *([f'<p class="faint">{escape(report.note)}。</p>'] if report.note else []),
        _table(report, named),
        "<h2>怎么算的</h2>",
        f"<p>公式第 {PRESENT.version} 版：小时数 = 每年次数 ×（各格秒数之和 + 份数 × {PRESENT.fixed} 秒）÷ 3600；每格 "
        f"{escape(seconds)}。这些用时是假定值，不是实测。</p>",
        "<p>变化分四部分，各部分以整秒相加，恰好等于总变化："
        + "、".join(f"{escape(word)}" for word in PARTS.values())
        + "。不能按公式重算的，不给百分比，并写明原因。</p>",
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _tiles(report: Report) -> str:
    total = report.total
    before, after = total.before or (), total.after or ()
    tiles = [
        ("有效表单", f"{len(before)} → {len(after)}"),
        ("要人填的不同栏目", f"{distinct_fields(before, asked=True)} → {distinct_fields(after, asked=True)}"),
        ("登记负担，小时/年", f"{_hours(total_seconds(before))} → {_hours(total_seconds(after))}"),
        ("收回份数", f"{total.actual.returns:,}"),
        ("实际用时，小时", _hours(total.actual.seconds)),
    ]
    cells = "".join(f'<div class="tile">{escape(name)}<b>{escape(value)}</b></div>' for name, value in tiles)
    return f'<div class="tiles">{cells}</div>'


def _waterfall(before: int, after: int, change: Change) -> str:
    """Bars from the one total to the other; each part begins where the one before it ended."""
    steps: list[tuple[str, int, int, str]] = [("之前", 0, before, BEFORE)]
    level = before
    for part, word in PARTS.items():
        number = getattr(change, part)
        steps.append((word, level, level + number, LESS if number <= 0 else MORE))
        level += number
    steps.append(("之后", 0, after, AFTER))
    top, height, base = 30, 220, 250
    most = max([1, *[max(begin, end) for _, begin, end, _ in steps]])
    least = min([0, *[min(begin, end) for _, begin, end, _ in steps]])
    span = most - least
    slot = WIDTH / len(steps)

    def y(seconds: int) -> float:
        return top + (most - seconds) / span * height

    parts = []
    for place, (word, begin, end, colour) in enumerate(steps):
        left, wide = place * slot + slot * 0.2, slot * 0.6
        upper, lower = y(max(begin, end)), y(min(begin, end))
        whole = place in (0, len(steps) - 1)
        text = _hours(end) if whole else f"{'+' if end > begin else ''}{_hours(end - begin)}"
        parts.append(
            f'<rect x="{left:.1f}" y="{upper:.1f}" width="{wide:.1f}" height="{max(lower - upper, 1):.1f}" '
            f'fill="{colour}"/><text x="{left + wide / 2:.1f}" y="{upper - 7:.1f}" text-anchor="middle" '
            f'font-weight="600">{text}</text><text x="{left + wide / 2:.1f}" y="{base + 24}" '
            f'text-anchor="middle">{escape(word)}</text>'
        )
        if place + 1 < len(steps):
            line = y(end)
            parts.append(
                f'<line x1="{left + wide:.1f}" x2="{left + slot:.1f}" y1="{line:.1f}" y2="{line:.1f}" stroke="{FAINT}" '
                'stroke-dasharray="3 3"/>'
            )
    parts.append(f'<line x1="0" x2="{WIDTH}" y1="{y(0):.1f}" y2="{y(0):.1f}" stroke="{FAINT}"/>')
    return _svg(base + 36, "从之前到之后的每年小时数", parts)


def _pairs(lines: Sequence[Line]) -> str:
    """Two bars a group, the heaviest first."""
    found = [
        (line.name, total_seconds(line.before or ()), total_seconds(line.after or ()))
        for line in lines
        if line.before or line.after
    ]
    found = sorted(found, key=lambda one: (-max(one[1:]), one[0]))[:MOST_BARS]
    most = max([1, *[max(one[1:]) for one in found]])
    left, room, row = 300, WIDTH - 300 - 90, 34
    parts = []
    for place, (name, before, after) in enumerate(found):
        top = place * row + 6
        parts.append(f'<text x="{left - 10}" y="{top + 17}" text-anchor="end">{escape(_cut(name, 19))}</text>')
        for number, (seconds, colour) in enumerate(((before, BEFORE), (after, AFTER))):
            wide = seconds / most * room
            y = top + number * 13
            parts.append(
                f'<rect x="{left}" y="{y}" width="{max(wide, 0.5):.1f}" height="11" fill="{colour}"/>'
                f'<text x="{left + wide + 6:.1f}" y="{y + 10}" font-size="11">{hours(seconds):,.1f}</text>'
            )
    return _svg(len(found) * row + 12, "各组之前与之后的每年小时数", parts)


def _months(months: Sequence[Line]) -> str:
    """Stacked bars of cells by mode."""
    most = max([1, *[sum(line.actual.cells.values()) for line in months]])
    height, base = 200, 226
    slot = min(120.0, WIDTH / max(len(months), 1))
    parts = []
    for place, line in enumerate(months):
        left, level = place * slot + slot * 0.2, float(base)
        for mode, colour in MODE_COLOURS.items():
            tall = line.actual.cells[mode] / most * height
            level -= tall
            parts.append(
                f'<rect x="{left:.1f}" y="{level:.1f}" width="{slot * 0.6:.1f}" height="{tall:.1f}" fill="{colour}">'
                f"<title>{escape(line.key)} {MODE_WORDS[mode]} {line.actual.cells[mode]:,}</title></rect>"
            )
        middle = left + slot * 0.3
        parts.append(
            f'<text x="{middle:.1f}" y="{level - 6:.1f}" text-anchor="middle" font-size="12">'
            f"{sum(line.actual.cells.values()):,}</text>"
            f'<text x="{middle:.1f}" y="{base + 20}" text-anchor="middle" font-size="12">{escape(line.key)}</text>'
        )
    parts.append(f'<line x1="0" x2="{WIDTH}" y1="{base}" y2="{base}" stroke="{FAINT}"/>')
    return _svg(base + 30, "每月收回的格数", parts)


def _table(report: Report, named: str) -> str:
    registered = report.has_registered
    heads = [named]
    if registered:
        heads += ["之前", "之后", *PARTS.values(), "变化"]
    heads += ["收回份数", "实际小时", "手填要", "实际变化"]
    notes: list[str] = []
    rows = [_row(line, registered, notes) for line in report.lines]
    total = _row(report.total, registered, notes).replace("<tr>", '<tr class="total">', 1)
    head = "".join(f"<th>{escape(word)}</th>" for word in heads)
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}{total}</tbody>"
    table = f'<div class="wide"><table>{body}</table></div>'
    if not notes:
        return table
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'{table}<p class="faint">不给百分比的原因：</p><ol class="faint">{listed}</ol>'


def _row(line: Line, registered: bool, notes: list[str]) -> str:
    cells = [line.name]
    if registered and line.before is None:
        cells += ["–"] * (3 + len(PARTS))
    elif registered:
        before, after, change = line.before or (), line.after or (), line.change or Change()
        cells += [f"{hours(total_seconds(before)):,.1f}", f"{hours(total_seconds(after)):,.1f}"]
        cells += [f"{hours(getattr(change, part)):+,.1f}" if getattr(change, part) else "–" for part in PARTS]
        cells.append(line.percent.cell(notes) if line.percent else "")
    actual = line.actual
    cells += [f"{actual.returns:,}"]
    if actual.returns:
        cells += [f"{hours(actual.seconds):,.1f}", f"{hours(actual.seconds_by_hand):,.1f}", actual.percent.cell(notes)]
    else:
        cells += ["–", "–", "–"]
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _key(words: Sequence[tuple[str, str]]) -> str:
    return (
        '<p class="key">'
        + "".join(f'<i style="background:{colour}"></i>{escape(word)}' for word, colour in words)
        + "</p>"
    )


def _svg(height: float, label: str, parts: Sequence[str]) -> str:
    return (
        f'<div class="wide"><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        f'font-size="13" fill="{INK}"><title>{escape(label)}</title>' + "".join(parts) + "</svg></div>"
    )


def _hours(seconds: int) -> str:
    """Hours without a decimal from a hundred on."""
    return f"{hours(seconds):,.{0 if abs(seconds) >= 360_000 else 1}f}" if seconds else "0"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
