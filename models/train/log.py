"""log.jsonl of a run, and its SVG: losses, then AP and density of the held-out scenes, over steps."""
import json
from pathlib import Path

PANEL_W, PANEL_H, LEFT, TOP, GAP = 560, 170, 60, 34, 56
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]  # told apart by colour-blind people


def cut(path: Path, step: int) -> None:
    """Drops what was logged after `step`, where a run that was killed goes on: it will log those steps again."""
    if not path.exists():
        return
    lines = path.read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
    if len(kept) < len(lines):
        part = path.with_suffix(".part")
        part.write_text("".join(kept))
        part.rename(path)


def draw(source: Path, target: Path) -> None:
    lines = [json.loads(line) for line in source.read_text().splitlines()]
    panels: dict[str, dict[str, list]] = {"loss": {}, "AP50 (held out)": {}, "share of MACs with a spike": {}}
    for line in lines:
        step = line["step"]
        for key in ("class", "box", "dfl"):
            if key in line:
                panels["loss"].setdefault(key, []).append((step, line[key]))
        for key, value in line.items():
            if not isinstance(value, dict):
                continue
            panels["share of MACs with a spike"].setdefault(key, []).append((step, value["density"]))
            for name in ("car", "pedestrian"):
                if name in value and value[name][0] == value[name][0]:
                    panels["AP50 (held out)"].setdefault(f"{key}, {name}", []).append((step, value[name][0]))
        if "empty" in line:
            panels["share of MACs with a spike"].setdefault("empty window", []).append((step, line["empty"]))
    panels = {title: series for title, series in panels.items() if series}
    height = TOP + len(panels) * (PANEL_H + GAP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{PANEL_W + LEFT + 190}" height="{height}" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="100%" height="100%" fill="#fff"/>')
    for i, (title, series) in enumerate(panels.items()):
        parts += _panel(title, series, TOP + i * (PANEL_H + GAP))
    target.write_text("\n".join([*parts, "</svg>"]))


def _panel(title: str, series: dict[str, list], y0: int) -> list[str]:
    steps = [s for points in series.values() for s, _ in points]
    values = [v for points in series.values() for _, v in points]
    right, top = max(max(steps), 1), max(max(values), 1e-9)
    at = lambda s, v: (LEFT + PANEL_W * s / right, y0 + PANEL_H * (1 - min(v, top) / top))
    out = [f'<text x="{LEFT}" y="{y0 - 8}" font-weight="bold">{title}</text>']
    for k in range(5):
        _, y = at(0, top * k / 4)
        out.append(f'<line x1="{LEFT}" x2="{LEFT + PANEL_W}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * k / 4:.3g}</text>')
    out.append(f'<text x="{LEFT + PANEL_W}" y="{y0 + PANEL_H + 16}" text-anchor="end">step {right}</text>')
    for k, (name, points) in enumerate(series.items()):
        colour = COLOURS[k % len(COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(s, v) for s, v in points))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        out.append(f'<text x="{LEFT + PANEL_W + 8}" y="{y0 + 12 + 16 * k}" fill="{colour}">{name} {points[-1][1]:.3g}</text>')
    return out
