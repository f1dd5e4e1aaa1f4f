"""clile compare: saved evaluations and models, in every format."""
import csv
import html.parser
import json
import os
import unittest

import cli

HEAD = ["fold", "subject", "image", "AU01_s", "AU01_c", "AU01_y", "AU12_s", "AU12_c", "AU12_y"]
NASTY = "=cmd_<b>&\"100%\"{~^$#}.csv"


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


class Compare(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cli.scratch("compare")
        cls.a, cls.b = cls.write("a.csv"), cls.write(NASTY, lambda row: row.update(AU01_s=-row["AU01_s"], AU01_c=1 - row["AU01_c"]))

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def write(cls, name, change=lambda row: None, head=tuple(HEAD)):
        with open(cls.path(name), "w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, head, extrasaction="ignore")
            out.writeheader()
            for k in range(40):
                row = dict(zip(HEAD, [1 + k // 20, f"s{k // 5}", f"{k}.png", (k * 7 % 11) - 5, int(k * 7 % 11 > 5), int(k * 3 % 7 > 3), (k * 5 % 13) - 6, int(k * 5 % 13 > 6), int(k * 2 % 5 > 2)]))
                change(row)
                out.writerow(row)
        return cls.path(name)

    def fine(self, *arguments):
        done = cli.clile("compare", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def refused(self, told, code, *arguments):
        done = cli.clile("compare", *arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(told, done.stderr)

    def test_formats_agree(self):
        names = {ending: self.path("out." + ending) for ending in ("txt", "csv", "md", "tex", "html", "json")}
        found = json.loads(self.fine(self.a, self.b, "--json", *(word for name in names.values() for word in ("--report", name))).stdout)
        self.assertEqual((found["format"], found["images"], found["subjects"], found["au"]), ("clile-comparison", 40, 8, [1, 12]))
        with open(names["json"], encoding="utf-8") as file:
            self.assertEqual(json.load(file), found)
        with open(names["csv"], encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(row["metric"], row["au"]) for row in rows], [(m, au) for m in ("f1", "auc") for au in ("AU1", "AU12", "mean")])
        self.assertEqual({row["b"] for row in rows}, {self.b})
        text = {ending: open(name, encoding="utf-8").read() for ending, name in names.items()}
        page = Page(text["html"])
        for metric, pair in zip(("f1", "auc"), found["comparisons"]):
            self.assertEqual((pair["a"], pair["b"], pair["metric"]), (self.a, self.b, metric))
            for row, cell in zip([row for row in rows if row["metric"] == metric], [*pair["au"], pair["mean"]]):
                for key in ("value_a", "value_b", "difference", "low", "high", "p", "p_holm"):
                    self.assertAlmostEqual(float(row[key]), cell[key], 8)
                shown = f"{100 * cell['difference']:+.1f}" if metric == "f1" else f"{cell['difference']:+.3f}"
                for ending in ("txt", "md", "tex"):
                    self.assertIn(shown, text[ending])
                self.assertIn(shown, page.text)
        self.assertIn(self.b, page.text)
        self.assertEqual(set(page.tags), {"html", "head", "meta", "title", "style", "body", "h1", "p", "div", "table", "caption", "tr", "td", "th"})
        self.assertNotIn("<b>", text["html"])
        self.assertIn("=cmd\\_\\<b\\>\\&\"100%\"\\{\\~^$\\#\\}.csv", text["md"])
        self.assertIn("=cmd\\_\\textless{}b\\textgreater{}\\&\"100\\%\"\\{\\textasciitilde{}\\textasciicircum{}\\$\\#\\}.csv", text["tex"])
        self.assertIn("\\toprule", text["tex"])
        self.assertEqual(text["txt"], self.fine(self.a, self.b).stdout)

    def test_a_relative_name_is_no_formula(self):
        done = cli.clile("compare", "a.csv", NASTY, "--report", "cells.csv", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("cells.csv"), encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        self.assertIn("'" + NASTY, cells)
        self.assertFalse([cell for cell in cells if cell[:1] in ("=", "@", "+", "\t", "\r")])

    def test_the_figures_are_those_of_eval(self):
        data = cli.draw(self.path("faces"))
        model = self.path("model.safetensors")
        settings = [word for setting in cli.SMALL for word in ("--set", setting)]
        for seed, name in ((1, model), (2, self.path("second.safetensors"))):
            done = cli.clile("train", "--data", data, "--protocol", "bp4d", "--fold", 1, "--out", name, "--quiet", "--set", f"seed={seed}", *settings)
            self.assertEqual(done.returncode, 0, done.stderr)
        done = cli.clile("eval", "--model", model, "--data", data, "--answers", self.path("model.csv"), "--json", "--no-probe", "--quiet")
        report = json.loads(done.stdout)["report"]
        direct = json.loads(self.fine(model, self.path("second.safetensors"), "--data", data, "--quiet", "--json").stdout)
        self.assertEqual([cell["value_a"] for cell in direct["comparisons"][0]["au"]], [round(value, 9) for value in report["pooled"]["f1"]["au"]])
        mixed = json.loads(self.fine(self.path("model.csv"), self.path("second.safetensors"), model, "--data", data, "--quiet", "--json").stdout)
        self.assertEqual(direct["comparisons"][0]["mean"], mixed["comparisons"][0]["mean"])
        self.assertEqual(mixed["comparisons"][2]["mean"]["p"], 1)

    def test_refused(self):
        other = self.write("other.csv", lambda row: row.update(image="x.png") if row["image"] == "7.png" else None)
        self.refused(f'{self.a} and {other}: clile_evaluation_compare: image "7.png" of fold 1 is in the first evaluation, but not in the second', 1, self.a, other)
        labels = self.write("labels.csv", lambda row: row.update(AU12_y=-1) if row["image"] == "9.png" else None)
        self.refused('image "9.png", AU12: the label is 1 in the first evaluation and -1 in the second', 1, self.a, labels)
        fold = self.write("fold.csv", lambda row: row.update(fold=2) if row["image"] == "3.png" else None)
        self.refused('image "3.png" is of fold 1 in the first evaluation and of fold 2 in the second', 1, self.a, fold)
        one = self.write("one.csv", head=HEAD[:6])
        done = self.fine(self.a, one)
        self.assertIn("not all have these AUs, which are left out: 12", done.stderr)
        self.assertNotIn("AU12", done.stdout)
        self.refused("expected two or more", 2, self.a)
        self.refused("--data is missing", 2, self.a, "m.safetensors")
        self.refused("--data is for models", 2, self.a, self.b, "--data", self.folder)
        self.refused("x.pdf: expected a name that ends in", 2, self.a, self.b, "--report", "x.pdf")
        self.refused("gone.csv", 1, self.a, self.path("gone.csv"))
        self.refused("cannot be written", 1, self.a, self.b, "--report", self.path("none/x.csv"))


if __name__ == "__main__":
    unittest.main()
