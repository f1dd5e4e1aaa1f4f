"""Models, predictors, training: results, cancelling, Ctrl-C, destruction in any order, threads."""
import copy
import gc
import itertools
import json
import math
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings

import clile
import numpy as np
import pytest
from clile._arrays import pointer
from clile._library import lib
from conftest import AUS, N, ROOT, SIDE, SMALL


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b))


def test_a_method_that_reads_points(data):
    """Refused without them, by name, in training and predicting; drawn faces have landmarks."""
    small = {**SMALL, "method": "srerl", "embedding": 4}
    with pytest.raises(clile.InvalidArgument, match="method=srerl needs the landmarks of every face"):
        clile.train(data, **small)
    drawn = clile.Dataset.synth(subjects=16, tasks=2, frames=6, size=48)
    model = clile.train(drawn, **{**small, "epochs": 1, "batch": 32})
    crop = drawn.crop(0, SIDE)
    for where in ({"crop": True}, {"box": [2, 2, 28, 28]}):
        with warnings.catch_warnings(), pytest.raises(clile.InvalidArgument, match="method=srerl reads the points of a face"):
            warnings.simplefilter("ignore")  # that the model was trained on aligned faces
            model.predict(crop, **where)
    points = np.array([[0.35, 0.40], [0.65, 0.40], [0.50, 0.571], [0.376, 0.747], [0.624, 0.747]]) * SIDE
    assert model.predict(crop, landmarks=points).probability.shape == (len(model.au_ids),)
    with pytest.raises(clile.FormatError, match="method=srerl reads the points of a face: image .* has no landmarks"):
        clile.Predictor(model).run_dataset(data)


def test_predict(arrays, trained, tmp_path):
    images = arrays["images"]
    many = trained.predict(images)
    assert many.probability.shape == (N, 2) and many.present.dtype == bool and many.embedding.shape == (N, 8) and many.au_ids.tolist() == AUS
    assert np.array_equal(many.present, many.probability > 0.5)
    one = trained.predict(images[3])
    assert one.probability.shape == (2,) and same(one[1:], (x[3] for x in many[1:]))
    trained.save(tmp_path / "model.safetensors")
    loaded = clile.Model.load(tmp_path / "model.safetensors")
    assert same(loaded.predict(images), many)
    content = (tmp_path / "model.safetensors").read_bytes()
    assert trained.to_bytes() == content == clile.Model.load(bytearray(content)).to_bytes()
    assert pickle.loads(pickle.dumps(trained)).to_bytes() == content == copy.deepcopy(trained).to_bytes()
    with pytest.raises(clile.FormatError, match="memory: "):
        clile.Model.load(content[:100])
    scores = clile.Predictor(loaded, predict_batch=5, threads=1).run(images, scores=True)
    slope, offset = loaded.decision
    assert np.allclose(1 / (1 + np.exp(-(slope * scores.probability + offset))), many.probability, atol=1e-5)
    with clile.Predictor(trained) as predictor:
        pass
    with pytest.raises(ValueError, match="this Predictor is closed"):
        predictor.run(images)
    with pytest.raises(TypeError, match="expected uint8"):
        trained.predict(images / 255)
    with pytest.raises(ValueError, match="image has shape"):
        trained.predict(images[0, 0])


def test_intensity(arrays, trained):
    """Of a model that was trained on intensities, beside the tuple; of others None."""
    coded = (arrays["labels"] * 3 + np.arange(N)[:, None] % 2).astype(np.int8)
    graded = clile.Dataset.from_arrays(arrays["images"], None, arrays["subject"], AUS, intensity=coded)
    model = clile.train(graded, method="bce", **SMALL)
    assert model.has_intensity and not trained.has_intensity and trained.predict(arrays["images"]).intensity is None
    many, one = model.predict(arrays["images"], crop=True), model.predict(arrays["images"][3], crop=True)
    assert many.intensity.shape == (N, 2) and 0 < many.intensity.min() and many.intensity.max() < 5 and np.array_equal(one.intensity, many.intensity[3])
    assert pickle.loads(pickle.dumps(many)).intensity is not None
    with clile.Predictor(model) as predictor:
        answers = predictor.run_dataset(graded)
        assert np.array_equal(answers.intensity, many.intensity)
        report = clile.metrics.Report(AUS)
        report.add_predictor(1, predictor, graded)
        assert report.as_dict()["intensity"]["icc"]["pooled"]["au"] == pytest.approx(clile.metrics.intensity(many.intensity, coded)["icc"])
    own = clile.metrics.Report(AUS)
    own.add_fold(1, answers.score, answers.present, graded.labels, graded.subjects)
    own.add_intensity(1, answers.intensity, coded, answers.probability)
    assert own.as_dict()["intensity"] == report.as_dict()["intensity"]
    with pytest.raises(clile.Error, match="3 .*12|12 images"):
        own.add_intensity(1, answers.intensity[:3], coded[:3])


