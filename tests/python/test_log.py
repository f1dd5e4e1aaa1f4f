"""log=: the library's log in Python."""
import gc
import logging
import sys

import clile
import pytest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "anna").mkdir()
    for k in range(1, 9):
        (tmp_path / "anna" / f"{k}.png").write_bytes(b"")
    (tmp_path / "anna.csv").write_text("frame,success,AU01_c\n" + "".join(f"{k},1,{k % 2}\n" for k in range(2, 8)))
    return tmp_path


pytestmark = pytest.mark.filterwarnings("ignore:.*numberings")


def test_log_goes_to_logging(folder, caplog):
    with caplog.at_level(logging.DEBUG, logger="clile"):
        clile.Dataset.open(folder)
        assert caplog.records == []
        clile.Dataset.open(folder, log=True)
    told = [(record.name, record.levelno) for record in caplog.records]
    assert ("clile", logging.WARNING) in told and ("clile", logging.INFO) in told
    assert any("both numberings fit equally well" in record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="mine"):
        clile.Dataset.open(folder, clile.Options(log=logging.getLogger("mine")))
        assert {record.name for record in caplog.records} == {"mine"}


def test_log_is_carried_and_kept_alive(data):
    told = []
    options = clile.Options(width=0.125, image_size=32, epochs=1, epochs_stage1=1, batch=4, threads=1,
                            log=lambda level, text: told.append((level, text)))
    copy = clile.Options(options, embedding=16)
    options.close()
    model = clile.Model(data.au_ids, copy)
    trainer = clile.Trainer(model, data, copy)
    copy.set_log(None)
    copy.close()
    gc.collect()
    trainer.run(1)
    assert [text.split(",")[0] for level, text in told if level == logging.INFO][-2:] == ["stage begun", "stage ended"]
    trainer.run(2)
    trainer.close()
    gc.collect()
    count = len(told)
    predictor = clile.Predictor(model, log=lambda level, text: told.append((level, text)), threads=1)
    assert told[count:] and told[-1][0] == logging.DEBUG
    predictor.close()
    count = len(told)
    clile.Predictor(model, threads=1)
    clile.Predictor(model, clile.Options(clile.Options(log=told.append), log=None), threads=1)
    assert len(told) == count


def test_exceptions_in_the_log_are_reported(folder, monkeypatch):
    reported = []

    def broken(_level, _text):
        raise ZeroDivisionError("in the log")

    monkeypatch.setattr(sys, "unraisablehook", lambda told: reported.append(told.exc_value))
    assert len(clile.Dataset.open(folder, log=broken)) == 6
    assert reported and all(isinstance(error, ZeroDivisionError) for error in reported)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_interrupts_in_the_log_are_raised(folder, kind):
    def stop(_level, _text):
        raise kind

    with pytest.raises(kind):
        clile.Dataset.open(folder, log=stop)
    assert len(clile.Dataset.open(folder)) == 6  # once


@pytest.mark.parametrize("log", [3, "clile", 1.5])
def test_log_refuses(log):
    with pytest.raises(TypeError, match="log is a"):
        clile.Options(log=log)
