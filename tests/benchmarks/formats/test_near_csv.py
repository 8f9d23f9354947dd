"""Text that is nearly csv, streams, folders, and what is no file."""

import gzip
import io
import os
import socket
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from benchmarks import (
    ArchitectureError,
    TableError,
    TableNotFoundError,
    limits,
    load_table,
    save_table,
    table_provenance,
)
from benchmarks.formats.parquet import parquet_files
from benchmarks.provenance import unlike_published
from benchmarks.table import Table
from tests.benchmarks.conftest import MACRO

A, B, C = MACRO
PLAIN = f"arch,jigsaw,normal\n{A},90.25,.5\n{B},-0,\n{C},7e-1,0.125\n"
VALUES = {"jigsaw": [90.25, 0.0, 0.7], "normal": [0.5, float("nan"), 0.125]}


def load(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_table(path)


def check(table):
    assert table.archs == (A, B, C)
    np.testing.assert_array_equal(table.to_frame()["jigsaw"], VALUES["jigsaw"])
    np.testing.assert_array_equal(table.to_frame()["normal"], VALUES["normal"])


def commas(text):
    """With semicolons and decimal commas."""
    return text.replace(",", ";").replace(".", ",")


@pytest.mark.parametrize(
    "content",
    [PLAIN, PLAIN.replace("\n", "\r\n"), "\ufeff" + PLAIN, "\n\n" + PLAIN, gzip.compress(PLAIN.encode())],
    ids=["plain", "windows", "mark", "blank lines", "gzip"],
)
@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.csv.gz", "a.b.csv"])
def test_plain_csv_is_read_without_a_word(tmp_path, name, content):
    check(load(tmp_path / name, content))


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "A.TSV.GZ"])
@pytest.mark.parametrize(
    ("content", "how"),
    [
        (PLAIN.replace(",", "\t"), "tabs between the columns"),
        (PLAIN.replace(",", ";"), "semicolons between the columns"),
        (commas(PLAIN), "semicolons between the columns, decimal commas"),
        ("# made by me\n#\n" + PLAIN + "# end\n", "3 comment lines left out"),
        ("# from a, b; c\n" + commas(PLAIN), "1 comment line left out, semicolons between the columns, decimal commas"),
        (PLAIN.encode("utf-16"), "UTF-16"),
        (gzip.compress(PLAIN.replace(",", "\t").encode(), mtime=0), "tabs between the columns"),
    ],
)
def test_other_text_is_read_and_one_line_says_how(tmp_path, name, content, how):
    with pytest.warns(UserWarning, match=f"^read as csv with {how}$") as told:
        table = load(tmp_path / name, content)
    assert len(told) == 1
    check(table)


def test_names_of_columns_may_stand_in_a_comment(tmp_path):
    check(load(tmp_path / "a.csv", "# " + PLAIN))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", f"arch\tjigsaw\n{A}\t1,234\n", "1,234 may be a decimal comma or a separator of thousands"),
        (
            "a.csv",
            f"arch;jigsaw;normal\n{A};1,5;0.5\n",
            "expected decimal points or decimal commas, got both: 0.5 and 1,5",
        ),
        ("a.csv", f"arch;jigsaw\n{A};1,2,3\n", "column 'jigsaw', row 0: expected a number, got '1,2,3'"),
        (
            "a.csv.gz",
            gzip.compress(PLAIN.encode(), mtime=0)[:40],
            "expected a csv file with a header line .*ended before",
        ),
        ("a.csv.gz", b"\x1f\x8bxxxx", "expected a csv file with a header line"),
        ("a.csv", b"arch,jigsaw\n\xff\xfe\xfa,1\n", "expected a csv file with a header line"),
    ],
)
def test_ambiguous_and_damaged_text_is_refused(tmp_path, name, content, message):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(TableError, match=f"{name}: {message}"):
            load(tmp_path / name, content)


