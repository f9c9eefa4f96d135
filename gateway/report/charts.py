"""Drawings of a report as SVG text: bars, curves, runs. Pure; every text in them is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from gateway.report.shapes import CurvePart, PumpReport

WIDTH, LEFT, RIGHT, BOTTOM, TOP = 680, 46, 6, 18, 8
STEPS_MIN = (5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
LABELS_MAX = 9
ROW = 16
STYLES = {
    "grid": 'stroke="#d6dadc" stroke-width="0.5"',
    "tick": 'font-size="8" fill="#535b61"',
    "bar": 'fill="#33495a"',
    "run": 'fill="#33495a"',
    "line": 'fill="#33495a"',
    "stroke": 'stroke="#33495a" stroke-width="1"',
    "limit": 'stroke="#a3001d" stroke-width="0.7" stroke-dasharray="4 3"',
    "unknown": 'fill="#f1f2f3"',
    "hatch": 'stroke="#7f898f" stroke-width="0.6"',
}
"""On each mark itself: a printer does not look for a drawing's style in the document around it."""
FONT = "Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"


class Axis:
    """Moments of the period over the width of the drawing, in the city's own time."""

    def __init__(self, begin: datetime, end: datetime, zone: ZoneInfo) -> None:
        self._begin, self._end, self._zone = begin, end, zone
        self._seconds = max(1.0, (end - begin).total_seconds())

    def x(self, at: datetime) -> float:
        part = (at - self._begin).total_seconds() / self._seconds
        return LEFT + min(1.0, max(0.0, part)) * (WIDTH - LEFT - RIGHT)

    def drawn(self, height: float) -> str:
        minutes = self._seconds / 60
        step = next((each for each in STEPS_MIN if minutes / each <= LABELS_MAX), STEPS_MIN[-1])
        local = self._begin.astimezone(self._zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        at = midnight + timedelta(minutes=(int((local - midnight).total_seconds()) // 60 // step + 1) * step)
        parts = []
        while at < self._end:
            x = self.x(at)
            label = at.strftime("%m-%d" if step >= 1440 or (at.hour, at.minute) == (0, 0) else "%H:%M")
            parts.append(f'<line {STYLES["grid"]} x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{height - BOTTOM}"/>')
            parts.append(f'<text {STYLES["tick"]} x="{x:.1f}" y="{height - 5}" text-anchor="middle">{label}</text>')
            at += timedelta(minutes=step)
        return "".join(parts)


def bars(values: Sequence[float], axis: Axis, begin: datetime, width: timedelta, label: str, height: int = 110) -> str:
    """Bars that each stand for `width` of time."""
    top = _round_up(max(values, default=0.0) or 1.0)
    room = height - TOP - BOTTOM
    parts = []
    for at, value in enumerate(values):
        if value > 0:
            x, x_after = axis.x(begin + at * width), axis.x(begin + (at + 1) * width)
            tall = value / top * room
            y = height - BOTTOM - tall
            parts.append(_box("bar", x, y, max(0.4, x_after - x - 0.3), tall))
    return _svg(height, axis.drawn(height) + _scale(0.0, top, height) + "".join(parts), label)


def curve(
    parts: Sequence[CurvePart], limits: Sequence[tuple[str, float]], axis: Axis, label: str, height: int = 110
) -> str:
    """A band between least and most; where nothing is known it is hatched."""
    known = [value for part in parts for value in (part.low, part.high) if value is not None]
    bottom = min([0.0, *known])
    top = _round_up(max([0.1, *known, *(value for _, value in limits)]))
    room = height - TOP - BOTTOM

    def y(value: float) -> float:
        return height - BOTTOM - (value - bottom) / (top - bottom) * room

    drawn = []
    for at, part in enumerate(parts):
        x = axis.x(part.at)
        x_after = axis.x(parts[at + 1].at) if at + 1 < len(parts) else WIDTH - RIGHT
        if part.low is None or part.high is None:
            if at == 0 or parts[at - 1].low is not None:  # of parts that follow each other one is drawn
                following_at = next((later.at for later in parts[at:] if later.low is not None), None)
                x_known = WIDTH - RIGHT if following_at is None else axis.x(following_at)
                drawn.append(_hatched(x, TOP, x_known - x, room))
            continue
        high, low = y(part.high), y(part.low)
        tall = max(1.2, low - high)
        drawn.append(_box("line", x, high - 0.6, x_after - x + 0.2, tall))
        following = parts[at + 1] if at + 1 < len(parts) else None
        if following is not None and following.low is not None and following.high is not None:
            above, below = min(high, y(following.high)), max(low, y(following.low))
            drawn.append(_line("stroke", x_after, above, x_after, below))
    for name, value in limits:
        at_y = y(value)
        drawn.append(_line("limit", LEFT, at_y, WIDTH - RIGHT, at_y))
        drawn.append(_text(WIDTH - RIGHT, at_y - 2, name))
    return _svg(height, axis.drawn(height) + _scale(bottom, top, height) + "".join(drawn), label)


def gantt(pumps: Sequence[PumpReport], names: Sequence[str], axis: Axis, label: str) -> str:
    """A row a pump: filled while it ran, hatched while nobody knows."""
    height = TOP + BOTTOM + ROW * len(pumps)
    drawn = []
    for at, (pump, name) in enumerate(zip(pumps, names, strict=True)):
        top = TOP + at * ROW
        drawn.append(f'<text {STYLES["tick"]} x="{LEFT - 4}" y="{top + 11}" text-anchor="end">{escape(name)}</text>')
        drawn.append(f'<line {STYLES["grid"]} x1="{LEFT}" y1="{top + ROW}" x2="{WIDTH - RIGHT}" y2="{top + ROW}"/>')
        for stretch in pump.stretches:
            x, x_after = axis.x(stretch.begin), axis.x(stretch.end)
            if stretch.state == "running":
                wide = max(0.6, x_after - x)
                drawn.append(f'<rect {STYLES["run"]} x="{x:.1f}" y="{top + 3}" width="{wide:.1f}" height="{ROW - 6}"/>')
            elif stretch.state == "unknown":
                drawn.append(_hatched(x, top + 1, x_after - x, ROW - 2))
    return _svg(height, axis.drawn(height) + "".join(drawn), label)


def _hatched(x: float, y: float, width: float, height: float) -> str:
    """Slanted lines, drawn one by one: not every printer knows patterns."""
    wide = max(0.6, width)
    lines = []
    step, at = 5.0, x
    while at < x + wide:
        end = min(at + height, x + wide)
        lines.append(_line("hatch", at, y + height, end, y + height - (end - at)))
        at += step
    return f'<rect {STYLES["unknown"]} x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{height:.1f}"/>' + "".join(
        lines
    )


def _line(kind: str, x: float, y: float, x_after: float, y_after: float) -> str:
    return f'<line {STYLES[kind]} x1="{x:.1f}" y1="{y:.1f}" x2="{x_after:.1f}" y2="{y_after:.1f}"/>'


def _box(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect {STYLES[kind]} x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str = "end") -> str:
    """`anchor`: which part of it stands at `x`."""
    style = STYLES["tick"]
    return f'<text {style} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _scale(bottom: float, top: float, height: float) -> str:
    room = height - TOP - BOTTOM
    parts = []
    for part in (0.0, 0.5, 1.0):
        y = height - BOTTOM - part * room
        parts.append(_text(LEFT - 4, y + 3, f"{bottom + part * (top - bottom):.3g}"))
        parts.append(_line("grid", LEFT, y, WIDTH - RIGHT, y))
    return "".join(parts)


def _svg(height: int, inner: str, label: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'font-family="{FONT}" aria-label="{escape(label, quote=True)}" xmlns="http://www.w3.org/2000/svg">{inner}</svg>'
    )


def _round_up(value: float) -> float:
    """To a number that reads well on a scale."""
    scale = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 0.1
    return next((step * scale for step in (1, 2, 4, 5, 6, 8) if value <= step * scale), 10 * scale)