def test_predict_takes_what_there_is(arrays, trained, tmp_path):
    """A path as text or pathlib, a file's content, an array; several as list, tuple, array or iterator; each with its box or landmarks."""
    for k in range(3):
        lib.clile_image_write_png(os.fsencode(tmp_path / f"{k}.png"), SIDE, SIDE, pointer(arrays["images"][k]))
    paths, expected = sorted(tmp_path.glob("*.png")), trained.predict(arrays["images"][:3], crop=True)
    for one in (paths[1], str(paths[1]), paths[1].read_bytes(), memoryview(paths[1].read_bytes()), arrays["images"][1]):
        assert same(trained.predict(one, crop=True)[1:], (x[1] for x in expected[1:]))
    for many in (paths, tuple(map(str, paths)), iter(paths), (path for path in paths), [paths[0], arrays["images"][1], paths[2].read_bytes()]):
        assert same(trained.predict(many, crop=True), expected)
    boxes = [(4, 4, 20, 20), None, (5, 6, 22, 18)]
    together = trained.predict(iter(paths), box=boxes)
    for k, box in enumerate(boxes):
        assert same(trained.predict(paths[k], **({"box": box} if box else {"crop": True}))[1:], (x[k] for x in together[1:]))


def test_mistakes_are_told_by_name(arrays, data, trained):
    for use, message in ((lambda: trained.predict(data), "images is a Dataset: Predictor.run_dataset"), (lambda: clile.train("BP4D"), "data is a str, expected clile.Dataset"),
                         (lambda: clile.Trainer(data, data), "model is a Dataset, expected clile.Model"), (lambda: clile.Trainer(trained, arrays), "train is a dict"),
                         (lambda: clile.Predictor("model.safetensors"), "model is a str, expected clile.Model"), (lambda: clile.evaluate(data, data), "model is a Dataset"),
                         (lambda: clile.Predictor(trained).run_dataset(arrays["images"]), "data is a ndarray, expected clile.Dataset"),
                         (lambda: clile.metrics.Report(AUS).add_predictor(1, trained, data), "predictor is a Model"), (lambda: clile.concat([data, 3]), "each of datasets is a int"),
                         (lambda: clile.train(data, options={"epochs": 1}), "options"), (lambda: clile.Model.load(3), "int"), (lambda: trained.predict(None), "image is")):
        with pytest.raises(TypeError, match=message):
            use()


def test_a_person_can_read_what_answers_and_trains(arrays, data, trained, untrained):
    answer = trained.predict(arrays["images"][0], crop=True)
    marks = ", ".join(f"AU{au} {p:.2f}{'*' if here else ''}" for au, p, here in zip(AUS, answer.probability, answer.present))
    assert repr(answer) == f"Prediction({marks}; * present)" and repr(trained.predict(arrays["images"], crop=True)) == f"Prediction({N} faces; 2 AUs: 1 12)"
    predictor = clile.Predictor(trained)
    assert repr(predictor) == "Predictor(2 AUs: 1 12; embedding 8)" and repr(predictor.run_dataset(data)) == f"Answers({N} images; 2 AUs: 1 12)"
    assert repr(untrained).endswith("; untrained)") and repr(trained.quantize(arrays["images"])).endswith("; int8, trained)")
    trainer, said = clile.Trainer(untrained, data, method="bce", **SMALL), []
    assert repr(trainer) == "Trainer(stage 2, step 0 of 6, epoch 0 of 2)"
    trainer.train(lambda p: said.append(repr(trainer)))
    assert set(said) == {"Trainer(running)"} and repr(trainer) == "Trainer(finished, or failed)"
    for handle in (trainer, predictor, untrained):
        handle.close()
        assert repr(handle) == f"{type(handle).__name__}(closed)"


def test_quantize(arrays, trained, tmp_path):
    images = arrays["images"]
    small = trained.quantize(images, threads=1)
    assert small.is_quantized and not trained.is_quantized and small.info["weights"] == "int8"
    assert np.abs(small.predict(images).probability - trained.predict(images).probability).max() < 0.1
    small.save(tmp_path / "int8.safetensors")
    trained.save(tmp_path / "float.safetensors")
    assert os.path.getsize(tmp_path / "int8.safetensors") < os.path.getsize(tmp_path / "float.safetensors")
    assert same(clile.Model.load(tmp_path / "int8.safetensors").predict(images), small.predict(images))
    with pytest.raises(clile.StateError, match="already int8"):
        small.quantize(images)
    with pytest.raises(ValueError, match="images has shape"):
        trained.quantize(images[0])