def test_text_has_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "TEXT_BYTES", 1_000)
    with pytest.raises(TableError, match="at most 1,000 bytes of text, got more"):
        load(tmp_path / "a.csv.gz", gzip.compress((PLAIN + "\n" * 100_000).encode()))
    monkeypatch.undo()
    monkeypatch.setattr(limits, "CELLS", 8)
    with pytest.raises(TableError, match=r"and 8 cells, got 4 rows of 3 columns"):
        load(tmp_path / "a.csv", PLAIN)
    pd.DataFrame({"arch": [A] * 4, "jigsaw": [1.0] * 4, "normal": [0.5] * 4}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(TableError, match=r"and 8 cells, got 4 rows of 3 columns"):
        load_table(tmp_path / "a.parquet")


# -- streams and folders ----------------------------------------------------------------------------------------------


def test_open_streams_are_read(tmp_path):
    check(load_table(io.StringIO(PLAIN)))
    check(load_table(io.BytesIO(PLAIN.encode())))
    check(load_table(io.BytesIO(gzip.compress(PLAIN.encode()))))
    save_table(load_table(io.StringIO(PLAIN)), tmp_path / "a.parquet")
    with (tmp_path / "a.parquet").open("rb") as file:
        check(load_table(file))
    with (tmp_path / "a.parquet").open("rb") as file:
        check(load_table(file, space="transnas101-macro"))


def test_errors_name_the_stream(tmp_path):
    with pytest.raises(TableError, match="the StringIO: expected a column of architecture strings"):
        load_table(io.StringIO("a,b\n1,2\n"))
    (tmp_path / "mine.txt").write_text("a,b\n1,2\n")
    with (
        (tmp_path / "mine.txt").open() as file,
        pytest.raises(TableError, match=r"mine\.txt: expected a column of arch"),
    ):
        load_table(file)
    with pytest.raises(TableError, match=r"the BytesIO: a \.pth is read from a file, not from a stream"):
        load_table(io.BytesIO(b"PK\x03\x04..."))
    for wrong in (5, None, b"a.csv", [1]):
        with pytest.raises(TableError, match=f"expected a path, or an open stream, got {type(wrong).__name__}"):
            load_table(wrong)


def test_a_folder_of_partitioned_parquet_is_read(tmp_path):
    frame = pd.DataFrame({"arch": [A, B, C], "jigsaw": [1.0, 2.0, 3.0], "part": ["x", "y", "x"]})
    frame.to_parquet(tmp_path / "parts", partition_cols=["part"])
    (tmp_path / "parts" / "_SUCCESS").touch()
    with pytest.warns(UserWarning, match="^partition columns left out: part$") as told:
        table = load_table(tmp_path / "parts")
    assert told[0].filename == __file__
    assert table.to_frame()["jigsaw"].to_dict() == {A: 1.0, B: 2.0, C: 3.0}
    (tmp_path / "empty").mkdir()
    with pytest.raises(TableError, match="got 'no suffix', a folder without parquet files"):
        load_table(tmp_path / "empty")


def parts(folder, *tables):
    folder.mkdir()
    for number, table in enumerate(tables):
        save_table(table, folder / f"{number}.parquet")
    return folder


def test_parts_of_one_provenance_keep_it(tmp_path):
    whole = load_table("rooms-mini")
    folder = parts(tmp_path / "rooms", whole.where(archs=whole.archs[:20]), whole.where(archs=whole.archs[20:]))
    found = load_table(folder)
    assert found.hash == whole.hash
    assert found.provenance == table_provenance(folder) == whole.provenance
    assert unlike_published(found) == unlike_published(whole) != ""


def test_parts_of_different_provenance_are_refused(tmp_path):
    one = replace(Table.from_frame({"arch": [A], "jigsaw": [1.0]}), provenance={"seed": 0, "commit": "1a"})
    two = replace(Table.from_frame({"arch": [B], "jigsaw": [2.0]}), provenance={"seed": 1, "commit": "1a"})
    assert load_table(parts(tmp_path / "same", one, replace(two, provenance=one.provenance))).provenance["seed"] == 0
    for other in (two, replace(two, provenance={})):
        folder = parts(tmp_path / f"other{len(other.provenance)}", one, other)
        for read in (load_table, table_provenance):
            with pytest.raises(TableError, match=r"one provenance, got another in '1\.parquet' than in '0\.parq.*seed"):
                read(folder)


def test_a_damaged_part_is_named(tmp_path):
    """Rewritten by another program with right checksums of pages, but the old SHA-256 of the content."""
    tables = [Table.from_frame({"arch": [arch], "jigsaw": [90.0]}) for arch in (A, B)]
    folder = parts(tmp_path / "parts", *tables)
    columns = pyarrow.parquet.read_table(folder / "1.parquet")
    changed = columns.set_column(1, "jigsaw", [[91.0]])
    pyarrow.parquet.write_table(changed.replace_schema_metadata(columns.schema.metadata), folder / "1.parquet")
    with pytest.raises(TableError, match=r"parts: 1\.parquet: damaged: the SHA-256 of the content differs"):
        load_table(folder)
    (folder / "1.parquet").write_bytes(b"PAR1")
    for read in (load_table, table_provenance):
        with pytest.raises(TableError, match=r"parts: 1\.parquet: expected a parquet file"):
            read(folder)


def test_limits_bound_all_parts_together(tmp_path, monkeypatch):
    tables = [Table.from_frame({"arch": [arch], name: [1.0]}) for arch, name in ((A, "jigsaw"), (B, "mine"))]
    folder = parts(tmp_path / "parts", *tables)
    for limit, enough in (("ROWS", 2), ("COLUMNS", 3), ("CELLS", 6)):
        monkeypatch.setattr(limits, limit, enough)
        assert load_table(folder).archs == (A, B)
        monkeypatch.setattr(limits, limit, enough - 1)
        with pytest.raises(TableError, match=r"expected at most .*, got 2 rows of 3 columns"):
            load_table(folder)
        monkeypatch.undo()


def test_a_part_that_is_no_file_is_refused_before_it_is_read(tmp_path):
    folder = parts(tmp_path / "parts.parquet", Table.from_frame({"arch": [A], "jigsaw": [1.0]}))
    parts(folder / "more.parquet", Table.from_frame({"arch": [B], "jigsaw": [2.0]}))
    assert load_table(folder).archs == (A, B)
    os.mkfifo(folder / "2.parquet")
    for read in (load_table, table_provenance):
        with pytest.raises(TableError, match=r"2\.parquet: expected a file, got a FIFO"):
            read(folder)


# -- what is no file --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".pth", ".tsv"])
def test_what_is_no_file_is_refused_before_it_is_read(tmp_path, suffix):
    os.mkfifo(tmp_path / f"fifo{suffix}")
    with pytest.raises(TableNotFoundError, match="expected a file, got a FIFO"):
        load_table(tmp_path / f"fifo{suffix}")
    (tmp_path / f"link{suffix}").symlink_to("/dev/zero")
    with pytest.raises(TableNotFoundError, match="expected a file, got a device"):
        load_table(tmp_path / f"link{suffix}")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / f"s{suffix}"))
        with pytest.raises(TableNotFoundError, match="expected a file, got a socket"):
            load_table(tmp_path / f"s{suffix}")


