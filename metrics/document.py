"""Writes docs/metrics.md from the headers of the catalogue: `python -m metrics.document > docs/metrics.md`."""

import sys

from metrics import parameters
from metrics.aqi import standard
from metrics.definition import Definition, definitions
from metrics.expression import plain

INTRODUCTION = """\
# Metrics

Written by `python -m metrics.document` from the headers in `metrics/catalogue`; a test keeps it current.

A figure is numerator / denominator, both exact decimals; where a term has no row at all it is undetermined, never
zero. A term alone means its sum over all rows; `sum_where(w, part, whole, share)` is the sum of w over the keys where
part is at least share x whole, `argmax(a, n)` the key with the greatest a / n, `nearest_rank(share, n)` the lowest key
at which the running count reaches the share, `aqi(...)` the greatest sub-index. Shares are 0 to 1. Quality is *good*
from a coverage of `valid_share`, *uncertain* below, *bad* where a value cannot be, *undetermined* without one.
Announced maintenance (entered before it starts, whole hours, at most `maintenance_share` of a window) is not expected.
"""


def document() -> str:
    """Returns the page."""
    parts = [INTRODUCTION, "| metric | 名称 | unit | per |\n|---|---|---|---|"]
    parts[1] += "".join(
        f"\n| [{d.name}](#{d.name}) | {d.title.zh} | `{d.unit}` | {', '.join(d.grains)} |"
        for d in definitions().values()
    )
    parts += [_section(definition) for definition in definitions().values()]
    parts.append(_parameters())
    parts.append(_editions())
    return "\n\n".join(parts) + "\n"


def _section(definition: Definition) -> str:
    formulas = [
        f"`{text}`" + (f" (method *{method}*)" if method else "") for method, text in definition.formula.items()
    ]
    read = ("every quantity of the devices" if name == "*" else f"`{name}`" for name in definition.inputs)
    lines = [
        f"## {definition.name}",
        "",
        f"**{definition.title.zh}** · **{definition.title.en}** [`{definition.unit}`]",
        "",
        f"{definition.meaning.zh}。 {definition.meaning.en}.",
        "",
        f"- Formula: {'; else '.join(formulas)}",
        *(f"  - `{name}` [`{term.unit}`]: {term.meaning}" for name, term in definition.terms.items()),
        f"- Reads: {', '.join(read)}",
        f"- Per: {', '.join(definition.grains)}; subjects: {', '.join(definition.subjects)}",
        f"- Over time: {definition.over_time}",
        f"- Over devices: {definition.over_devices}",
        f"- Coverage: {definition.coverage}",
    ]
    if definition.parameters:
        lines.append(f"- Parameters: {', '.join(f'`{name}`' for name in definition.parameters)}")
    return "\n".join([*lines, f"- Source: {definition.source}"])


def _parameters() -> str:
    lines = ["## Parameters", "", "| name | value | unit | meaning | reference |", "|---|---|---|---|---|"]
    for name, parameter in parameters.load().items():
        values = ", ".join(
            plain(value) if len(parameter.values) == 1 else f"{plain(value)} from {day}"
            for day, value in sorted(parameter.values.items())
        )
        meaning = f"{parameter.meaning.zh}; {parameter.meaning.en}"
        lines.append(f"| `{name}` | {values} | `{parameter.unit}` | {meaning} | {parameter.reference} |")
    return "\n".join(lines)


def _editions() -> str:
    steps = standard().index
    lines = ["## Editions of the air quality index", ""]
    for edition in standard().editions:
        lines += [
            f"**{edition.edition}** for data from {edition.since}; particles as mean of {edition.particle_mean_h} h.",
            "",
            f"| index | {' | '.join(str(step) for step in steps)} |",
            f"|---|{'---|' * len(steps)}",
        ]
        for pollutant, table in edition.tables.items():
            cells = [str(value) for value in table] + ["-"] * (len(steps) - len(table))
            lines.append(f"| {pollutant} | {' | '.join(cells)} |")
        lines += ["", edition.reference, ""]
    return "\n".join(lines).rstrip()


if __name__ == "__main__":
    sys.stdout.write(document())
