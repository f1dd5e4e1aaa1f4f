"""clile report: one page that needs nothing else, whatever the names in the data are.

Environment: cli.py's, and CLILE_BROWSER (Chromium; none: its checks are skipped with a message).
"""
import math
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree as xml

import cli
from cli import CommandTest, clile

SVG = "{http://www.w3.org/2000/svg}"
AUS = (1, 12)
EVIL = ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "&amp;&#0;]]>", "=cmd()", "x\u202eb\u00e9\u2603"]


def write_csv(path, model="m.safetensors", seed=1, names=None, unknown=False, graded=False):
    """Six people in two folds; AU1 is ranked without error, AU12 as a coin would; a probability is 0.25 too low or high. graded: of AU1, 0 and 4 are
    estimated half a level too high; of AU12, every estimate is 1."""
    lines = ["model,seed,protocol,fold,subject,image," + ",".join(f"AU{au:02}_{kind}" for au in AUS for kind in ("spcyri" if graded else "spcy"))]
    for k in range(48):
        person = k % 6
        name = names[person % len(names)] + str(person) if names else f"P{person}"
        label, other = k // 6 % 2, (k // 12) % 2
        values = [(2 if label else -2) + 0.01 * k, 0.75 if label else 0.25, label, label, 0.0, "" if unknown else 0.5, 0, other]
        if graded:
            values = values[:4] + [4 * label + 0.5, 4 * label] + values[4:] + [1, 3 * other]
        name, image = (text.replace('"', '""') for text in (name, f"{name}/{k}.png"))
        lines.append(f'"{model}",{seed},kfold:2,{1 + person % 2},"{name}","{image}",' + ",".join(map(str, values)))
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def luminance(colour):
    values = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    return sum(w * (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4) for w, v in zip((0.2126, 0.7152, 0.0722), values))


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


