"""data: its figures against those of a reader that shares no code with the library, and the sheet of faces."""
import csv
import math
import os
import shutil
import statistics
import unittest

import cli
from cli import CommandTest, read_png

BP4D = [1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24]
DISFA = [1, 2, 4, 6, 9, 12, 25, 26]
IMAGES = (".jpg", ".png", ".bmp")


# ---- the independent reader: frames as (subject, image name, labels), and what is left out ----

def numbered(folder):
    """{number: file name} of a folder of images."""
    if not os.path.isdir(folder):
        return {}
    return {int(os.path.splitext(name)[0]): name for name in sorted(os.listdir(folder)) if name.endswith(IMAGES)}


def read_bp4d(root):
    frames, labels_left, images_left = [], [], []
    for name in sorted(os.listdir(f"{root}/AUCoding/AU_OCC")):
        subject, task = name[:-len(".csv")].split("_")
        images = numbered(f"{root}/Sequences/{subject}/{task}")
        with open(f"{root}/AUCoding/AU_OCC/{name}") as file:
            header, *rows = csv.reader(file)
        for row in rows:
            codes = dict(zip(map(int, header[1:]), map(int, row[1:])))
            image = images.pop(int(row[0]), None)
            if image is None:
                labels_left.append(f"Sequences/{subject}/{task}/{int(row[0])}")
            else:
                frames.append((subject, f"Sequences/{subject}/{task}/{image}", [{9: -1}.get(codes[au], codes[au]) for au in BP4D]))
        images_left += [f"Sequences/{subject}/{task}/{image}" for _, image in sorted(images.items())]
    return BP4D, frames, labels_left, images_left


def read_disfa(root):
    frames, labels_left, images_left = [], [], []
    for subject in sorted(os.listdir(f"{root}/ActionUnit_Labels")):
        images, columns = numbered(f"{root}/img/{subject}"), []
        for au in DISFA:
            with open(f"{root}/ActionUnit_Labels/{subject}/{subject}_au{au}.txt") as file:
                columns.append({int(frame): int(code) for frame, code in csv.reader(file)})
        for frame in sorted(columns[0]):
            image = images.pop(frame - 1, None)  # these sets count images from 0
            labels = [-1 if column[frame] == 9 else int(column[frame] >= 2) for column in columns]
            if image is None:
                labels_left.append(f"img/{subject}/{frame - 1}")
            else:
                frames.append((subject, f"img/{subject}/{image}", labels))
        images_left += [f"img/{subject}/{image}" for _, image in sorted(images.items())]
    return DISFA, frames, labels_left, images_left


# ---- the same figures from their definitions ----

def pearson(pairs):
    """Of 0/1 pairs; 0 where one side is constant."""
    n = len(pairs)
    if n == 0:
        return 0.0
    mx, my = sum(x for x, _ in pairs) / n, sum(y for _, y in pairs) / n
    xx, yy = sum((x - mx) ** 2 for x, _ in pairs), sum((y - my) ** 2 for _, y in pairs)
    return sum((x - mx) * (y - my) for x, y in pairs) / math.sqrt(xx * yy) if xx > 0 and yy > 0 else 0.0


def rate(labels):
    coded = [label for label in labels if label >= 0]
    return sum(coded) / len(coded) if coded else None


