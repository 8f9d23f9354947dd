"""Error messages for missing optional libraries, and lazy imports of the adapters."""

import importlib
import subprocess
import sys

import pytest

from benchmarks import MissingExtraError
from surrogates.search import adapters


@pytest.mark.parametrize(
    ("name", "module", "said"),
    [
        ("OptunaObjective", "optuna.distributions", r"needs 'optuna'.*\[search\]"),
        ("SearcherSampler", "optuna.distributions", r"needs 'optuna'.*\[search\]"),
        ("OptunaHubProblem", "optunahub.benchmarks", r"needs 'optunahub'.*\[optunahub\]"),
        ("ConfigSpaceObjective", "ConfigSpace", r"needs 'ConfigSpace'.*\[configspace\]"),
        ("PymooProblem", "pymoo.core.problem", r"needs 'pymoo'.*\[search\]"),
        ("SyneTuneBlackbox", "syne_tune.blackbox_repository.blackbox", r"needs 'syne-tune'.*\[syne-tune\]"),
    ],
)
def test_a_missing_tool_names_its_extra(name: str, module: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for loaded in [loaded for loaded in sys.modules if loaded.startswith("surrogates.search.adapters.")]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)  # simulates a missing package
    with pytest.raises(MissingExtraError, match=said):
        getattr(adapters, name)


def test_what_syne_tune_forgets_to_ask_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError(name, name="huggingface_hub")

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(MissingExtraError, match=r"needs 'huggingface-hub'.*\[syne-tune\]"):
        _ = adapters.SyneTuneBlackbox


def test_what_no_extra_installs_is_not_excused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "surrogates.search.adapters.decisions", raising=False)
    monkeypatch.setitem(sys.modules, "surrogates.search.space_arrays", None)
    with pytest.raises(ModuleNotFoundError, match=r"surrogates\.search") as caught:
        _ = adapters.Decisions
    assert not isinstance(caught.value, MissingExtraError)


def test_an_unknown_name_is_no_missing_tool() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = adapters.Nothing


def test_tools_are_imported_when_used() -> None:
    program = (
        "import sys; from surrogates.search.adapters import Decisions, Objectives; "
        "print({'optuna', 'pymoo', 'syne_tune', 'torch'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