def with_points(content, bias):
    """The bytes of a model whose points are always at these places, in sides of the crop."""
    size = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8:8 + size]), content[8 + size:]
    del header["__metadata__"]["clile_crc32"]
    for name, value in (("points.weight", np.zeros((bias.size, 8), "<f4")), ("points.bias", bias.astype("<f4").ravel())):
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_points(arrays, trained):
    image, bias = arrays["images"][0], np.array([[.25, .5], [.75, .5], [.5, 1.25]], np.float32)
    assert trained.point_count == 0
    with pytest.raises(clile.Unsupported, match="the model has no points"):
        trained.points(image)
    model = clile.Model.load(with_points(trained.to_bytes(), bias))
    assert model.point_count == 3 and model.info["points"] == 3 and same(model.predict(image), trained.predict(image))
    assert np.allclose(model.points(image, crop=True), bias * SIDE, atol=1e-4)
    big = np.zeros((120, 160, 3), np.uint8)
    found = clile.Predictor(model, box_margin=0).points(big, box=[[20, 30, 40, 40], [50, 10, 80, 100]])
    assert np.allclose(found[0], [20, 30] + bias * 40, atol=1e-3) and np.allclose(found[1], [40, 10] + bias * 100, atol=1e-3)
    assert np.allclose(model.quantize(arrays["images"]).points([image, big], crop=True), [bias * SIDE, bias * [160, 120]], atol=1e-3)
    assert model.points([], crop=True).shape == (0, 3, 2)
    for find in (clile.Model.load(model.to_bytes()).points, clile.Predictor(model).points):
        with pytest.warns(UserWarning, match="already crops") as caught:
            find(big, box=[20, 30, 40, 40])
        assert caught[0].filename == __file__


def test_strides(arrays, trained):
    wide = np.tile(arrays["images"], (1, 2, 2, 1))
    predictor = clile.Predictor(trained, threads=1)
    for part in (wide[:, 3:35, 5:37], wide[1, 3:35, 5:37], wide[::2, :, 4:40], wide[::-1, 3:35, 5:37], wide[:, ::2]):
        assert same(predictor.run(part), predictor.run(np.ascontiguousarray(part)))


def test_face_file(arrays, trained, tmp_path):
    image, rows = arrays["images"][2], tmp_path / "faces.csv"
    rows.write_text("a.png,11,13,21,13,16,18,12,24,20,24\n")
    with clile.FaceFile(rows) as file:
        (face,) = file.find("a.png")
        assert set(face) == {"landmarks"} and face["landmarks"].tolist() == [[11, 13], [21, 13], [16, 18], [12, 24], [20, 24]]
        assert same(trained.predict(image, **face), trained.predict(image, landmarks=face["landmarks"]))
        assert file.find("b.png") == []
        for wrong in ({}, {"image": "a.png", "frame": 1}):
            with pytest.raises(ValueError, match="image or frame"):
                file.find(**wrong)
    with pytest.raises(ValueError, match="this FaceFile is closed"):
        file.find("a.png")
    rows.write_text("frame,x,y,w,h\n1,2,3,24,25\n1,4,5,20,21\n2,1,1,9,9\n")
    first, second = clile.FaceFile(rows).find(frame=1)
    assert first["box"].tolist() == [2, 3, 24, 25] and second["box"].tolist() == [4, 5, 20, 21]
    assert same(trained.predict(image, **second), trained.predict(image, box=[4, 5, 20, 21]))
    rows.write_text("1.png,2,3,24,25\n")
    file = clile.FaceFile(rows)
    for name in ("a/1.png", "b/1.png"):
        file.expect(name)
    with pytest.raises(clile.FormatError, match="1.png"):
        file.find("a/1.png")
    with pytest.raises(clile.FileError, match="none.csv"):
        clile.FaceFile(tmp_path / "none.csv")


def test_a_files_bytes(trained):
    path = ROOT / "tests/data/image/palette.png"
    for crop in (path.read_bytes(), bytearray(path.read_bytes())):
        assert same(trained.predict(crop, crop=True), trained.predict(path, crop=True))
    many = trained.predict([path.read_bytes(), path], crop=True)
    assert np.array_equal(many.probability[0], many.probability[1])
    with pytest.raises(clile.Error, match="image"):
        trained.predict(b"no image", crop=True)


