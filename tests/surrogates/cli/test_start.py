"""The command line as a process: Ctrl-C at its start, closed streams, full disks, hidden packages, broken libraries."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import benchmarks
from tests.surrogates.cli.helpers import CELL

ROOT = Path(benchmarks.__file__).parents[1]
MESSAGE = "error: interrupted\n"
SCRIPT = "import sys; sys.argv[0] = 'surrogates'; from surrogates.cli import main; sys.exit(main())"
"""What pip writes as the command ``surrogates``."""


def start(arguments: list[str], before: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with a folder first on the path."""
    path = os.pathsep.join(map(str, filter(None, [before, ROOT])))
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=before,  # also first on the path
        env={**os.environ, "PYTHONPATH": path, **environment},
        check=False,
    )


INTERRUPTING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["INTERRUPT_AT"]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
"""


@pytest.mark.parametrize(
    "module", ["surrogates.cli", "numpy", "typer", "surrogates.cli.app", "surrogates.oracle.oracle"]
)
@pytest.mark.parametrize("program", [["-m", "surrogates"], ["-c", SCRIPT]], ids=["module", "script"])
def test_ctrl_c_in_an_import(module: str, program: list[str], tmp_path: Path) -> None:
    """The signal comes while this very module is imported."""
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTING)
    run = start([*program, "lookup", CELL], tmp_path, INTERRUPT_AT=module)
    assert (run.returncode, run.stdout, run.stderr) == (130, "", MESSAGE)


@pytest.mark.parametrize("delay", [0.05, 0.1, 0.2, 0.4])
def test_ctrl_c_at_any_time(delay: float) -> None:
    """Before the first import of ours, Python's own start is at work, and its traceback is not ours."""
    process = subprocess.Popen(
        [sys.executable, "-m", "surrogates", "lookup", CELL], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    if process.returncode in (130, 0):
        assert said in (MESSAGE, "")
    else:
        assert str(ROOT / "benchmarks") not in said


@pytest.mark.parametrize(
    ("redirected", "code", "out", "message"),
    [
        (f"lookup {CELL} >&-", 0, "", ""),
        (f"lookup {CELL} 2>&-", 0, CELL, ""),
        (f"lookup {CELL} <&-", 0, CELL, ""),
        (f"predict transnas101-micro {CELL} >&-", 0, "", ""),
        ("lookup - <&-", 2, "", "error: expected at least one architecture on stdin"),
        ("lookup nonsense >&- 2>&-", 2, "", ""),
        ("lookup nonsense 2>/dev/full", 2, "", ""),
        ("lookup --nonsense 2>/dev/full", 2, "", ""),
        (f"lookup {CELL} >/dev/full", 1, "", "error: [Errno 28] No space left on device"),
        (f"lookup {CELL} --csv >/dev/full", 1, "", "error: [Errno 28] No space left on device"),
        (f"predict transnas101-micro {CELL} >/dev/full", 1, "", "error: [Errno 28] No space left on device"),
        ("--version >/dev/full", 1, "", "error: [Errno 28] No space left on device"),
        ("lookup --help >/dev/full", 1, "", "error: [Errno 28] No space left on device"),
    ],
)
def test_streams_that_are_closed_or_full(redirected: str, code: int, out: str, message: str) -> None:
    if "/dev/full" in redirected and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    # what is left in a buffer is written once more when Python ends; containers often set PYTHONUNBUFFERED
    kinds = ("", "1") if "--version" in redirected or "2>/dev/full" in redirected else ("",)
    for unbuffered in kinds:
        run = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m surrogates {redirected}"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
        assert run.returncode == code, unbuffered
        assert out in run.stdout
        assert run.stderr.startswith(message)
        assert run.stderr.count("\n") == (1 if message else 0), unbuffered


def hide(name: str, folder: Path) -> Path:
    package = folder / name
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('somebody else')\n")
    return package / "__init__.py"


@pytest.mark.parametrize("name", ["benchmarks", "encoders"])
@pytest.mark.parametrize(
    "code", ["import surrogates", "from surrogates import Oracle", "import surrogates.search", "import surrogates.cli"]
)
def test_a_hidden_package_is_named(name: str, code: str, tmp_path: Path) -> None:
    other = hide(name, tmp_path)
    run = start(["-c", code], tmp_path)
    last = run.stderr.splitlines()[-1]
    assert last.startswith(
        f"ImportError: another package named {name!r} hides that of transnas-surrogates: found {other}"
    )
    assert f"expected {ROOT / name / '__init__.py'}; rename it, or run" in last


def test_encoders_name_hidden_benchmarks(tmp_path: Path) -> None:
    other = hide("benchmarks", tmp_path)
    run = start(["-c", "import encoders"], tmp_path)
    assert run.stderr.splitlines()[-1].startswith("ImportError: another package named 'benchmarks' hides")
    assert str(other) in run.stderr


@pytest.mark.parametrize("program", [["-m", "surrogates"], ["-c", SCRIPT]], ids=["module", "script"])
def test_the_command_line_says_what_is_hidden(program: list[str], tmp_path: Path) -> None:
    other = hide("benchmarks", tmp_path)
    lookup = start([*program, "lookup", CELL], tmp_path)
    assert lookup.returncode == 1
    assert lookup.stderr.startswith("error: another package named 'benchmarks' hides")
    assert lookup.stderr.count("\n") == 1
    doctor = start([*program, "doctor", "--json"], tmp_path)
    assert doctor.returncode == 1
    findings = {finding["what"]: finding for finding in json.loads(doctor.stdout)}
    assert findings["packages"]["status"] == "broken"
    assert str(other) in findings["packages"]["detail"]
    assert "packages" in start([*program, "doctor"], tmp_path).stdout


def break_library(name: str, folder: Path, statement: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(statement + "\n")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("raise OSError('libgomp.so.1: cannot open')", "OSError: libgomp.so.1: cannot open"),
        ("raise ImportError('libgomp.so.1: cannot open')", "ImportError: libgomp.so.1: cannot open"),
        (
            "raise AttributeError('no attribute int')",
            "ImportError: surrogates.BoostedSurrogate cannot be imported: no attribute int",
        ),
        ("import no_such_part", "ModuleNotFoundError: No module named 'no_such_part'"),
    ],
)
def test_the_error_of_a_broken_library_is_passed_on(statement: str, message: str, tmp_path: Path) -> None:
    """Both to Python and at the command line, which meets it in the same process for the second time."""
    break_library("xgboost", tmp_path, statement)
    command = f"surrogates predict transnas101-micro {CELL.replace('64', '32')}"
    code = (
        "import sys, traceback\ntry:\n    from surrogates import BoostedSurrogate\n"
        "except Exception:\n    traceback.print_exc()\nprint('then', file=sys.stderr)\n"
        f"sys.argv = {command.split()}\nfrom surrogates.cli import main\nmain()"
    )
    run = start(["-c", code], tmp_path)
    in_python, _, at_the_command_line = run.stderr.partition("then\n")
    assert in_python.splitlines()[-1] == message
    assert run.returncode == 1
    progress = r"(predicting: )?0 of 1, .*"  # on a machine so busy that this takes more than five seconds
    (error,) = (line for line in at_the_command_line.splitlines() if not re.fullmatch(progress, line))
    assert message.rpartition(": ")[2] in error


