"""Text of the model card of a stored surrogate: what it is and predicts, where it holds and comes from: `card_text`."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from benchmarks.spaces.registry import get_space, list_benchmarks
from surrogates.store.storable import from_json

__all__ = ["card_text"]


def card_text(metadata: Mapping[str, Any], *, name: str | None = None, license: str | None = None) -> str:
    """The ``README.md`` of a stored surrogate: metadata that model hubs read (YAML), then text.

    Args:
        metadata: What `save_surrogate` records in ``metadata.json``.
        name: Title; class and space if not given.
        license: License of the model; left out if not given.

    Returns:
        The text, the same for the same metadata.

    Example:
        >>> import json, tempfile
        >>> from pathlib import Path
        >>> from surrogates import BoostedSurrogate
        >>> archs = ["64-2311-basic", "64-1234-basic", "64-3114-basic", "64-4111-basic"]
        >>> folder = BoostedSurrogate().fit(archs, [1.0, 2.0, 3.0, 4.0]).save(Path(tempfile.mkdtemp()) / "model")
        >>> card_text(json.loads((folder / "metadata.json").read_text())).splitlines()[:2]
        ['---', 'library_name: "transnas-surrogates"']
    """
    title = f"{metadata['class']} of {metadata['space']}" if name is None else name
    scores = _measured(from_json(metadata["cv_scores"]))
    front = _front(metadata, scores, title, license)
    return "\n".join(["---", *front, "---", "", *_body(metadata, scores, title)]) + "\n"


Scores = Mapping[str, Mapping[str, float]]
_NAMES = {"tau": ("kendalltau", "Kendall's tau"), "coverage": ("coverage", "coverage of 90 % intervals")}


def _measured(scores: Scores) -> dict[str, dict[str, float]]:
    """The finite ones, of tasks that have any."""
    finite = {
        task: {key: own[key] for key in _NAMES if isinstance(own.get(key), (int, float)) and math.isfinite(own[key])}
        for task, own in scores.items()
    }
    return {task: own for task, own in finite.items() if own}


def _front(metadata: Mapping[str, Any], scores: Scores, title: str, license: str | None) -> list[str]:
    tags = ("neural-architecture-search", "performance-prediction", "surrogate", metadata["space"], metadata["class"])
    lines = [f"license: {_quoted(license)}"] if license else []
    lines += ['library_name: "transnas-surrogates"', 'pipeline_tag: "tabular-regression"', "tags:"]
    lines += [f"- {_quoted(tag)}" for tag in tags]
    measured = {task["name"]: scores[task["name"]] for task in metadata["tasks"] if task["name"] in scores}
    if not measured:
        return lines
    kinds = [kind for key, (kind, _) in _NAMES.items() if any(key in own for own in measured.values())]
    lines += ["metrics:", *(f'- "{kind}"' for kind in kinds), "model-index:", f"- name: {_quoted(title)}", "  results:"]
    for task, own in measured.items():
        lines += [
            "  - task:",
            '      type: "tabular-regression"',
            f"      name: {_quoted(task)}",
            "    dataset:",
            f"      type: {_quoted(metadata['space'])}",
            f"      name: {_quoted('{}, training rows, cross-validated'.format(metadata['space']))}",
            "    metrics:",
        ]
        for key, value in own.items():
            kind, label = _NAMES[key]
            lines += [f'    - type: "{kind}"', f"      value: {value:.4f}", f'      name: "{label}"']
    return lines


def _body(metadata: Mapping[str, Any], scores: Scores, title: str) -> list[str]:
    space, tasks = metadata["space"], metadata["tasks"]
    versions = ", ".join(f"{_plain(name)} {_plain(number)}" for name, number in metadata["libraries"].items())
    count = f"{metadata['n_archs']:,} architecture{'s' * (metadata['n_archs'] != 1)}"
    lines = [
        f"# {_escaped(title)}",
        "",
        f"Predicts the performance of neural architectures of `{_plain(space)}`, without training them: a fitted "
        f"`{_plain(metadata['class'])}` of transnas-surrogates. In: architecture strings. Out: for every task a value "
        "in its own unit, and a standard deviation (value ± 1.645 std is meant to cover 90 % of trainings).",
        "",
        "```python",
        "from surrogates import Oracle, load_surrogate",
        "",
        'surrogate = load_surrogate("FOLDER")  # this folder, as downloaded',
        "mean, std = surrogate.predict(archs, return_std=True)  # of shape (n, tasks)"
        if not metadata["one_task"]
        else "mean, std = surrogate.predict(archs, return_std=True)  # of shape (n,)",
        'Oracle.from_pretrained("FOLDER").query(archs)  # a table that also says what is in domain',
        "```",
        "",
        "No code of the folder is run, and nothing is unpickled; sizes and SHA-256 of its files are checked.",
        "",
        "## Tasks",
        "",
        "| task | metric | unit | better | tau | coverage |",
        "|---|---|---|---|---|---|",
    ]
    for task in tasks:
        better = {True: "higher", False: "lower", None: "higher"}[task["higher_is_better"]]
        own = scores.get(task["name"], {})
        cells = [task["name"], task["metric"] or "-", task["unit"] or "-", better, *map(own.get, ("tau", "coverage"))]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    lines += [
        "",
        "Kendall's tau between prediction and measurement, and the share of measurements inside the 90 % intervals, "
        "both cross-validated on the training rows; - where the surrogate did not measure them.",
        "",
        "## Where it holds",
        "",
        f"Fitted to {count} of `{_plain(space)}`{_counted(metadata)}{_size(space)}. Architectures beyond the space's "
        "own are predicted too, where its grammar allows them, with wider intervals; `Oracle.query` says which "
        "(`in_domain`, `novelty`).",
        "",
        "## Where it comes from",
        "",
        f"- Training table: {_table(metadata)}",
        f"- Trainings: {_trainings(metadata)}",
        f"- Versions: {versions}",
    ]
    return lines


def _counted(metadata: Mapping[str, Any]) -> str:
    return ", counted once for each function" if metadata.get("equivalence", "function") == "function" else ""


def _size(space: str) -> str:
    return f"; the space has {len(get_space(space)):,}" if space in list_benchmarks() else ""


def _table(metadata: Mapping[str, Any]) -> str:
    found = metadata.get("table_hash")
    return f"SHA-256 of its content `{_plain(found)}`" if found else "not recorded (it was saved without its table)"


def _trainings(metadata: Mapping[str, Any]) -> str:
    trainings = metadata.get("trainings")
    if trainings is None:
        return "not recorded"
    other = {task: how for task, how in trainings.items() if how}
    if not other:
        return "no difference from the published ones is recorded"
    return "unlike the published ones: " + "; ".join(f"{_escaped(how)}" for how in dict.fromkeys(other.values()))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "-" if value is None else _escaped(str(value))


def _quoted(text: str) -> str:
    """A YAML scalar in double quotes; what YAML does not print is escaped."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in written)


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return re.sub(r"([\\`*_{}\[\]|#~$])", r"\\\1", html.escape(line, quote=False))


def _plain(text: object) -> str:
    """Text inside backticks."""
    return re.sub(r"[`\s|<>]+", " ", str(text))