def test_landmarks_in_a_part_of_an_image(arrays, trained):
    whole = np.tile(arrays["images"][0], (3, 3, 1))
    points = np.array([[10, 12], [22, 12], [16, 18], [12, 24], [20, 24]], np.float32)
    part = whole[8:72, 4:70]  # rows are farther apart than they are long
    assert same(trained.predict(part, landmarks=points), trained.predict(part.copy(), landmarks=points))
    with pytest.raises(clile.InvalidArgument, match="landmarks"):
        trained.predict(whole, landmarks=points[:3])


def test_box_in_a_part_of_an_image(arrays, trained):
    """The box that is the whole of a square part gives what the part gives as a crop; a view needs no copy."""
    whole = np.zeros((80, 90, 3), np.uint8)
    side = arrays["images"].shape[1]
    whole[10 : 10 + side, 20 : 20 + side] = arrays["images"][0]
    part = whole[10 : 10 + side, 20 : 20 + side]
    with clile.Predictor(trained, threads=1, box_margin=0) as predictor:
        boxed = predictor.run(part, box=(0, 0, side, side))
        assert same(boxed, predictor.run(part.copy(), box=(0, 0, side, side)))
        np.testing.assert_allclose(boxed.probability, predictor.run(part.copy()).probability, atol=1e-5)
        with pytest.raises(clile.InvalidArgument, match="box"):
            predictor.run(whole, box=(0, 0, 10, 0))


def test_faces(arrays, trained, tmp_path):
    """Many faces of one image and one face of many, in every format: what each gives alone."""
    rng = np.random.default_rng(3)
    photo = rng.integers(0, 256, (90, 100, 3), dtype=np.uint8)
    boxes = np.array([[10, 12, 40, 50], [30, 20, 44, 41], [2, 3, 90, 80]])
    points = np.array([[10, 12], [22, 12], [16, 18], [12, 24], [20, 24]]) + np.arange(3)[:, None, None] * 9
    lib.clile_image_write_png(os.fsencode(tmp_path / "photo.png"), *photo.shape[:2], pointer(photo))
    predictor = clile.Predictor(trained, threads=1)
    for name, places in (("box", boxes), ("landmarks", points)):
        alone = [predictor.run(photo, **{name: place}) for place in places]
        assert alone[0].probability.shape == trained.au_ids.shape and not same(alone[0], alone[1])
        for images in (photo, str(tmp_path / "photo.png"), [photo, tmp_path / "photo.png", photo.copy()], np.stack([photo] * 3)):
            together = predictor.run(images, **{name: places})
            assert together.probability.shape == (3, len(trained.au_ids))
            for k in range(3):
                assert same(alone[k], clile.Prediction(together.au_ids, *(array[k] for array in together[1:])))
        place = {name: places[0]}
        alpha = np.dstack([photo, np.full(photo.shape[:2], 7, np.uint8)])
        assert same(alone[0], predictor.run(photo[:, :, ::-1].copy(), bgr=True, **place)) and same(alone[0], predictor.run(alpha, **place))
        assert same(alone[0], predictor.run(alpha[:, :, [2, 1, 0, 3]].copy(), bgr=True, **place)) and same(alone[0], trained.predict(photo, **place))
        assert same(alone[0], predictor.run(tmp_path / "photo.png", bgr=True, **place))  # a file is RGB whatever bgr says of arrays
        grey = photo[:, :, 1]
        assert same(predictor.run(grey, **place), predictor.run(np.dstack([grey] * 3), **place))
    mixed = predictor.run([photo, arrays["images"][0]], box=[boxes[0], None])
    assert np.array_equal(mixed.probability[1], predictor.run(arrays["images"][0], crop=True).probability)
    assert predictor.run([], box=[]).probability.shape == (0, len(trained.au_ids))
    for wrong, message in (({"box": boxes[0], "landmarks": points[0]}, "not both"), ({"box": boxes[0], "crop": True}, "crop=True"), ({"box": [1, 2, 3]}, "box has shape"),
                           ({"landmarks": [1, 2]}, "landmarks has shape"), ({"landmarks": points[0], "scores": True}, "scores=True")):
        with pytest.raises(ValueError, match=message):
            predictor.run(photo, **wrong)
    with pytest.raises(ValueError, match="2 entries for 1 images"):
        predictor.run([photo], box=boxes[:2])
    with pytest.raises(ValueError, match="expected .h, w, 3."):
        predictor.run(photo[:, :, :2])
    with pytest.raises(clile.InvalidArgument, match=r"faces\[1\]: face box"):
        predictor.run(photo, box=[boxes[0], [0, 0, 0, 1]])