def test_broken_extras_are_not_missing_ones(tmp_path: Path) -> None:
    break_library("torch", tmp_path, "raise ImportError('libcudart.so: cannot open')")
    code = "from surrogates import GraphSurrogate; GraphSurrogate().fit(['64-2311-basic', '64-1234-basic'], [1.0, 2.0])"
    assert start(["-c", code], tmp_path).stderr.splitlines()[-1] == "ImportError: libcudart.so: cannot open"
    break_library(
        "matplotlib", tmp_path, "raise ModuleNotFoundError(\"No module named 'matplotlib'\", name='matplotlib')"
    )
    code = "from surrogates.figures import new_figure; new_figure((4, 3))"
    assert "needs 'matplotlib', which is not installed" in start(["-c", code], tmp_path).stderr.splitlines()[-1]


def test_the_doctor_imports_what_is_installed(tmp_path: Path) -> None:
    """Large libraries are empty ones here; `test_diagnostics` imports them."""
    for name in ("lightning", "matplotlib", "optuna", "optunahub", "ray", "syne_tune", "torch", "torch_geometric"):
        break_library(name, tmp_path, "")
    break_library("xgboost", tmp_path, "raise OSError('libgomp.so.1: cannot open')")
    break_library("pymoo", tmp_path, "import os; os.abort()")
    run = start(["-m", "surrogates", "doctor", "--json"], tmp_path)
    found = {finding["what"]: (finding["status"], finding["detail"]) for finding in json.loads(run.stdout)}
    assert run.returncode == 1
    assert found["xgboost"][0] == found["extra [search]"][0] == "broken"
    assert found["xgboost"][1].endswith("cannot be imported: OSError: libgomp.so.1: cannot open")
    assert "pymoo cannot be imported: its import ends Python" in found["extra [search]"][1]
    assert found["numpy"][0] == "ok"


def test_a_broken_core_is_one_line(tmp_path: Path) -> None:
    break_library("numpy", tmp_path, "raise OSError('libopenblas.so: cannot open')")
    run = start(["-m", "surrogates", "lookup", CELL], tmp_path)
    assert (run.returncode, run.stderr) == (1, "error: OSError while starting: libopenblas.so: cannot open\n")


def test_a_zip_file_on_the_path_says_to_unpack_it(tmp_path: Path) -> None:
    wheel = tmp_path / "ours.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for package in ("benchmarks", "encoders", "surrogates"):
            for path in sorted((ROOT / package).rglob("*.py")):
                archive.write(path, path.relative_to(ROOT))
    for arguments in (["lookup", CELL], ["table", "info", "rooms-mini"]):
        run = subprocess.run(
            [sys.executable, "-m", "surrogates", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(wheel)},
            check=False,
        )
        assert run.returncode != 0
        assert run.stderr.startswith(f"error: the package is imported from the zip file {str(wheel)!r}")
        assert run.stderr.count("\n") == 1


def test_a_user_without_a_home_gets_a_cache_for_now(tmp_path: Path) -> None:
    code = (
        "import os, warnings\nfrom pathlib import Path\n"
        "def home(): raise RuntimeError('no home')\nPath.home = home\n"
        "from benchmarks.formats.mmap_cache import cache_dir\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always')\n    folders = {cache_dir(), cache_dir()}\n"
        "print(len(said), len(folders), all(folder.is_dir() for folder in folders))"
    )
    run = start(["-c", code], TRANSNAS_CACHE_DIR="", XDG_CACHE_HOME="", TMPDIR=str(tmp_path))
    assert run.stdout.split() == ["1", "1", "True"], run.stderr
    assert list(tmp_path.iterdir()) == []
