"""A plan as text for a terminal, and as Markdown for a pull request. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..release.size import megabytes
from .plan import Move, Plan, Transfer, Trial
from .steps import Change

SIGNS = {"create": "+", "import": "=", "update": "~", "replace": "±", "delete": "-"}
# No table cell ends early, and no name becomes a tag, an emphasis or a mention of somebody.
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "\\|", "`": "\\`", "*": "\\*", "_": "\\_", "@": "@\u200b"}
)
_UPLOADED = "what the storage has already is not sent again"
_COPIED = "inside the storage where that can be; what is there already is compared and not copied"


def summary(plan: Plan) -> str:
    """One line: how many of what."""
    counted = [f"{count} to {action}" for action, count in plan.counts.items() if count]
    return ", ".join(
        [*counted, f"{plan.unchanged} unchanged"] if counted else ["no changes", f"{plan.unchanged} unchanged"]
    )


def title(plan: Plan) -> str:
    """The stack, and what it deploys."""
    return f"stack {plan.stack}" + (f", release {plan.release}" if plan.release else "")


def plain(plan: Plan) -> str:
    """The plan for a terminal."""
    return "\n".join(_plain(plan))


def _plain(plan: Plan) -> Iterator[str]:
    yield f"Plan of {title(plan)}: {summary(plan)}"
    for how, note in (("upload", _UPLOADED), ("copy", _COPIED)):
        moved = [each for each in plan.transfers if each.how == how]
        if moved:
            yield f"to {how}: {_total(moved)} ({note})"
            yield from _columns(moved)
    if plan.changes:
        yield "changes"
    for change in plan.changes:
        yield f"  {SIGNS[change.action]} {_action(change)}"
        yield from (f"      {each}" for each in change.properties)
    if plan.trials:
        yield "gates that run"
        yield from (f"  {_trial(each)}" for each in plan.trials)
    if plan.moves:
        yield "defaults that move"
        yield from (f"  {_move(each)}" for each in plan.moves)
    yield from (f"warning: {each}" for each in plan.warnings)


def markdown(plan: Plan) -> str:
    """The plan as a comment of a pull request: the summary at once, the changes folded."""
    return "\n".join(_markdown(plan))


def _markdown(plan: Plan) -> Iterator[str]:
    yield f"### Plan of {_escaped(title(plan))}"
    yield ""
    yield f"**{summary(plan)}**"
    for move in plan.moves:
        yield ""
        yield f"➡️ default: {_escaped(_move(move))}"
    for trial in plan.trials:
        yield ""
        yield f"🚦 gate: {_escaped(_trial(trial))}"
    if plan.transfers:
        yield ""
        yield "| content | from | files | size |"
        yield "| --- | --- | ---: | ---: |"
        for each in plan.transfers:
            name = _escaped(f"{each.how} {each.kind} {each.name}")
            yield f"| {name} | {_escaped(each.source)} | {each.files} | {megabytes(each.size)} |"
    if plan.changes:
        yield ""
        yield f"<details><summary>{_count(len(plan.changes), 'change')}</summary>"
        yield ""
        yield "| | resource | what |"
        yield "| --- | --- | --- |"
        for change in plan.changes:
            what = "<br>".join(_escaped(str(each)) for each in change.properties)
            yield f"| {change.action} | {_escaped(f'{change.kind} {change.name}')} | {what} |"
        yield ""
        yield "</details>"
    for warning in plan.warnings:
        yield ""
        yield f"> {_escaped(warning)}"


def _action(change: Change) -> str:
    return f"{change.action:<8} {change.kind} {change.name}"


def _trial(trial: Trial) -> str:
    return f"{trial.name}: {trial.metric} of {trial.deployment} must be {trial.bound} {trial.threshold}"


def _move(move: Move) -> str:
    after = f" when the gate {move.gate} is passed" if move.gate and move.after else ""
    return f"{move.endpoint}: {move.before or 'none'} → {move.after or 'none'}{after}"


def _total(moved: list[Transfer]) -> str:
    files = sum(each.files for each in moved)
    return f"{_count(len(moved), 'asset')}, {_count(files, 'file')}, {megabytes(sum(each.size for each in moved))}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _columns(moved: list[Transfer]) -> Iterator[str]:
    rows = [
        (f"{each.kind} {each.name}", each.source, _count(each.files, "file"), megabytes(each.size)) for each in moved
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        name, source, files, size = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {name}  {source}  {files}  {size}".rstrip()


def _escaped(text: str) -> str:
    """Text that is data in Markdown, on one line."""
    return " ".join(text.translate(_ESCAPES).split())