def test_a_face_that_does_not_fit_is_told_once(arrays, trained):
    """`trained` learned from arrays: its faces were crops."""
    photo, predictor = arrays["images"][0], clile.Predictor(trained, threads=1)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        predictor.run(photo)
        predictor.run(photo, crop=True)
        assert told == []
        predictor.run(photo, box=(4, 4, 20, 20))
        predictor.run(photo, landmarks=[[10, 12], [22, 12], [16, 18], [12, 24], [20, 24]])
    assert len(told) == 1 and "trained on images that were already crops" in str(told[0].message) and told[0].filename == __file__
    with clile.Dataset.synth(subjects=4, tasks=1, frames=40, size=32) as drawn:
        aligned = clile.train(drawn, **{**SMALL, "epochs": 1, "method": "bce"})
    assert (aligned.get_metadata("alignment"), aligned.get_metadata("photographs"), aligned.info["trained_on"]["data_kind"]) == ("landmarks", "never", "drawn")
    with pytest.warns(UserWarning, match="crop=True") as caught:
        aligned.predict(photo)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clile.Predictor(aligned, threads=1).run(photo, crop=True)


def test_a_predictor_is_a_snapshot(arrays, trained):
    model = clile.Model([1, 2], width=0.0625, image_size=SIDE, embedding=8)
    model.set_decision([1, 1], [0, 0])
    predictor = clile.Predictor(model, threads=1)
    before = predictor.run(arrays["images"][:5])
    model.set_decision([9, 9], [5, -5], np.ones((2, 8)))
    assert same(before, predictor.run(arrays["images"][:5])) and not same(before, model.predict(arrays["images"][:5]))
    model.close()
    assert same(before, predictor.run(arrays["images"][:5]))


def test_model(untrained, trained):
    assert not untrained.is_trained and trained.is_trained and untrained.image_size == SIDE and untrained.embedding_size == 8
    with pytest.raises(clile.StateError, match="not been trained"):
        untrained.predict(np.zeros((SIDE, SIDE, 3), np.uint8))
    untrained.set_decision([1, 1], [0, 0], np.eye(2, 8))
    before = untrained.predict(np.full((SIDE, SIDE, 3), 9, np.uint8))
    untrained.set_decision([1, 1], [3, 3])
    after = untrained.predict(np.full((SIDE, SIDE, 3), 9, np.uint8))
    assert np.array_equal(untrained.au_embedding, np.eye(2, 8)) and (after.probability > before.probability).all()
    untrained.set_metadata("who", "me")
    assert untrained.get_metadata("who") == "me" and untrained.get_metadata("x") is None
    assert untrained.info and repr(untrained) == f"Model(2 AUs: 1 12; resnet10 of width 0.0625, {SIDE} px, embedding 8; trained)"
    with pytest.raises(clile.FileError):
        untrained.import_backbone("no-such-file")
    with pytest.raises(clile.InvalidArgument):
        clile.Model([1, 1])


def test_import_tells_of_each_tensor(trained, untrained, tmp_path):
    trained.save(tmp_path / "trained.safetensors")
    told = untrained.import_backbone(tmp_path / "trained.safetensors")
    assert [item for item in told if item.outcome != "matched"] == [
        ("left_over", None, "au.embedding", "F32", None, trained.au_embedding.shape), ("left_over", None, "person", "F32", None, (6, 2))]
    first = told[0]
    assert (first.name, first.file_name, first.file_dtype, first.shape, first.file_shape) == ("conv1.weight", "encoder.conv1.weight", "F32", (8, 3, 7, 7), (8, 3, 7, 7))
    assert not untrained.is_trained
    with pytest.raises(clile.FormatError, match="tensor none.conv1.weight is missing"):
        untrained.import_backbone(tmp_path / "trained.safetensors", prefix="none.")


def test_training_is_repeatable_and_tells(arrays, data, trained):
    told = []
    model = clile.train(data, method="bce", progress=told.append, **SMALL)
    assert same(model.predict(arrays["images"]), trained.predict(arrays["images"]))
    assert [p.step for p in told] == [1, 2, 3, 4, 5, 6] and told[-1].epoch_end == 1 and told[-1].epochs == 2
    assert all(math.isfinite(p.loss) and p.stage == 2 and math.isnan(p.validation_f1) for p in told)