class Data(CommandTest):
    def compare(self, root, read):
        aus, frames, labels_left, images_left = read(root)
        found = self.fine_json("data", root)
        subjects = sorted({subject for subject, _, _ in frames})
        self.assertEqual(found["images"], len(frames))
        self.assertEqual(found["label_rows"], len(frames) + len(labels_left))
        self.assertEqual(found["labels_without_image"], len(labels_left))
        self.assertEqual(found["images_without_labels"], len(images_left))
        self.assertLessEqual(set(found["left_out"]["labels_without_image"]), set(labels_left))
        self.assertLessEqual(set(found["left_out"]["images_without_labels"]), set(images_left))
        self.assertEqual(len(set(found["left_out"]["labels_without_image"])), min(8, len(labels_left)))
        self.assertEqual(len(set(found["left_out"]["images_without_labels"])), min(8, len(images_left)))
        self.assertEqual([au["au"] for au in found["aus"]], aus)
        rates = [rate([labels[k] for _, _, labels in frames]) for k in range(len(aus))]
        inverse = [1 / r if r else 0.0 for r in rates]
        for k, au in enumerate(found["aus"]):
            column = [labels[k] for _, _, labels in frames]
            self.assertEqual(au["coded"], sum(label >= 0 for label in column))
            self.assertEqual(au["not_coded"], column.count(-1))
            self.assertEqual(au["present"], column.count(1))
            self.assertAlmostEqual(au["rate"], rates[k], places=8)
            self.assertAlmostEqual(au["weight"], inverse[k] * sum(v > 0 for v in inverse) / sum(inverse), places=5)
            by_subject = [rate([labels[k] for who, _, labels in frames if who == subject]) for subject in subjects]
            by_subject = [value for value in by_subject if value is not None]
            self.assertEqual(au["subject_rate"]["subjects"], len(by_subject))
            for key, function in (("min", min), ("median", statistics.median), ("max", max), ("mean", statistics.mean), ("sd", statistics.stdev)):
                self.assertAlmostEqual(au["subject_rate"][key], function(by_subject), places=8)
        for a in range(len(aus)):
            for b in range(len(aus)):
                pairs = [(labels[a], labels[b]) for _, _, labels in frames if labels[a] >= 0 and labels[b] >= 0]
                self.assertAlmostEqual(found["correlation"][a][b], 1.0 if a == b else pearson(pairs), places=8)
        self.assertEqual([entry["subject"] for entry in found["subjects"]], subjects)
        for entry in found["subjects"]:
            own = [labels for who, _, labels in frames if who == entry["subject"]]
            self.assertEqual(entry["images"], len(own))
            self.assertEqual(entry["coded"], [sum(labels[k] >= 0 for labels in own) for k in range(len(aus))])
            self.assertEqual(entry["present"], [sum(labels[k] == 1 for labels in own) for k in range(len(aus))])
        return found, frames

    @classmethod
    def setUpClass(cls):
        """Drawn faces with everything that can be missing: images, labels, codes, an AU that one subject is never coded for."""
        cls.folder = cli.scratch("data")
        cls.data = cli.draw(os.path.join(cls.folder, "faces"), subjects=5, tasks=2, frames=14, size=48, seed=3)
        occ = os.path.join(cls.data, "AUCoding", "AU_OCC")
        names = sorted(os.listdir(occ))
        for number, name in enumerate(names):
            with open(os.path.join(occ, name)) as file:
                rows = list(csv.reader(file))
            for i, row in enumerate(rows[1:]):
                row[3 + i % 4] = "9" if (i + number) % 5 == 0 else row[3 + i % 4]
                if name.startswith(names[0][:4]):
                    row[1] = "9"
            del rows[number % 3 + 2]  # an image without labels
            with open(os.path.join(occ, name), "w", newline="") as file:
                csv.writer(file).writerows(rows)
            subject, task = name[:-len(".csv")].split("_")
            os.remove(os.path.join(cls.data, "Sequences", subject, task, f"{6 + number % 4:04d}.png"))  # labels without an image
        shutil.rmtree(os.path.join(cls.data, "landmarks"))  # crops are then the images themselves

    def test_figures_of_a_folder_with_gaps(self):
        found, _ = self.compare(self.data, read_bp4d)
        self.assertEqual(found["labels_without_image"], 10)
        self.assertEqual(found["aus"][0]["subject_rate"]["subjects"], 4)
        self.assertEqual(found["images_without_landmarks"], found["images"])

    def test_figures_of_the_rendered_sets(self):
        faces = os.environ.get("CLILE_FACES")
        if not faces or not os.path.isdir(os.path.join(faces, "bp4d-ict")):
            print("LEFT OUT: rendered faces: CLILE_FACES names no folder with bp4d-ict and disfa-ict")
            self.skipTest("no faces")
        found, _ = self.compare(os.path.join(faces, "bp4d-ict"), read_bp4d)
        self.assertEqual((found["images"], found["labels_without_image"], found["images_without_labels"]), (4828, 39, 52))
        found, _ = self.compare(os.path.join(faces, "disfa-ict"), read_disfa)
        self.assertEqual(found["images"], 1350)

    def test_text(self):
        found = self.fine_json("data", self.data)
        text = self.fine("data", self.data, "--subjects").stdout
        lines = text.split("\n")
        au = found["aus"][3]
        spread = au["subject_rate"]
        row = next(line.split() for line in lines if line.endswith("Cheek raiser"))
        self.assertEqual(row[:4], ["6", str(au["coded"]), str(au["not_coded"]), str(au["present"])])
        self.assertEqual(row[4:10], [f"{value:.3f}" for value in (au["rate"], spread["min"], spread["median"], spread["max"], spread["sd"], au["weight"])])
        self.assertIn(f"label rows without image: {', '.join(found['left_out']['labels_without_image'][:3])}, ...", text)
        first = found["subjects"][0]
        row = next(line.split() for line in lines if line.startswith(f"  {first['subject']} "))
        self.assertEqual(row[1:4], [str(first["images"]), "-", f"{first['present'][1] / first['coded'][1]:.3f}"])  # AU1 is not coded for it
        matrix = next(i for i, line in enumerate(lines) if line.startswith("  phi"))
        self.assertEqual(lines[matrix + 2].split(), ["2"] + [f"{value:.2f}" for value in found["correlation"][1]])
        self.assertNotIn("rate of each AU", self.fine("data", self.data).stdout)

    def test_a_protocol_that_does_not_fit_is_told_first(self):
        self.usage('protocol "nonsense" is unknown', "data", self.data, "--protocol", "nonsense")
        self.usage('protocol "nonsense" is unknown', "data", self.data, "--protocol", "nonsense", "--json")
        done = self.fails("is not in the protocol disfa", "data", self.data, "--protocol", "disfa")
        self.assertEqual(done.stdout, "")

    # ---- the sheet ----

    def sheet(self, name, *arguments, data=None):
        path = os.path.join(self.folder, name)
        found = self.fine_json("data", data or self.data, "--sheet", path, *arguments)
        with open(path, "rb") as file:
            return found["sheet"]["examples"], file.read(), path

    def test_the_sheet_shows_what_the_labels_say(self):
        _, frames, _, _ = read_bp4d(self.data)
        labels_of = {image: labels for _, image, labels in frames}
        examples, _, path = self.sheet("sheet.png", "--examples", "4", "--set", "image_size=48")
        w, h, rows = read_png(path)
        zoom, edge, side, row_height = 2, 12, 96, 24 + 5 + 96 + 11 + 12
        self.assertEqual((w, h), (2 * edge + 4 * (2 * side + 3 + 15) - 15, 52 + 12 + 12 * row_height))

        def pixel(x, y):
            return rows[y][3 * x:3 * x + 3]

        for k, au in enumerate(BP4D):
            pairs = [example for example in examples if example["au"] == au]
            self.assertEqual(len({pair["subject"] for pair in pairs}), len(pairs))
            self.assertEqual(len(pairs), 4)
            for i, pair in enumerate(pairs):
                own = [(image, labels) for who, image, labels in frames if who == pair["subject"]]
                if pair["present"] is None:
                    self.assertTrue(all(labels[k] != 1 for _, labels in own))
                    continue
                self.assertEqual(labels_of[pair["present"]][k], 1)
                self.assertIn(f"/{pair['subject']}/", pair["present"])
                like = labels_of[pair["present"]]
                score = {image: sum(a == b for a, b in zip(labels, like)) for image, labels in own if labels[k] == 0}
                if pair["absent"] is None:
                    self.assertEqual(score, {})
                    continue
                self.assertEqual(score[pair["absent"]], max(score.values()))
                for part, (key, bar) in enumerate((("present", (226, 106, 44)), ("absent", (150, 160, 175)))):
                    x, y = edge + i * (2 * side + 18) + part * (side + 3), 52 + k * row_height + 24
                    self.assertEqual(pixel(x + 50, y + 2), bytes(bar))
                    _, _, image = read_png(os.path.join(self.data, pair[key]))
                    for u, v in ((0, 0), (17, 31), (24, 20), (47, 47)):
                        self.assertEqual(pixel(x + zoom * u + 1, y + 5 + zoom * v), image[v][3 * u:3 * u + 3])

    def test_the_choice_follows_the_seed(self):
        common = ("--set", "image_size=48", "--examples", "3")
        first, picture, _ = self.sheet("a.png", *common)
        self.assertEqual(self.sheet("b.png", *common)[:2], (first, picture))
        other, another, _ = self.sheet("c.png", *common, "--seed", "2")
        self.assertNotEqual(other, first)
        self.assertNotEqual(another, picture)
        pack = os.path.join(self.folder, "p.safetensors")
        self.fine("pack", "--data", self.data, "--out", pack, "--set", "image_size=48", "--quiet")
        packed, drawn, _ = self.sheet("d.png", "--examples", "3", data=pack)  # at the size of the pack
        self.assertEqual(packed, first)
        _, _, of_folder = read_png(os.path.join(self.folder, "a.png"))
        _, _, of_pack = read_png(os.path.join(self.folder, "d.png"))
        self.assertEqual(of_folder[60:], of_pack[60:])  # except for the title

    def test_sheets_that_cannot_be(self):
        self.usage("--examples takes 1 to 64, found 0", "data", self.data, "--sheet", "s.png", "--examples", "0")
        self.usage("--examples takes 1 to 64, found 65", "data", self.data, "--sheet", "s.png", "--examples", "65")
        self.fails("no-such-folder/s.png: cannot be written", "data", self.data, "--sheet", "no-such-folder/s.png")

    def test_an_error_of_a_worker(self):
        """A damaged image ends training with the step and the reason, whichever thread read it."""
        bad = os.path.join(self.folder, "damaged")
        shutil.copytree(self.data, bad)
        for folder, _, names in os.walk(os.path.join(bad, "Sequences")):
            for name in names:
                if name == "0012.png":
                    with open(os.path.join(folder, name), "r+b") as file:
                        file.truncate(200)
        said = []
        for workers in (0, 1):
            done = self.fails("0012.png", "train", "--data", bad, "--out", os.path.join(self.folder, "never.safetensors"), "--quiet",
                              *cli.settings(threads=1, input_workers=workers))
            said.append(done.stderr)
        self.assertRegex(said[0], r"stage 1, step \d+: ")
        self.assertEqual(said[0], said[1])


if __name__ == "__main__":
    unittest.main()