# -- architectures of NASLib ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arch", [(4, 0, 3, 1, 4, 3), [4, 0, 3, 1, 4, 3], np.array([4, 0, 3, 1, 4, 3])])
def test_tuples_of_naslib_are_refused_with_advice(arch):
    with pytest.raises(ArchitectureError, match=r"get_space\('nasbench201'\)\.from_naslib\(\(4, 0, 3, 1, 4, 3\)\)"):
        Table.from_frame({"arch": [arch], "cifar10": [90.0]})


def test_written_tuples_of_naslib_are_refused_with_advice(tmp_path):
    with pytest.raises(ArchitectureError, match=r"a\.csv: row 0: .*from_naslib\(\(4, 0, 3, 1, 4, 3\)\)"):
        load(tmp_path / "a.csv", 'arch,cifar10\n"(4, 0, 3, 1, 4, 3)",90\n')


# -- titles, bars, an index without a name ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("My results, 2026\n\narch,jigsaw\n{A},60.5\n{B},61\n", "1 line above the header left out"),
        (
            "Results\r\nof seed 3;\r\narch;jigsaw\r\n{A};60,5\r\n{B};61\r\n",
            "2 lines above the header left out, semi",
        ),
        ("arch|jigsaw\n{A}|60.5\n{B}|61\n", "vertical bars between the columns"),
        (";jigsaw\n{A};60,5\n{B};61\n", "semicolons between the columns, decimal commas"),
        ("\tjigsaw\n{A}\t60.5\n{B}\t61\n", "tabs between the columns"),
    ],
)
def test_a_title_bars_and_an_index_without_a_name_are_read_and_told(tmp_path, text, how):
    with pytest.warns(UserWarning, match=f"read as csv with {how}"):
        table = load(tmp_path / "a.csv", text.format(A=A, B=B))
    assert table.to_frame()["jigsaw"].to_dict() == {A: 60.5, B: 61.0}