def test_both_stages_and_checkpoint(arrays, data, untrained, tmp_path):
    settings = {**SMALL, "elimination": "orthogonal"}
    stages = []
    whole = clile.train(data, progress=lambda p: stages.append(p.stage), **settings)
    assert stages == [1] * 3 + [2] * 6
    with clile.Trainer(untrained, data, **settings) as trainer:
        assert trainer.needs_stage1
        assert trainer.next_stage == 1 and trainer.state == (1, 0, 3, 3, 0, 1)
        with pytest.raises(clile.Cancelled, match="stage 2 after step 4"):
            trainer.train(lambda p: p.stage == 2 and p.step == 4)
        with pytest.raises(clile.StateError):
            untrained.predict(arrays["images"])
        trainer.save(tmp_path / "checkpoint")
        assert trainer.next_stage == 2 and trainer.state == (2, 4, 6, 3, 2, 2)
        trainer.train()  # continues where it stopped
        assert trainer.next_stage == 0 and trainer.state == (0, 6, 6, 3, 2, 2)
    other = clile.Model(AUS, **{key: SMALL[key] for key in ("backbone", "stem", "width", "image_size", "embedding")})
    with clile.Trainer(other, data, **settings) as trainer:
        trainer.resume(tmp_path / "checkpoint")
        trainer.train()
    assert same(untrained.predict(arrays["images"]), whole.predict(arrays["images"]))
    assert same(other.predict(arrays["images"]), whole.predict(arrays["images"]))


def test_card(data, tmp_path):
    model = clile.train(data, method="bce", **SMALL)
    assert model.card().startswith("# Model card") and "embedding=8" in model.card().replace("\\", "") and model.get_metadata("card") == model.card()
    weights = model.au_embedding.tobytes()
    model.set_card("# Mine")
    model.save(tmp_path / "m.safetensors")
    again = clile.Model.load(tmp_path / "m.safetensors")
    assert again.card() == "# Mine" and again.au_embedding.tobytes() == weights
    with pytest.raises(ValueError, match="heading"):
        model.set_card("Mine")
    model.set_metadata("evaluation", "F1 **.5**")
    model.set_card()
    assert "F1 **.5**" in model.card() and clile.Model([1], width=0.0625).card().count("not trained") == 1


def test_history(data, tmp_path):
    path, ends = tmp_path / "run.jsonl", []
    clile.train(data, method="bce", validation=0.3, history=path, progress=lambda p: ends.append(p) if p.epoch_end else None, **SMALL)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["loss"], line["validation_f1"], line["seconds"]) for line in lines] == [(p.mean_loss, p.validation_f1, p.epoch_seconds) for p in ends]
    assert len(lines) == 2
    clile.train(data, method="bce", validation=0.3, history=path, **SMALL)  # nobody listens: validated for the history
    assert [json.loads(line)["validation_f1"] for line in path.read_text().splitlines()] == [p.validation_f1 for p in ends]
    clile.train(data, method="bce", validation=0.3, tensorboard=tmp_path / "a" / "b", **SMALL)
    assert b"stage2/validation_f1" in (tmp_path / "a" / "b" / "events.out.tfevents.clile").read_bytes()
    with pytest.raises(OSError, match="nowhere"):
        clile.train(data, method="bce", history=tmp_path / "nowhere" / "run.jsonl", **SMALL)


def test_what_the_progress_function_raises_comes_out(data, untrained):
    trainer = clile.Trainer(untrained, data, method="bce", **SMALL)
    with pytest.raises(ZeroDivisionError):
        trainer.train(lambda p: 1 / 0)
    nested = []

    def again(_):
        try:
            trainer.run(2)
        except clile.StateError as error:
            nested.append(str(error))
        if len(nested) == 5:
            trainer.close()  # while it runs: waits for its end
        return 0

    trainer.run(2, again)
    assert len(nested) == 5 and "running already" in nested[0] and trainer.closed and untrained.is_trained


def test_control_c_in_the_progress_function(data, untrained):
    steps = []

    def interrupt(p):
        steps.append(p.step)
        if p.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    trainer = clile.Trainer(untrained, data, method="bce", **SMALL)
    with pytest.raises(KeyboardInterrupt):
        trainer.train(interrupt)
    assert steps[:2] == [1, 2] and len(steps) <= 3 and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    trainer.train()
    assert untrained.is_trained


def test_control_c_without_progress():
    """In a process of its own: training that would take hours soon ends in KeyboardInterrupt, and the trainer stays usable."""
    code = f"""
import sys; sys.path.insert(0, {str(ROOT / 'tests/python')!r})
import clile, numpy as np, conftest
images = np.random.default_rng(1).integers(0, 255, (12, 32, 32, 3), np.uint8)
data = clile.Dataset.from_arrays(images, np.arange(24).reshape(12, 2) % 3 == 0, np.arange(12) % 3, [1, 12])
model = clile.Model([1, 12], **conftest.SMALL)
trainer = clile.Trainer(model, data, method="bce", **{{**conftest.SMALL, "epochs": 1000000}})
print("ready", flush=True)
try:
    trainer.train()
except KeyboardInterrupt:
    trainer.save(sys.argv[1])
    print("stopped")
"""
    checkpoint = os.path.join(os.environ.get("CLILE_SCRATCH", "."), "stopped.checkpoint")
    os.makedirs(os.path.dirname(checkpoint) or ".", exist_ok=True)
    with subprocess.Popen([sys.executable, "-c", code, checkpoint], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=120)[0] == "stopped\n"
        finally:
            process.kill()
    assert process.returncode == 0 and os.path.getsize(checkpoint) > 1000