class Report(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("report")
        cls.csv = write_csv(os.path.join(cls.folder, "good.csv"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def page(self, *arguments, out="page.html"):
        self.fine("report", *arguments, "--out", self.path(out))
        return self.check_page(self.path(out))

    def check_page(self, path):
        """Well-formed, nothing from elsewhere, nothing that runs; headings, names and texts for those who do not see."""
        root = xml.parse(path).getroot()
        self.assertEqual(root.get("lang"), "en")
        ids = [e.get("id") for e in root.iter() if e.get("id")]
        self.assertEqual(len(ids), len(set(ids)))
        for element in root.iter():
            tag = element.tag.split("}")[-1]
            self.assertNotIn(tag, ("script", "iframe", "object", "embed", "link", "base", "form", "foreignObject"))
            for name, value in element.attrib.items():
                self.assertFalse(name.lower().startswith("on"), name)
                if name in ("href", "src"):
                    self.assertTrue(value.startswith("#") and value[1:] in ids or value.startswith("data:image/png;base64,"), value[:60])
                if name == "aria-labelledby":
                    self.assertLessEqual(set(value.split()), set(ids))
            if tag == "img":
                self.assertTrue(element.get("alt"))
            if tag == "th":
                self.assertIn(element.get("scope"), ("row", "col"))
            if element.tag == SVG + "svg":
                self.assertEqual((element.get("role"), element[0].tag, element[1].tag), ("img", SVG + "title", SVG + "desc"))
                self.assertTrue(element[0].text and element[1].text)
        levels = [int(e.tag[1]) for e in root.iter() if re.fullmatch("h[1-6]", e.tag)]
        self.assertEqual(levels[0], 1)
        for before, after in zip(levels, levels[1:]):
            self.assertLessEqual(after, before + 1)
        style = "".join(e.text for e in root.iter("style"))
        self.assertNotRegex(style, r"url\(|@import")
        self.assertIn("prefers-color-scheme:dark", style)
        self.assertIn("@media print", style)
        return root

    def table(self, root, caption):
        for table in root.iter("table"):
            if table.findtext("caption") == caption:
                return [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
        self.fail(f"no table {caption}")

    def test_numbers(self):
        root = self.page(self.csv)
        rows = self.table(root, "F1 and AUC of each AU, all folds together")
        self.assertEqual([row[0] for row in rows[1:]], ["AU1 Inner brow raiser", "AU12 Lip corner puller"])
        self.assertEqual(rows[1][2], "1.000")
        self.assertEqual(rows[1][5], "1.000")
        self.assertEqual(rows[1][8:], ["1.000", "0.500"])  # average precision, share present
        self.assertEqual((rows[2][2], rows[2][5], rows[2][8]), ("0.000", "0.500", "0.500"))
        rows = self.table(root, "Calibration")
        self.assertEqual(rows[1][2:], ["48", "0.250", f"{0.25 ** 2:.3f}"])
        rows = self.table(root, "Folds and seeds")
        self.assertEqual([row[:7] for row in rows[1:]], [["good", str(fold), "kfold:2", "1", "m.safetensors", "24", "3"] for fold in (1, 2)])
        rows = self.table(root, "People")
        self.assertEqual(sorted(row[0] for row in rows[1:]), [f"P{k}" for k in range(6)])
        self.assertEqual(rows[1][1:], ["8", "2", "0.500"])
        dots = [e for e in root.iter(SVG + "circle") if e.findtext(SVG + "title", "").startswith("P")]
        self.assertEqual(len(dots), 12)  # each person, for each AU

    def test_intensity(self):
        self.assertNotIn("Intensity", [h.text for h in self.page(self.csv).iter("h2")])  # as files of earlier versions
        graded = write_csv(self.path("graded.csv"), graded=True)
        root = self.page(graded, self.csv)
        self.assertIn("Intensity", [h.text for h in root.iter("h2")])
        dash = "\u2013"
        self.assertEqual(self.table(root, "Intensity of each AU, all folds together")[1:],
                         [["AU1 Inner brow raiser", "graded", "1.000", "1.000", "0.500", "0.899", "0.750", "2.000"],
                          ["AU12 Lip corner puller", "graded", "0.000", dash, "1.500", "0.000", "1.500", "1.500"],
                          ["average", "graded", "0.500", "1.000", "1.000", "0.449", "1.125", "1.750"]])

    def test_correlation(self):
        write_csv(self.path("one.csv"))
        root = self.page(self.path("one.csv"))
        cells = {e.get("aria-labelledby").split()[0]: ["".join(t.itertext()) for t in e.iter(SVG + "text") if t.get("class") == "text mid"]
                 for e in root.iter(SVG + "svg")}
        self.assertEqual(cells["correlation-labels-1-t"], ["1", ".00", ".00", "1"])
        self.assertEqual(cells["correlation-model-1-t"], ["1", ".00", ".00", "1"])
        self.assertEqual(cells["false-alarms-1-t"], [".00", ".00"])

    def test_names_are_text(self):
        path = write_csv(self.path("evil<i>&'.csv"), model="</td><b>\"x\"", names=EVIL)
        root = self.page(path, "--title", "<h1>&\x01\"title\"", "--figures", self.path("evil"))
        self.assertEqual(root.findtext("head/title"), "<h1>&\ufffd\"title\"")
        people = [row[0] for row in self.table(root, "People")[1:]]
        self.assertEqual(sorted(people), sorted(EVIL[k % 5] + str(k) for k in range(6)))
        self.assertIn("</td><b>\"x\"", [row[4] for row in self.table(root, "Folds and seeds")[1:]])
        self.assertIn("evil<i>&'", ["".join(h.itertext()) for h in root.iter("h3")])
        for name in os.listdir(self.path("evil")):
            self.assertNotIn("script", {e.tag.split("}")[1] for e in xml.parse(os.path.join(self.path("evil"), name)).iter()})

    def test_several(self):
        """Other AUs, seeds and names beside one another; each figure is a file, too."""
        os.makedirs(self.path("b"), exist_ok=True)
        other = write_csv(self.path("b/good.csv"), seed=2, unknown=True)
        with open(other, encoding="utf-8") as file:
            text = file.read()
        with open(other, "w", encoding="utf-8") as file:
            file.write(text.replace("AU12_", "AU04_"))
        figures = self.path("figures")
        root = self.page(self.csv, other, "--figures", figures)
        drawn = {e.get("aria-labelledby").split()[0][:-2] for e in root.iter(SVG + "svg")}
        written = {name[:-4] for name in os.listdir(figures)}
        self.assertEqual(written, {name for name in drawn if not name.startswith("key-")})
        self.assertLessEqual({"f1", "auc", "folds", "roc-AU01", "roc-AU04", "roc-AU12", "precision-AU01", "calibration-AU12", "people-1", "people-2"}, written)
        for name in written:
            alone = xml.parse(os.path.join(figures, name + ".svg")).getroot()
            self.assertIn("prefers-color-scheme", alone.findtext(SVG + "style"))
        names = [row[0] for row in self.table(root, "Evaluations")[1:]]
        self.assertEqual(len(set(names)), 2, names)
        rows = self.table(root, "Calibration")
        self.assertEqual([row[2] for row in rows if row[0] == "AU4"], ["0"])
        self.assertEqual({row[3] for row in self.table(root, "Folds and seeds")[1:]}, {"1", "2"})

    def test_same_bytes(self):
        self.page(self.csv, out="a.html")
        self.page(self.csv, out="b.html")
        with open(self.path("a.html"), "rb") as a, open(self.path("b.html"), "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_history(self):
        line = '{"history":1,"stage":%d,"epoch":%d,"loss":%s,"validation_f1":%s,"validation_auc":null}\n'
        with open(self.path("run.history.jsonl"), "w", encoding="utf-8") as file:
            file.write("".join(line % (stage, epoch, 1 / epoch, "null" if stage == 1 else 0.25 * epoch) for stage in (1, 2) for epoch in (1, 2, 3)))
        root = self.page(self.csv, "--history", self.path("run.history.jsonl"))
        self.assertEqual(self.table(root, "The last epoch of each stage")[1:],
                         [["run.history", "1", "3", "0.333", "\u2013", "\u2013"], ["run.history", "2", "3", "0.333", "0.750", "\u2013"]])
        lines = {e.get("aria-labelledby").split()[0]: e.find(SVG + "polyline").get("points") for e in root.iter(SVG + "svg") if e.find(SVG + "polyline") is not None}
        self.assertLessEqual({"loss-1-t", "loss-2-t", "validation-2-t"}, set(lines))
        self.assertNotIn("validation-1-t", lines)
        self.assertEqual(len(lines["loss-1-t"].split()), 3)
        for text in ["", "{}\n", line % (3, 1, 1, 1), line % (1, 1, 1, 1) + "{\"history\":1,\n", "[" * 5000]:
            with open(self.path("bad.jsonl"), "w", encoding="utf-8") as file:
                file.write(text)
            self.fails(["bad.jsonl", "history"], "report", self.csv, "--history", self.path("bad.jsonl"), "--out", self.path("no.html"))
        self.assertFalse(os.path.exists(self.path("no.html")))

    def test_faces_and_model(self):
        data, model, answers = self.path("data"), self.path("m.safetensors"), self.path("real.csv")
        cli.draw(data)
        self.fine("train", "--data", data, "--layout", "bp4d", "--protocol", "kfold:2", "--fold", "1", "--out", model, "--quiet", *cli.settings())
        self.fine("eval", "--data", data, "--layout", "bp4d", "--model", model, "--answers", answers, "--no-probe", "--quiet")
        arguments = [answers, "--model", model, "--data", data, "--layout", "bp4d"]
        root = self.page(*arguments)
        faces = list(root.iter("img"))
        self.assertGreater(len(faces), 12)
        self.assertTrue(all(re.match(r"(Missed|False alarms|Found): AU\d+ of .+, image .+", face.get("alt")) for face in faces))
        self.assertIn(["layout", "bp4d"], self.table(root, "What the file says"))
        self.assertEqual(list(self.page(*arguments, "--no-faces").iter("img")), [])
        self.fails(["good.csv", "P0/6.png", "--data"], "report", self.csv, "--data", data, "--layout", "bp4d", "--out", self.path("no.html"))

    def test_refused(self):
        self.usage("no saved evaluation", "report")
        self.usage("7 evaluations", "report", *[self.csv] * 7)
        self.fails("absent.csv", "report", self.path("absent.csv"), "--out", self.path("no.html"))
        self.fails("absent.jsonl", "report", self.csv, "--history", self.path("absent.jsonl"), "--out", self.path("no.html"))
        self.fails("no/folder/x.html", "report", self.csv, "--out", self.path("no/folder/x.html"))
        self.fails("good.csv/f", "report", self.csv, "--figures", self.csv + "/f", "--out", self.path("no.html"))
        self.assertFalse(os.path.exists(self.path("no.html")))

    def test_colours(self):
        """Text 4.5:1, marks 3:1, in light and in dark; series differ for readers who lack a kind of cone."""
        self.page(self.csv)
        with open(self.path("page.html"), encoding="utf-8") as file:
            style = file.read().split("<style>")[1].split("</style>")[0]
        light, dark = style.split("@media screen and (prefers-color-scheme:dark)")
        cones = [((1, 0, 0), (0, 1, 0), (0, 0, 1)), ((.152, 1.053, -.205), (.115, .786, .099), (-.004, -.048, 1.052)),
                 ((.367, .861, -.228), (.280, .673, .047), (-.012, .043, .969)), ((1.256, -.077, -.179), (-.078, .931, .148), (.005, .691, .304))]
        for part in light, dark:
            paper = re.search(r"--paper:(#\w{6})", part)[1]
            for name in "ink", "quiet", "link":
                self.assertGreaterEqual(contrast(re.search(f"--{name}:(#\\w{{6}})", part)[1], paper), 4.5, name)
            for name in "text", "quiet":
                self.assertGreaterEqual(contrast(re.search(rf"\.{name}[,.\w]*{{fill:(#\w{{6}})", part)[1], paper), 4.5, name)
            series = [re.search(rf"\.mark\.s{k}[^{{]*{{fill:(#\w{{6}})", part)[1] for k in range(1, 7)]
            for k, colour in enumerate(series):
                self.assertGreaterEqual(contrast(colour, paper), 3.0, colour)
                for other in series[:k]:
                    self.assertGreater(min(difference(colour, other, seen) for seen in cones), 18, (colour, other))
            ink = re.search(r"\.text,\.strong{fill:(#\w{6})", part)[1]
            for pole in "plus", "minus":  # the deepest cell that has text on it
                colour = re.search(rf"\.{pole}{{fill:(#\w{{6}})", part)[1]
                mixed = "#" + "".join(f"{round(.55 * int(colour[i:i + 2], 16) + .45 * int(paper[i:i + 2], 16)):02x}" for i in (1, 3, 5))
                self.assertGreaterEqual(contrast(ink, mixed), 4.5, pole)

    def test_browser(self):
        browser = os.environ.get("CLILE_BROWSER")
        if not browser:
            self.skipTest("no Chromium")
        self.page(write_csv(self.path("graded.csv"), graded=True), out="shown.html")
        with open(self.path("frame.html"), "w", encoding="utf-8") as file:  # how wide is the page on a phone and on a desk?
            file.write("<!DOCTYPE html><iframe src='shown.html' style='border:0;width:390px;height:800px'></iframe>"
                       "<iframe src='shown.html' style='border:0;width:1100px;height:800px'></iframe><p></p><script>onload = () => {"
                       "document.querySelector('p').textContent = [...document.querySelectorAll('iframe')].map(f => "
                       "f.contentDocument.documentElement.scrollWidth + '/' + f.contentDocument.querySelectorAll('svg').length).join(' ')}</script>")
        done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", f"--user-data-dir={self.path('browser')}",
                               "--dump-dom", "file://" + self.path("frame.html")], capture_output=True, text=True, timeout=500)
        found = re.search(r"<p>(\d+)/(\d+) (\d+)/(\d+)</p>", done.stdout)
        self.assertIsNotNone(found, done.stdout + done.stderr)
        phone, figures, desk, _ = map(int, found.groups())
        self.assertLessEqual(phone, 390)
        self.assertLessEqual(desk, 1100)
        self.assertGreater(figures, 10)


def difference(a, b, seen):
    """Distance in CIELAB of two colours as such eyes see them (Machado, Oliveira, Fernandes 2009)."""
    def lab(colour):
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5))]
        r, g, b = (min(1, max(0, sum(w * v for w, v in zip(row, linear)))) for row in seen)
        x, y, z = ((t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116) for t in
                   ((.4124 * r + .3576 * g + .1805 * b) / .95047, .2126 * r + .7152 * g + .0722 * b, (.0193 * r + .1192 * g + .9505 * b) / 1.08883))
        return 116 * y - 16, 500 * (x - y), 200 * (y - z)

    return math.dist(lab(a), lab(b))


if __name__ == "__main__":
    unittest.main()