def test_the_index_that_pandas_writes_without_a_name_is_read(tmp_path):
    frame = pd.DataFrame({"jigsaw": [60.5, 61.0]}, index=[A, B])
    frame.to_csv(tmp_path / "a.csv")
    assert load_table(tmp_path / "a.csv").to_frame()["jigsaw"].to_dict() == frame["jigsaw"].to_dict()
    assert Table.from_frame(pd.read_csv(tmp_path / "a.csv")).archs == (A, B)


def test_other_columns_without_a_name_are_no_architectures(tmp_path):
    with pytest.raises(TableError, match="expected a column of architecture strings"):
        load(tmp_path / "a.csv", ",jigsaw\nmine,60\nyours,61\n")
    assert load(tmp_path / "b.csv", f",arch,jigsaw\n0,{A},60\n1,{B},61\n").tasks == ("jigsaw",)


@pytest.mark.parametrize("kind", ["closed", "for writing"])
def test_streams_that_cannot_be_read_are_told(tmp_path, kind):
    with (tmp_path / "a.csv").open("w") as stream:
        if kind == "closed":
            stream.close()
        with pytest.raises(TableError, match="expected a stream that can be read, got one that cannot"):
            load_table(stream)


def test_a_folder_with_too_many_files_is_not_searched_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FILES", 3)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "part.parquet").touch()
    assert [path.name for path in parquet_files(tmp_path)] == ["part.parquet"]
    (tmp_path / "b" / "notes.txt").touch()
    for read in (load_table, table_provenance):
        with pytest.raises(TableError, match="at most 3 files below it, got more"):
            read(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"arch,a,b\n{A},1,2\n{B},3",
            r"1 row ends before the last column, such as row 1 \('64-1234-basic'\), with 2 of 3",
        ),
        (f"arch,a,b\n{A}\n{B},3\n", r"2 rows end before the last column, such as row 0 .*, with 1 of 3"),
        (f"a;arch;b\n1;{A};2\n\n  \n3;{B}\n", r"1 row ends .*such as row 1 \('3'\), with 2 of 3"),
    ],
)
@pytest.mark.filterwarnings("ignore:read as csv with semicolons")
def test_rows_that_end_early_are_said(tmp_path, text, said):
    """They lack values, or the file was cut while it was copied."""
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.warns(UserWarning, match=said):
        load_table(path)


@pytest.mark.parametrize("row", [f"{B},3,", f"{B},,3", f"{B},,", f"{B},nan,NA"])
def test_missing_values_need_no_word(tmp_path, row):
    path = tmp_path / "mine.csv"
    path.write_text(f"arch,a,b\n{A},1,2\n{row}\n")
    assert load_table(path).value(A, "b") == 2.0