def test_destruction_in_any_order(arrays):
    def chain():
        data = clile.Dataset.from_arrays(**arrays)
        model = clile.Model(AUS, **SMALL)
        model.set_decision([1, 1], [0, 0])
        predictor = clile.Predictor(model)
        trainer = clile.Trainer(model, data, method="bce", **SMALL)
        return [data, data.fold("loso", 1).train, model, predictor, trainer]

    for order in itertools.permutations(range(5)):
        made = chain()
        for index in order:
            made[index].close()
    made = chain()
    made.append(made)  # a cycle: the collector chooses the order
    del made
    gc.collect()


def test_threads(arrays, trained):
    images = arrays["images"]
    expected = trained.predict(images)
    wrong = []

    def work(shared):
        predictor = trained if shared else clile.Predictor(trained, threads=1)
        for _ in range(5):
            answer = predictor.predict(images) if shared else predictor.run(images)
            if not same(answer, expected):
                wrong.append(shared)
            try:
                clile.Model.load("no-such-file")
            except clile.FileError as error:
                if "no-such-file" not in str(error):
                    wrong.append(str(error))

    threads = [threading.Thread(target=work, args=(i % 2 == 0,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_lock_of_the_interpreter_is_released(data, untrained):
    """Another thread's Python keeps running during a stage that has no progress function: it can close what is running."""
    states = []
    for _ in range(5):  # a short training may end before this thread is scheduled again
        trainer = clile.Trainer(copy.copy(untrained), data, method="bce", **SMALL)
        thread = threading.Thread(target=trainer.train)
        thread.start()
        while thread.is_alive():
            states.append(len(data))
        thread.join()
        if states:
            break
    assert states


def test_decimal_comma(arrays, tmp_path):
    """In a process of its own: the locale is the process's."""
    if subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", str(tmp_path / "de_DE.UTF-8")], capture_output=True, check=False).returncode:
        pytest.skip("localedef makes no de_DE.UTF-8 (package locales)")
    program = f"""
import locale, clile, numpy
for name, place in (("C", "point"), ("de_DE.UTF-8", "comma")):
    locale.setlocale(locale.LC_ALL, name)
    model = clile.Model([1, 12], backbone="resnet10", width=0.1875, image_size=32, embedding=8)
    model.save({str(tmp_path)!r} + "/" + place)
    assert clile.Model.load({str(tmp_path)!r} + "/" + place).au_ids.tolist() == [1, 12]
    options = clile.Options(learning_rate=0.00125, width="0.5")
    assert options["learning_rate"] == 0.00125 and options["width"] == 0.5
assert locale.format_string("%.1f", 0.5) == "0,5"
"""
    subprocess.run([sys.executable, "-c", program], env=dict(os.environ, LOCPATH=str(tmp_path)), check=True, timeout=120)
    assert (tmp_path / "point").read_bytes() == (tmp_path / "comma").read_bytes()


def test_fork(arrays, trained):
    """multiprocessing's fork, after the parent has used its team; predictors from before the fork and new ones."""
    context = multiprocessing.get_context("fork")
    predictor = clile.Predictor(trained, batch=4, threads=2)
    expected = predictor.run(arrays["images"]).probability

    def answer(queue):
        new = clile.Predictor(trained, batch=4, threads=2)
        queue.put([predictor.run(arrays["images"]).probability, new.run(arrays["images"]).probability])
        model = clile.train(clile.Dataset.from_arrays(**arrays), method="bce", **{**SMALL, "threads": 2})
        queue.put(model.predict(arrays["images"]).probability.shape)

    queue = context.Queue()
    children = [context.Process(target=answer, args=(queue,)) for _ in range(2)]
    for child in children:
        child.start()
    got = [queue.get(timeout=120) for _ in range(4)]
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    shapes = [item for item in got if isinstance(item, tuple)]
    assert shapes == [(N, 2), (N, 2)]
    for pair in (item for item in got if not isinstance(item, tuple)):
        assert np.array_equal(pair[0], expected) and np.array_equal(pair[1], expected)
    assert np.array_equal(predictor.run(arrays["images"]).probability, expected)


def test_dataset_through_a_predictor(data, trained, tmp_path):
    size = trained.image_size
    told = []
    with clile.Predictor(trained, predict_batch=4, threads=1) as predictor:
        everything = predictor.run_dataset(data, progress=lambda *now: told.append(now))
        one_by_one = predictor.run(data.crops(range(len(data)), size), crop=True)
        for name in ("au_ids", "probability", "present", "embedding"):
            assert np.array_equal(getattr(everything, name), getattr(one_by_one, name)), name
        assert np.array_equal(everything.score, predictor.run(data.crops(range(len(data)), size), crop=True, scores=True).probability)
        assert everything.success.all() and told[-1] == (len(data), len(data))
        some = predictor.run_dataset(data, [5, 0])
        assert np.array_equal(some.score, everything.score[[5, 0]]) and some.success.shape == (2,)
        with pytest.raises(clile.InvalidArgument, match=r"indices\[0\] is -1"):
            predictor.run_dataset(data, [-1])
        with pytest.raises(TypeError, match="indices is an array of float64"):
            predictor.run_dataset(data, [0.5])
        with pytest.raises(clile.Cancelled):
            predictor.run_dataset(data, progress=lambda *now: True)
        with pytest.raises(ZeroDivisionError):
            predictor.run_dataset(data, progress=lambda *now: 1 // 0)

        (tmp_path / "m.csv").write_text("image,subject,AU%d\na.png,a,1\nb.png,b,0\n" % data.au_ids[0])
        for name in ("a.png", "b.png"):
            (tmp_path / name).write_bytes(b"no image")
        broken = clile.Dataset.open(tmp_path / "m.csv")
        with pytest.raises(clile.FormatError, match="a.png"):
            predictor.run_dataset(broken)
        nothing = predictor.run_dataset(broken, keep_going=True)
        assert not nothing.success.any() and np.isnan(nothing.score).all() and not nothing.present.any()


def test_evaluate(data, trained):
    with clile.Predictor(trained, predict_batch=32, threads=1) as predictor:
        answers = predictor.run_dataset(data)
        report = clile.metrics.Report(trained.au_ids)
        report.add_predictor(1, predictor, data)
        with pytest.raises(clile.InvalidArgument, match="fold 1"):
            report.add_predictor(1, predictor, data)
        with pytest.raises(ZeroDivisionError):
            report.add_predictor(2, predictor, data, progress=lambda *now: 1 // 0)
    by_hand = clile.metrics.Report(trained.au_ids)
    by_hand.add_fold(1, answers.score, answers.present, data.labels, data.subjects, data.subject_names)
    assert report.as_dict() == by_hand.as_dict() == clile.evaluate(trained, data, threads=1).as_dict()
    with pytest.raises(clile.InvalidArgument, match="the model has no AU"):
        clile.metrics.Report([99]).add_predictor(1, clile.Predictor(trained), data)


UNLOAD = """
import ctypes, _ctypes, os, sys
lib = ctypes.CDLL(os.environ["CLILE_LIBRARY"])
handles = [ctypes.c_void_p() for _ in range(3)]
model, options, predictor = handles
assert lib.clile_model_load(sys.argv[1].encode(), ctypes.byref(model)) == 0
assert lib.clile_options_create(ctypes.byref(options)) == 0
assert lib.clile_options_set(options, b"threads", b"2") == 0 and lib.clile_options_set(options, b"predict_batch", b"2") == 0
assert lib.clile_predictor_create(model, options, ctypes.byref(predictor)) == 0
pixels, out = ctypes.create_string_buffer(2 * 64 * 64 * 3), (ctypes.c_float * 4)()
assert lib.clile_predictor_run(predictor, ctypes.c_int64(2), pixels, 64, 64, out, None, None) == 0
with_team = len(os.listdir("/proc/self/task"))
lib.clile_predictor_destroy(predictor), lib.clile_options_destroy(options), lib.clile_model_destroy(model)
handle = lib._handle
del lib
_ctypes.dlclose(handle)
# libgomp stays, with its own thread
print(with_team - len(os.listdir("/proc/self/task")), any("libclile" in line for line in open("/proc/self/maps")))
"""


def test_the_library_unloads_with_its_threads(tmp_path):
    model = clile.Model([1, 2], backbone="resnet10", width=0.25, image_size=64)
    model.set_decision(np.ones(2), np.zeros(2))
    model.save(tmp_path / "m.safetensors")
    done = subprocess.run([sys.executable, "-c", UNLOAD, str(tmp_path / "m.safetensors")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ended, mapped = done.stdout.split()
    if os.environ.get("LD_PRELOAD") is None:  # a sanitizer keeps what was loaded
        assert mapped == "False"
        assert int(ended) >= 1 or len(os.sched_getaffinity(0)) == 1
