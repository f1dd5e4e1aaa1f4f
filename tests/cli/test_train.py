"""train, eval, data and info on drawn faces."""
import csv
import filecmp
import io
import json
import math
import os
import resource
import shutil
import signal
import struct
import subprocess
import unittest

import cli
from cli import CommandTest, clile, settings

BP4D = [1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24]


class Train(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("train")
        cls.data = cli.draw(os.path.join(cls.folder, "faces"))
        cls.models = os.path.join(cls.folder, "model.safetensors")
        done = clile("train", "--data", cls.data, "--layout", "bp4d", "--protocol", "bp4d", "--fold", "all", "--out", cls.models, "--json", *settings())
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        cls.trained, cls.progress = json.loads(done.stdout), done.stderr

    def path(self, name):
        return os.path.join(self.folder, name)

    def fold(self, number):
        return self.path(f"model.fold{number}.safetensors")

    def test_train_says_what_was_done(self):
        self.assertEqual([run["fold"] for run in self.trained["runs"]], [1, 2, 3])
        for run in self.trained["runs"]:
            self.assertTrue(os.path.exists(run["model"]))
            self.assertEqual((run["images"], run["test_images"], run["subjects"], run["aus"]), (64, 32, 4, 12))
            for stage in ("stage1", "stage2"):
                self.assertTrue(math.isfinite(run[stage]["loss"]) and run[stage]["loss"] > 0, run[stage])
                self.assertEqual(run[stage]["epochs"], 2)
                self.assertGreater(run[stage]["images_per_second"], 0)
                self.assertIsNone(run[stage]["validation_f1"])
        lines = [line for line in self.progress.splitlines() if line.startswith("stage 2  epoch")]
        self.assertEqual(len(lines), 6)  # one for each epoch, since stderr is no terminal
        self.assertIn("left", lines[0])

    def test_info(self):
        text = self.fine("info", self.fold(2)).stdout
        self.assertIn("protocol: bp4d\n", text)
        self.assertIn("fold: 2\n", text)
        self.assertIn("train_subject_count: 4\n", text)
        self.assertIn("test_subjects: F003 M011\n", text)
        model = self.fine_json("info", self.fold(2))
        self.assertIn("F003 M011", json.dumps(model))

    def test_eval_of_all_folds(self):
        report = self.path("report.txt")
        result = self.fine_json("eval", "--model", self.fold(1), "--model", self.fold(2), "--model", self.fold(3), "--data", self.data, "--report", report)
        self.assertEqual([part["fold"] for part in result["models"]], [1, 2, 3])
        for part in result["models"]:
            self.assertEqual((part["protocol"], part["protocol_from"], part["images"], part["warning"]), ("bp4d", "model", 32, None))
            self.assertTrue(0 <= part["subject_probe"] <= 1)
        self.assertIn("report", result)
        with open(report, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("protocol bp4d fold 3 (from the model)", text)
        self.assertNotIn("CL-ILE", text)  # drawn faces are not compared with the published table
        self.assertIn("CL-ILE", self.report("people.txt", "--set", "data_kind=photographs"))

    def report(self, name, *arguments):
        self.fine("eval", "--model", self.fold(1), "--data", self.data, "--report", self.path(name), "--no-probe", "--quiet", *arguments)
        with open(self.path(name), encoding="utf-8", newline="") as file:
            return file.read()

    def test_a_report_has_the_format_of_its_name(self):
        figures = self.fine_json("eval", "--model", self.fold(1), "--data", self.data, "--no-probe", "--quiet")["report"]
        rows = list(csv.reader(io.StringIO(self.report("r.csv", "--set", "data_kind=photographs"))))
        self.assertEqual(rows[0], ["metric", "part", *(f"AU{au}" for au in figures["au"]), "average", "low", "high"])
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})
        pooled = next(row for row in rows if row[:2] == ["f1", "pooled"])
        self.assertEqual([float(cell) for cell in pooled[2:-3]], figures["pooled"]["f1"]["au"])
        self.assertEqual([float(cell) for cell in pooled[-3:]], [figures["pooled"]["f1"]["average"], *figures["pooled"]["f1"]["interval"]])
        published = next(row for row in rows if row[1] == "CL-ILE (published)")
        self.assertEqual(float(published[2]), 0.551)
        percent = f"{100 * figures['pooled']['f1']['average']:.1f}"
        for name, first, cell in (("r.md", "32 test images", f"| {percent} |\n"), ("r.MD", "32 test images", f"| {percent} |\n"),
                                  ("r.tex", "% 32 test images", f"& {percent} \\\\\n"), ("r.txt", self.fold(1), percent), ("r", self.fold(1), percent)):
            text = self.report(name)
            self.assertTrue(text.startswith(first), text[:80])
            self.assertIn(cell, text)
        json.loads(self.report("r.JSON"))
        for name in ("r.html", "r.xlsx", "r.", "a.csv.gz"):
            self.usage(f"{name}: expected a name that ends in .txt, .json, .csv, .md or .tex", "eval", "--model", self.fold(1), "--data", self.data, "--report", self.path(name))
            self.assertFalse(os.path.exists(self.path(name)))
        self.usage("--report and --answers are the same file", "eval", "--model", self.fold(1), "--data", self.data, "--report", self.path("x.csv"), "--answers", self.path("x.csv"))

    def test_answers_are_csv_whatever_the_names(self):
        names = ['a,b.png', 'say "x".png', "=1+1.png", "é.png", "plain.png"]
        subjects = ['Smith, "J"', "-2", "@x", "ü", "p"]
        folder = self.path("names")
        os.makedirs(folder)
        source = os.path.join(self.data, "Sequences", "F001", "T1", "0001.png")
        with open(os.path.join(folder, "manifest.csv"), "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["image", "subject", *(f"AU{au}" for au in (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24))])
            for name, subject in zip(names[2:], subjects[2:]):
                shutil.copy(source, os.path.join(folder, name))
                out.writerow([name, subject, *"101010101010"])
            shutil.copy(source, os.path.join(folder, names[0]))
            out.writerow([names[0], "p, q", *"010101010101"])
        answers = self.path("names.csv")
        self.fine("eval", "--model", self.fold(1), "--data", folder, "--protocol", "none", "--answers", answers, "--no-probe", "--quiet")
        with open(answers, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        plain = {"'=1+1.png": "=1+1.png", "'@x": "@x"}  # no cell is a formula; a reader takes the apostrophe off
        self.assertEqual({(row["image"], row["subject"]) for row in rows}, {("'=1+1.png", "'@x"), *zip(names[3:], subjects[3:]), (names[0], "p, q")})
        self.assertEqual({(plain.get(row["image"], row["image"]), plain.get(row["subject"], row["subject"])) for row in rows}, {*zip(names[2:], subjects[2:]), (names[0], "p, q")})
        self.assertEqual({len(row) for row in rows}, {6 + 4 * 12})
        self.assertEqual({(row["model"], row["seed"], row["protocol"], row["fold"]) for row in rows}, {(self.fold(1), "1", "none", "0")})
        for row in rows:
            for name in (key[:-2] for key in row if key.endswith("_y")):
                self.assertEqual(float(row[name + "_p"]) > 0.5, row[name + "_c"] == "1")
        self.assertNotIn(None, {key for row in rows for key in row})

    def person(self, path):
        """Rows of the tensor `person` of a model file."""
        with open(path, "rb") as file:
            size = struct.unpack("<Q", file.read(8))[0]
            tensor = json.loads(file.read(size))["person"]
            file.seek(8 + size + tensor["data_offsets"][0])
            rows, columns = tensor["shape"]
            values = struct.unpack(f"<{rows * columns}f", file.read(4 * rows * columns))
        return [values[i * columns:(i + 1) * columns] for i in range(rows)]

    @staticmethod
    def offset(scores, absent, present, noise, rate, spread):
        b = 0.0
        for _ in range(1000):
            q = [1 / (1 + math.exp(min(700.0, -math.log(rate / (1 - rate)) - (present - absent) * (z - b - (absent + present) / 2) / noise))) for z in scores]
            b = sum(z - absent - chance * (present - absent) for z, chance in zip(scores, q)) / (len(scores) + noise / spread)
        return b

    def test_centred_answers_are_those_of_the_mixed_model(self):
        model = self.path("surer.safetensors")  # scores far enough apart for steps of 1/8
        self.fine("train", "--data", self.data, "--protocol", "bp4d", "--fold", "1", "--out", model, "--quiet",
                  *settings(method="bce", epochs=40, learning_rate=0.01, width=0.125))

        def rows(name, *arguments):
            path = self.path(name)
            self.fine("eval", "--model", model, "--data", self.data, "--answers", path, "--no-probe", "--quiet", *arguments)
            with open(path, encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))

        plain, person = rows("plain.csv"), self.person(model)
        aus = {au["au"]: (au["slope"], au["offset"]) for au in self.fine_json("info", model)["aus"]}
        for frames, name in ((0, "all.csv"), (3, "three.csv")):
            centred = rows(name, *(["--centred-frames", str(frames)] if frames else ["--centred"]))
            self.assertEqual([row["image"] for row in plain], [row["image"] for row in centred])
            far = 0
            for k, au in enumerate(BP4D):
                absent, present, noise, rate, spread, threshold = (row[k] for row in person)
                slope, shift = aus[au]
                for subject in {row["subject"] for row in plain}:
                    of = [i for i, row in enumerate(plain) if row["subject"] == subject]
                    used = [of[(2 * j + 1) * len(of) // (2 * frames)] for j in range(frames)] if frames else of
                    # a neutral keeps log odds up to 16, in steps of 1/8
                    scores = [(max(-15.9, min(15.9, slope * float(plain[i][f"AU{au:02d}_s"]) + shift)) - shift) / slope for i in used]
                    b = self.offset(scores, absent, present, noise, rate, spread) if noise > 0 else 0.0
                    for i in of:
                        expected = max(-15.9, min(15.9, slope * float(plain[i][f"AU{au:02d}_s"]) + shift)) - shift - slope * (b + threshold)
                        found = float(centred[i][f"AU{au:02d}_s"])
                        self.assertLess(abs(found - expected), 0.15, (au, subject, frames))
                        self.assertEqual(centred[i][f"AU{au:02d}_c"], "1" if found > 0 else "0")
                        far += abs(found - slope * float(plain[i][f"AU{au:02d}_s"]) - shift) > 0.2
            self.assertGreater(far, 0)  # it is not the plain answer
        report = self.fine_json("eval", "--model", model, "--data", self.data, "--no-probe", "--centred-frames", "3")["report"]
        self.assertIn("frames for a person's own neutral", json.dumps(report))
        self.usage("--centred-frames", "eval", "--model", model, "--data", self.data, "--centred-frames", "x")

    def test_a_full_disk_leaves_the_older_file(self):
        for option, name in (("--answers", "full.csv"), ("--report", "full.json"), ("--report", "full.md"), ("--report", "full.txt")):
            for old in (None, "last week"):
                folder = cli.scratch("full")
                path = os.path.join(folder, name)
                if old:
                    with open(path, "w", encoding="utf-8") as file:
                        file.write(old)
                done = subprocess.run([cli.COMMAND, "eval", "--model", self.fold(1), "--data", self.data, "--no-probe", "--quiet", option, path], capture_output=True, text=True,
                                      check=False, restore_signals=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600)))
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(f"{path}: cannot be written: File too large", done.stderr)
                self.assertEqual(os.listdir(folder), [name] if old else [])
                if old:
                    with open(path, encoding="utf-8") as file:
                        self.assertEqual(file.read(), old)

    def test_written_files_replace_what_a_link_names(self):
        folder = cli.scratch("links")
        real, link = os.path.join(folder, "real.md"), os.path.join(folder, "link.md")
        with open(real, "w", encoding="utf-8") as file:
            file.write("old")
        os.chmod(real, 0o640)
        os.symlink("real.md", link)
        self.fine("eval", "--model", self.fold(1), "--data", self.data, "--no-probe", "--quiet", "--report", link)
        self.assertTrue(os.path.islink(link))
        self.assertEqual((os.stat(real).st_mode & 0o777, sorted(os.listdir(folder))), (0o640, ["link.md", "real.md"]))
        with open(real, encoding="utf-8") as file:
            self.assertIn("| F1 (%) |", file.read())
        self.fine("eval", "--model", self.fold(1), "--data", self.data, "--no-probe", "--quiet", "--report", "/dev/null")
        self.fails("cannot be written", "eval", "--model", self.fold(1), "--data", self.data, "--no-probe", "--quiet", "--report", os.path.join(folder, "absent", "r.md"))

    def test_eval_of_one_fold_and_json_report(self):
        report = self.path("report.json")
        text = self.fine("eval", "--model", self.fold(1), "--data", self.data, "--report", report, "--no-probe").stdout
        self.assertIn("32 images of 2 subjects, protocol bp4d fold 1 (from the model)", text)
        with open(report, encoding="utf-8") as file:
            self.assertIsNone(json.load(file)["models"][0]["subject_probe"])

    def test_eval_warns_of_people_the_model_has_seen(self):
        done = self.fine("eval", "--model", self.fold(1), "--data", self.data, "--protocol", "bp4d", "--fold", "2", "--no-probe", "--json")
        self.assertIn("it has seen people of this test part", done.stderr)
        self.assertIn("seen people", json.loads(done.stdout)["models"][0]["warning"])

    def test_eval_of_a_whole_folder(self):
        other = cli.draw(self.path("others"), subjects=3, tasks=1, frames=8, seed=2)
        result = self.fine_json("eval", "--model", self.fold(1), "--data", other, "--protocol", "none")
        self.assertEqual((result["models"][0]["images"], result["models"][0]["subjects"], result["models"][0]["fold"]), (24, 3, 0))

    def test_eval_under_the_other_numbering(self):
        same = self.fine("eval", "--model", self.fold(1), "--data", self.data, "--no-probe", "--protocol", "bp4d-parts", "--fold", "3").stdout
        other = self.fine("eval", "--model", self.fold(1), "--data", self.data, "--no-probe", "--protocol", "bp4d-parts", "--fold", "1").stdout
        self.assertNotIn("it has seen people of this test part", same)
        self.assertIn("trained for bp4d fold 1: if the data are the same, it has seen people of this test part", other)

    def test_eval_refuses(self):
        self.usage("tested on the same part", "eval", "--model", self.fold(1), "--model", self.fold(1), "--data", self.data, "--no-probe")
        self.usage("give --fold", "eval", "--model", self.fold(1), "--data", self.data, "--protocol", "kfold:3")
        self.fails("fold", "eval", "--model", self.fold(1), "--data", self.data, "--protocol", "bp4d", "--fold", "4")

    def test_export_int8(self):
        small = self.path("int8.safetensors")
        fold = ["--calibrate", self.data, "--layout", "bp4d", "--protocol", "bp4d", "--fold", 1]
        self.assertEqual(self.fine("export", self.fold(1), "--int8", *fold, "--images", 40, "--out", small).stdout, "")
        info = json.loads(self.fine("info", small, "--json").stdout)
        self.assertEqual((info["weights"], info["format_version"], info["metadata"]["fold"]), ("int8", 2, "1"))
        self.assertLess(os.path.getsize(small), 0.5 * os.path.getsize(self.fold(1)))  # the header is a good part of a tiny network
        full, int8 = (self.fine_json("eval", "--model", model, "--data", self.data, "--layout", "bp4d")["report"]["folds"][0] for model in (self.fold(1), small))
        self.assertLess(abs(full["auc"]["average"] - int8["auc"]["average"]), 0.05)
        again = self.path("again.safetensors")
        self.fine("export", self.fold(1), "--int8", *fold, "--images", 40, "--out", again, "--onnx", self.path("full.onnx"))
        self.assertTrue(filecmp.cmp(small, again, shallow=False))
        self.assertTrue(os.path.exists(self.path("full.onnx")))
        self.fails("already int8", "export", small, "--int8", *fold, "--out", again)
        self.fails("is int8", "export", small, "--onnx", self.path("x.onnx"))
        self.fails("no-such-folder", "export", self.fold(1), "--int8", "--calibrate", "no-such-folder", "--out", again)
        self.usage("--onnx or --int8 is missing", "export", small)
        self.usage("--int8 needs --calibrate", "export", small, "--int8", "--out", again)
        self.usage("--int8 needs --out", "export", small, "--int8", "--calibrate", self.data)
        self.usage("need --int8", "export", small, "--onnx", "x", "--out", again)
        self.usage("--images", "export", small, "--int8", *fold, "--out", again, "--images", 0)

    def test_kfold_and_bce(self):
        model = self.path("kfold.safetensors")
        result = self.fine_json("train", "--data", self.data, "--protocol", "kfold:2", "--fold", "2", "--out", model, "--quiet", *settings(method="bce"))
        self.assertNotIn("stage1", result["runs"][0])
        self.assertIn("stage2", result["runs"][0])
        self.usage("1..2", "train", "--data", self.data, "--protocol", "kfold:2", "--fold", "3", "--out", model)
        self.usage('protocol "thirds" is unknown', "train", "--data", self.data, "--protocol", "thirds", "--fold", "1", "--out", model)
        self.assertIn("protocol kfold:2 fold 2", self.fine("eval", "--model", model, "--data", self.data, "--no-probe").stdout)

    def test_a_file_of_subjects(self):
        names = [subject["subject"] for subject in self.fine_json("data", self.data)["subjects"]]
        path, model = self.path("subjects.txt"), self.path("by-file.safetensors")

        def write(*lines):
            with open(path, "w") as file:
                file.write("\n".join(lines))

        write("# two parts", "2: " + ", ".join(names[:2]), "1: " + " ".join(names[2:]))
        folds = self.fine_json("data", self.data, "--protocol", f"file:{path}")["folds"]
        self.assertEqual([fold["test_subjects"].split() for fold in folds], [names[2:], names[:2]])
        result = self.fine_json("train", "--data", self.data, "--protocol", f"file:{path}", "--fold", "2", "--out", model, "--quiet", *settings(method="bce"))
        self.assertEqual((result["runs"][0]["subjects"], result["runs"][0]["test_images"]), (4, 32))
        self.assertIn("fold 2", self.fine("eval", "--model", model, "--data", self.data, "--no-probe").stdout)
        write("1: " + " ".join(names), "2: " + names[0])
        self.usage(f"line 2: subject {names[0]} is in line 1, too", "train", "--data", self.data, "--protocol", f"file:{path}", "--fold", "1", "--out", model)
        done = clile("data", self.data, "--protocol", f"file:{path}")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"line 2: subject {names[0]} is in line 1, too", done.stderr)
        parts = [self.fine_json("data", self.data, "--protocol", name)["folds"] for name in ("bp4d", "bp4d-parts")]
        self.assertEqual([fold["test_subjects"] for fold in parts[0]], [fold["test_subjects"] for fold in reversed(parts[1])])

    def test_data_says_what_was_understood(self):
        images = [os.path.relpath(os.path.join(folder, file), self.data)
                  for folder, _, files in os.walk(self.data) for file in files if file.endswith(".png")]
        self.assertEqual(len(images), 96)
        path = os.path.join(self.data, "labels.jsonl")
        with open(path, "w") as file:
            for k, image in enumerate(sorted(images)):
                file.write(json.dumps({"img_path": image, "AUs": [4, 12] if k % 2 else [999]}) + "\n")
        summary = self.fine_json("data", path)
        os.remove(path)
        self.assertEqual((summary["images"], len(summary["subjects"]), [au["au"] for au in summary["aus"]]), (len(images), 6, [4, 12]))
        self.assertIn("count as absent", summary["notes"])
        self.assertEqual((summary["images_by_box"], summary["rows_without_face"]), (0, 0))

    def test_validation_is_reported(self):
        result = self.fine_json("train", "--data", self.data, "--out", self.path("v.safetensors"), *settings(method="bce", validation=0.34))
        shown = {key: result["runs"][0]["stage2"][key] for key in ("validation_f1", "validation_auc")}
        self.assertTrue(0 <= shown["validation_auc"] <= 1)
        quiet = self.fine_json("train", "--data", self.data, "--quiet", "--out", self.path("v2.safetensors"), *settings(method="bce", validation=0.34))
        self.assertEqual({key: quiet["runs"][0]["stage2"][key] for key in shown}, shown)  # the last epoch is always measured
        never = self.fine_json("train", "--data", self.data, "--out", self.path("v3.safetensors"), *settings(method="bce", validation=0.34, validation_every=0))
        self.assertEqual({never["runs"][0]["stage2"][key] for key in shown}, {None})
        for other in ("v2", "v3"):
            self.assertTrue(filecmp.cmp(self.path("v.safetensors"), self.path(f"{other}.safetensors"), shallow=False))
        self.assertEqual(result["runs"][0]["test_images"], 0)

    def test_same_seed_same_file_and_checkpoints_change_nothing(self):
        again, other = self.path("again.safetensors"), self.path("other.safetensors")
        common = ["train", "--data", self.data, "--layout", "bp4d", "--protocol", "bp4d", "--fold", "1", "--quiet"]
        self.fine(*common, "--out", again, "--checkpoint", self.path("c.safetensors"), *settings())
        self.assertTrue(filecmp.cmp(self.fold(1), again, shallow=False))
        self.fine(*common, "--out", other, *settings(seed=2))
        self.assertFalse(filecmp.cmp(self.fold(1), other, shallow=False))

    def test_interrupt_and_resume(self):
        checkpoint, whole, resumed = self.path("stop.safetensors"), self.path("whole.safetensors"), self.path("resumed.safetensors")
        common = ["train", "--data", self.data, "--protocol", "bp4d", "--fold", "3"]
        long = settings(epochs_stage1=2, epochs=30)
        process = subprocess.Popen([cli.COMMAND, *common, "--out", resumed, "--checkpoint", checkpoint, *long], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in process.stderr:
            if line.startswith("stage 2  epoch 3/"):
                process.send_signal(signal.SIGINT)
                break
        text = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(60), 1, text)
        self.assertIn("continue with\n", text)
        self.assertFalse(os.path.exists(resumed))
        self.fine(*common, "--out", resumed, "--resume", checkpoint, "--quiet", *long)
        self.fine(*common, "--out", whole, "--quiet", *long)
        self.assertTrue(filecmp.cmp(resumed, whole, shallow=False))

    def test_failed_training_leaves_nothing(self):
        before = sorted(os.listdir(self.folder))
        self.fails("batch", "train", "--data", self.data, "--out", self.path("never.safetensors"), *settings(batch=4000))
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_data(self):
        result = self.fine_json("data", self.data, "--protocol", "bp4d")
        self.assertEqual(result["images"], 96)
        self.assertEqual([au["au"] for au in result["aus"]], BP4D)
        self.assertEqual({subject["subject"]: subject["images"] for subject in result["subjects"]}, dict.fromkeys(["F001", "F003", "F007", "F015", "M007", "M011"], 16))
        self.assertEqual([fold["test_subjects"] for fold in result["folds"]], ["F007 F015", "F003 M011", "F001 M007"])
        for au in result["aus"]:
            self.assertEqual(au["coded"], 96)
            self.assertAlmostEqual(au["rate"], au["present"] / 96, places=6)
        inverse = [1 / au["rate"] if au["rate"] else 0 for au in result["aus"]]
        for au, value in zip(result["aus"], inverse):
            self.assertAlmostEqual(au["weight"], value * sum(v > 0 for v in inverse) / sum(inverse), places=4)
        text = self.fine("data", self.data).stdout
        self.assertIn("96 images of 6 subjects, 12 AUs", text)

    def test_data_of_a_subject_that_the_protocol_does_not_name(self):
        self.fails("F001", "data", self.data, "--protocol", "disfa")


if __name__ == "__main__":
    unittest.main()
