"""What predict writes beside the rows of a film: events, a timeline, a sheet of the peaks. Events against plain Python: tests/python/test_events.py."""
import base64
import csv
import glob
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree

import cli
import films
from films import FilmTest, built

RULE = ["--set", "event_enter=0.3", "--set", "event_leave=0.2"]  # the small model is never sure
SVG = "{http://www.w3.org/2000/svg}"


class Course(FilmTest):
    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def run_film(self, *arguments, film=None, code=0, **keywords):
        return self.predict("--csv", *RULE, *arguments, film or self.film, code=code, **keywords)

    def stills(self, name, count=6):
        folder = self.path(name)
        os.makedirs(folder, exist_ok=True)
        for k in range(count):
            pixels = films.grey(10 + 5 * k)
            cli.write_png(os.path.join(folder, f"{k}.png"), films.W, films.H,
                          [b"".join(bytes((level,)) * 3 for level in pixels[y * films.W:(y + 1) * films.W]) for y in range(films.H)])
        return folder

    @built
    def test_events_follow_from_the_rows(self):
        out, _ = self.run_film("--events", self.path("events.csv"))
        rows, events = list(csv.DictReader(out.splitlines())), list(csv.DictReader(self.read("events.csv").splitlines()))
        self.assertGreater(len(events), 3)
        for event in events:
            p = [float(row[f"AU{int(event['au']):02d}_p"] or 0) for row in rows]
            first, apex, last = (int(event[f"{name}_frame"]) - 1 for name in ("onset", "apex", "last"))
            self.assertEqual(p[apex], max(p[first:last + 1]))
            self.assertTrue(min(p[first:last + 1]) > 0.2 and (first == 0 or p[first - 1] <= 0.2) and p[last + 1] <= 0.2)
            self.assertEqual((event["onset"], event["apex"], event["offset"]), (rows[first]["time"], rows[apex]["time"], rows[last + 1]["time"]))
            self.assertAlmostEqual(float(event["duration"]), float(event["offset"]) - float(event["onset"]), places=6)
            self.assertAlmostEqual(float(event["peak"]), p[apex], places=6)
            self.assertEqual(event["person"], "1")
        shown = [name for name in rows[0] if name.endswith("_p") and max(float(row[name] or 0) for row in rows) > 0.3]
        self.assertEqual(sorted({f"AU{int(event['au']):02d}_p" for event in events}), shown)

    @built
    def test_elan_and_boris(self):
        self.run_film("--events", self.path("events.csv"))
        events = list(csv.DictReader(self.read("events.csv").splitlines()))
        self.run_film("--events", self.path("events.txt"), "--events-format", "elan")
        elan = [line.split("\t") for line in self.read("events.txt").splitlines()]
        self.assertEqual(elan[0], ["Tier", "Begin time", "End time", "Annotation"])
        self.assertEqual([line[:3] for line in elan[1:]], [[f"person 1 AU{int(e['au']):02d}", f"{float(e['onset']):.3f}", f"{float(e['offset']):.3f}"] for e in events])
        self.assertTrue(all(line[3].startswith(e["name"]) for line, e in zip(elan[1:], events)))
        self.run_film("--events", self.path("events.tsv"), "--events-format", "boris")
        boris = list(csv.DictReader(self.read("events.tsv").splitlines(), delimiter="\t"))
        self.assertEqual(list(boris[0]), ["time", "subject", "code", "modifier", "comment"])  # as BORIS's import wants them
        self.assertEqual([(line["time"], line["code"]) for line in boris],
                         [(f"{float(e[side]):.3f}", f"AU{int(e['au']):02d}") for e in events for side in ("onset", "offset")])

    @built
    def test_a_timeline_is_one_file_without_network_or_script(self):
        for name in ("line.svg", "line.html"):
            self.run_film("--timeline", self.path(name))
            text = self.read(name)
            self.assertIsNone(re.search(r"<script|<link|@import|\bon\w+=|url\(|(href|src)=\"(?!data:image/png;base64,)", text))
            self.assertIn("prefers-color-scheme:dark", text)
        tree = xml.etree.ElementTree.fromstring(self.read("line.svg"))
        texts = ["".join(node.itertext()) for node in tree.iter(f"{SVG}text")]
        self.assertIn("Lip corner puller", texts)
        self.assertIn("Person 1: in 12 of 15 frames", texts)
        self.assertGreaterEqual(len(list(tree.iter(f"{SVG}polyline"))), 12)
        images = list(tree.iter(f"{SVG}image"))
        self.assertGreater(len(images), 0)
        self.assertTrue(all(base64.b64decode(image.get("href").split(",", 1)[1]).startswith(b"\x89PNG") for image in images))
        self.run_film("--timeline", self.path("bare.svg"), "--without-faces")
        self.assertNotIn("<image", self.read("bare.svg"))
        self.assertEqual(self.read("line.html").count("<svg"), 1)
        self.assertIn("<td>AU12 Lip corner puller</td>", self.read("line.html"))

    @built
    def test_names_are_escaped(self):
        name = "a<b>&\"'=.mp4"
        os.link(self.film, self.path(name)) if not os.path.exists(self.path(name)) else None
        for kind in ("svg", "html"):
            self.run_film("--timeline", self.path(f"odd.{kind}"), film=self.path(name))
            text = self.read(f"odd.{kind}")
            self.assertIn("a&lt;b&gt;&amp;&quot;&#39;=.mp4", text)
            self.assertNotIn("a<b>", text)

    @built
    def test_the_sheet_of_the_peaks(self):
        self.run_film("--draw", self.path("sheet.png"))
        w, h, rows = cli.read_png(self.path("sheet.png"))
        self.assertTrue(w > 800 and h > 100 and len({row for row in rows}) > 50)
        for arguments, text in ((["--draw", self.path("a.mp4")], "FILE.png"), (["--draw", self.path("a.png"), "--own-neutral"], "--own-neutral")):
            self.assertIn(text, self.run_film(*arguments, code=2)[1])
            self.assertFalse(os.path.exists(arguments[1]))

    def test_images_with_a_rate_are_of_one_person(self):
        folder = self.stills("stills")
        self.predict("--csv", *RULE, "--fps", "5", "--events", self.path("still.csv"), "--timeline", self.path("still.svg"), folder)
        events = list(csv.DictReader(self.read("still.csv").splitlines()))
        self.assertTrue(events)
        self.assertEqual({event["person"] for event in events}, {"1"})
        self.assertLessEqual(max(float(event["offset"]) for event in events), 1.2 + 1e-6)
        self.assertIn("Largest face of each image: in 6 of 6 frames", self.read("still.svg"))

    def test_what_does_not_fit_is_refused(self):
        folder = self.stills("refused", 1)
        picture = os.path.join(folder, "0.png")
        for arguments, text in ((["--events", "e.csv", folder], "--events needs times"), (["--timeline", "t.svg", picture], "--timeline needs times"),
                                (["--events", "e.csv", "--fps", "25", picture], "needs more than one image"),
                                (["--events-format", "elan", folder], "--events-format needs --events"),
                                (["--events", "e.csv", "--events-format", "xml", folder], 'csv, elan or boris, found "xml"'),
                                (["--timeline", "t.png", folder], "FILE.svg or FILE.html"), (["--without-faces", folder], "--without-faces needs --timeline"),
                                (["--set", "event_leave=0.9", "--events", "e.csv", "--fps", "2", folder], "event_leave is 0.9")):
            done = subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False, cwd=self.folder)
            self.assertIn(done.returncode, (1, 2), arguments)
            self.assertEqual(done.stdout, "")
            self.assertIn(text, done.stderr)
        self.assertFalse(os.path.exists(self.path("e.csv")) or os.path.exists(self.path("t.svg")))

    @built
    def test_a_file_that_cannot_be_written_is_named_and_none_is_left_half(self):
        missing = self.path("missing/e.csv")
        self.assertIn(missing, self.run_film("--events", missing, code=1)[1])
        for name, arguments in (("/dev/full", ["--events", "/dev/full"]), ("full.svg", ["--timeline", self.path("full.svg")])):
            if name == "full.svg":
                os.symlink("/dev/full", self.path(name)) if not os.path.lexists(self.path(name)) else None
            self.assertIn(name, self.run_film(*arguments, code=1)[1])
        with open("/dev/full", "w", encoding="utf-8") as full:  # the rows cannot be written
            done = subprocess.run(self.command("--csv", "--events", self.path("none.csv"), "--timeline", self.path("none.svg"), self.film), stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(glob.glob(self.path("none.*")), [])

    @built
    def test_memory_does_not_grow_with_the_length(self):
        peaks, data = [], films.y4m([10 + k % 60 for k in range(60)])
        head, body = data[:data.index(b"\n") + 1], data[data.index(b"\n") + 1:]
        for times in (3, 20):  # bins are joined from frame 961 on
            film = self.path(f"long{times}.y4m")
            with open(film, "wb") as file:
                file.write(head)
                for _ in range(times):  # this process stays small: what it has at the fork counts as the child's
                    file.write(body)
            with subprocess.Popen(self.command("--csv", *RULE, "--events", self.path("long.csv"), "--timeline", self.path("long.svg"), film), stdout=subprocess.DEVNULL) as run:
                _, status, used = os.wait4(run.pid, 0)
                run.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(run.returncode, 0)
            peaks.append(used.ru_maxrss)
            os.remove(film)
        if os.environ.get("CLILE_LIMIT") == "1":  # the address sanitizer keeps what was freed
            self.assertLess(peaks[1], peaks[0] + 12288)  # the frames alone are 68 MB
        self.assertIn('class="band s1"', self.read("long.svg"))
        self.assertLess(os.path.getsize(self.path("long.svg")), 1 << 20)

    def test_a_camera(self):
        self.predict("--csv", *RULE, "--events", self.path("camera.csv"), "--timeline", self.path("camera.html"), "--camera", "1", code=1, env=self.with_camera)  # unplugged
        self.assertIn("person,au,name", self.read("camera.csv"))
        self.assertIn("in 6 of 6 frames", self.read("camera.html"))


if __name__ == "__main__":
    unittest.main()
