"""Rows and data frames of answers. Those that need pandas are skipped, by name, without it."""
import csv
import io
import sys

import clile
import numpy as np
import pytest
from test_tracker import built, film, picture

SETTINGS = {"finder": "square", "points_model": "none", "threads": 1}


@pytest.fixture
def path(tmp_path):
    return film(tmp_path / "film.y4m", [picture(10 + 2 * k if k < 8 else None) for k in range(10)])


@built
def test_rows_of_a_film(trained, path):
    frames = list(trained.video(path, **SETTINGS))
    rows = list(clile.as_rows(iter(frames)))
    assert [row["frame"] for row in rows] == list(range(1, 11))
    assert list(rows[0]) == ["frame", "time", "person", "success", "AU01_p", "AU01_c", "AU12_p", "AU12_c", "found", "x", "y", "w", "h"]
    assert rows[9] == {"frame": 10, "time": frames[9].time, "person": None, "success": 0}
    for row, frame in zip(rows[:8], frames):
        (face,) = frame.faces
        assert (row["person"], row["found"], row["AU12_p"], row["x"]) == (1, int(face.found), float(face.probability[1]), float(face.box[0]))
        assert row["AU12_c"] == int(row["AU12_p"] > 0.5)


def saved_answers(folder):
    path = folder / "answers.csv"
    path.write_text("fold,subject,image,AU12_s,AU12_p,AU12_c,AU12_y\n1,007,a.png,0.5,0.75,1,1\n2,NA,\"b,c.png\",-0.5,,0,-1\n", encoding="utf-8")
    return path


def test_rows_of_a_photograph_events_a_report_and_an_evaluation(trained, data, tmp_path):
    faces = trained.read(picture(30), **SETTINGS)
    rows = list(clile.as_rows(faces))
    assert [row["face"] for row in rows] == [1] and rows[0]["AU01_p"] == float(faces[0].probability[0])
    watch = clile.Events([12], event_length=0)
    watch.add(1, 0.0, [3], [[0.9]])
    (event,) = clile.as_rows(watch.end())
    assert (event["person"], event["au"], event["name"], event["onset"]) == (3, 12, "Lip corner puller", 0.0)
    report = clile.evaluate(trained, data)
    assert list(clile.as_rows(report)) == list(csv.DictReader(io.StringIO(report.table("csv"))))
    tested = clile.Evaluation.load(saved_answers(tmp_path))
    rows = list(clile.as_rows(tested))
    assert [(row["subject"], row["image"], row["fold"], row["AU12_s"], row["AU12_p"], row["AU12_c"], row["AU12_y"]) for row in rows] == [
        ("007", "a.png", 1, 0.5, 0.75, 1, 1), ("NA", "b,c.png", 2, -0.5, None, 0, -1)]
    with pytest.raises(TypeError, match="found int"):
        list(clile.as_rows([1]))
    assert not list(clile.as_rows([]))


def test_without_pandas(trained, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    for call in (lambda: clile.to_pandas([]), lambda: clile.read_table("a.csv")):
        with pytest.raises(ImportError, match="needs pandas"):
            call()


@built
def test_a_data_frame_of_a_film_and_parquet(trained, path, tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    table = clile.to_pandas(trained.video(path, **SETTINGS))
    assert isinstance(table, pandas.DataFrame) and len(table) == 10
    assert str(table["person"].dtype) == str(table["AU12_c"].dtype) == "Int64" and table["person"].isna().sum() == 2
    assert table["AU12_p"].dtype == np.float64 and table["AU12_p"].notna().sum() == 8
    assert len(clile.to_pandas([])) == 0
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    table.to_parquet(tmp_path / "aus.parquet")
    pandas.testing.assert_frame_equal(clile.read_table(tmp_path / "aus.parquet"), table)


def test_a_table_of_the_command_is_read(tmp_path):
    pytest.importorskip("pandas", reason="pandas is not installed")
    file = tmp_path / "aus.csv"
    file.write_text("frame,image,success,AU01_p,AU01_c\n1,001,1,0.75,1\n2,NA,0,,\n3,\"a,b\",1,0.25,0\n", encoding="utf-8")
    table = clile.read_table(file)
    assert list(table["image"]) == ["001", "NA", "a,b"] and list(table["success"]) == [1, 0, 1]
    assert str(table["AU01_c"].dtype) == "Int64" and table["AU01_c"].isna().tolist() == [False, True, False]
    lines = tmp_path / "aus.jsonl"
    lines.write_text('{"frame":1,"image":"001","success":1,"AU01_p":0.75,"AU01_c":1}\n{"frame":2,"image":"2","success":0,"message":"no face"}\n', encoding="utf-8")
    table = clile.read_table(lines)
    assert list(table["image"]) == ["001", "2"] and table["AU01_c"].isna().tolist() == [False, True]
    table = clile.read_table(saved_answers(tmp_path))
    assert list(table["subject"]) == ["007", "NA"]
    columns = ["subject", "image", "fold", "AU12_s", "AU12_c", "AU12_y"]
    loaded = clile.to_pandas(clile.Evaluation.load(saved_answers(tmp_path)))
    assert loaded[columns].to_dict("records") == table[columns].to_dict("records")
    with pytest.raises(FileNotFoundError):
        clile.read_table(tmp_path / "none.csv")


def test_a_data_frame_of_a_report(trained, data):
    pytest.importorskip("pandas", reason="pandas is not installed")
    report = clile.evaluate(trained, data)
    table = clile.to_pandas(report)
    assert len(table) == len(list(csv.DictReader(io.StringIO(report.table("csv")))))
