"""Help, versions, options and wrong usage of the command: what needs no data."""
import json
import unittest

from cli import CommandTest, clile

COMMANDS = ["synth", "train", "eval", "compare", "report", "predict", "data", "pack", "info", "card", "import", "export", "bench"]


class Usage(CommandTest):
    def test_no_command(self):
        self.usage("usage: clile COMMAND")
        self.usage('no command "fly"', "fly")

    def test_help_names_what_is_built_and_nothing_else(self):
        text = self.fine("--help").stdout
        listed = [line.split()[0] for line in text.splitlines() if line.startswith("  ")]
        self.assertEqual(listed, COMMANDS)

    def test_each_command_has_help(self):
        for command in COMMANDS:
            text = self.fine(command, "--help").stdout
            self.assertIn(f"usage: clile {command}", text)
            self.assertIn("Exit status: 0 success, 1 failure", text)

    def test_version(self):
        self.assertRegex(self.fine("--version").stdout, r"^clile \d+\.\d+\.\d+\n$")

    def test_missing_arguments(self):
        self.usage("--data is missing", "train", "--out", "m")
        self.usage("--out is missing", "train", "--data", "d")
        self.usage("--model is missing", "eval", "--data", "d")
        self.usage("no image was given", "predict", "--model", "m")
        self.usage("expected one folder", "data")
        self.usage("expected one file", "info")
        self.usage("expected one model file", "export", "--onnx", "m.onnx")
        self.usage("--onnx or --int8 is missing", "export", "m")
        self.usage("needs --fold", "train", "--data", "d", "--out", "m", "--protocol", "bp4d")
        self.usage("--fold cannot be used", "train", "--data", "d", "--out", "m", "--fold", "1")

    def test_unknown_arguments(self):
        self.usage('unknown argument "--dtaa"', "train", "--dtaa", "d")
        self.usage("--out needs a value", "train", "--data", "d", "--out")
        self.usage('unexpected argument "x"', "train", "x")
        self.usage("--json takes no value", "train", "--json=yes")
        self.usage("--checkpoint-every takes a number", "train", "--checkpoint-every", "often")

    def test_wrong_options_name_the_nearest(self):
        base = ["train", "--data", "d", "--out", "m"]
        self.usage("learning_rate", *base, "--set", "learning_rte=1")
        self.usage("tau", *base, "--set", "tau=0")
        self.usage("threads", *base, "--set", "threads=0")
        self.usage("--set takes key=value", *base, "--set", "tau")
        self.usage("layout", *base, "--layout", "bp5d")

    def test_options_are_listed(self):
        rows = self.fine_json("info", "--options")
        names = [row["name"] for row in rows]
        self.assertIn("lambda_ile", names)
        self.assertEqual(len(names), len(set(names)))
        text = self.fine("info", "--options").stdout
        for row in rows:
            self.assertIn(row["name"], text)
            self.assertTrue(row["help"])

    def test_action_units_are_listed(self):
        rows = self.fine_json("info", "--aus")
        self.assertIn({"au": 7, "name": "Lid tightener"}, rows)
        self.assertEqual(self.fine("info", "--aus").stdout.split("\n")[:-1], [f"AU{row['au']:<3} {row['name']}" for row in rows])
        self.usage("--aus takes no file", "info", "--aus", "m.safetensors")
        self.usage("cannot be combined", "info", "--aus", "--options")

    def test_missing_files(self):
        self.fails("no-such-model", "info", "no-such-model")
        self.fails("no-such-folder", "data", "no-such-folder")
        self.fails("no-such-folder", "train", "--data", "no-such-folder", "--out", "m.safetensors")
        self.fails("cannot write no-such-folder/m", "train", "--data", "d", "--out", "no-such-folder/m")

    def test_bench(self):
        self.usage("wrong argument", "bench")
        self.usage("wrong argument", "bench", "fly")
        self.usage("wrong argument", "bench", "train", "--size", "31")
        common = ["--backbone", "resnet10", "--width", "0.125", "--size", "32", "--batch", "2", "--runs", "2", "--threads", "1", "--json"]
        for mode in ("train", "forward"):
            figures = json.loads(self.fine("bench", mode, *common).stdout)
            self.assertEqual(figures["mode"], mode)
            self.assertAlmostEqual(figures["images_per_second"], 2 / figures["step_seconds"], delta=1e-3 * figures["images_per_second"])
            self.assertAlmostEqual(figures["share_of_conv_bound"], figures["conv_bound_seconds"] / figures["step_seconds"], delta=1e-3)
            self.assertGreater(figures["conv_forward_seconds"], 0)
            self.assertGreater(figures["flops"], 0)
            self.assertEqual("input_seconds" in figures, mode == "train")
            profile = figures["profile"]
            self.assertEqual(list(profile), ["convolutions", "norms", "other_layers", "adding_gradients", "update", "rest"])
            for part in ("convolutions", "norms", "other_layers", "rest"):
                self.assertGreater(profile[part], 0, part)
            self.assertEqual(profile["adding_gradients"] > 0, mode == "train")
            self.assertGreater(sum(profile.values()), 0.99 * figures["fastest_step_seconds"])
        train = json.loads(self.fine("bench", "train", *common).stdout)
        self.assertAlmostEqual(train["input_share"], train["input_seconds"] / train["step_with_input_seconds"], delta=1e-6)
        for key in ("input_seconds", "worker_input_seconds", "worker_step_ratio"):
            self.assertGreater(train[key], 0)
        self.assertGreater(train["worker_step_seconds"], train["worker_input_seconds"])
        self.fails("resnet99", "bench", "train", "--backbone", "resnet99")
        self.fails("no-such-pack", "bench", "train", *common, "--data", "no-such-pack")
        busy = json.loads(self.fine("bench", "train", *common, "--busy", "1").stdout)
        self.assertEqual(busy["busy"], 1)

    def test_bench_infer(self):
        self.usage("wrong argument", "bench", "infer", "--size", "31")
        self.usage("wrong argument", "bench", "infer", "--rounds")
        self.fails("resnet99", "bench", "infer", "--backbone", "resnet99")
        self.fails("an engine did not answer", "bench", "infer", "--backbone", "resnet10", "--width", "0.125", "--size", "32", "--onnxruntime", "/bin/false")
        common = ["--backbone", "resnet10", "--width", "0.25", "--size", "32", "--batch", "2", "--rounds", "2", "--threads", "1", "--json"]
        for extra in ([], ["--cpu-time"]):
            case, = json.loads(self.fine("bench", "infer", *common, *extra).stdout)["cases"]
            self.assertEqual(case["clock"], "cpu" if extra else "wall")
            self.assertEqual(sorted(case["engines"]), ["fp32", "int8"])
            for engine in case["engines"].values():
                self.assertGreater(engine["seconds"], 0)
                self.assertGreater(engine["first_answer_seconds"], engine["seconds"])
                self.assertGreater(engine["peak_bytes"], engine["start_bytes"])
            self.assertLess(case["engines"]["int8"]["file_bytes"], 0.3 * case["engines"]["fp32"]["file_bytes"])
            self.assertGreater(case["int8_over_fp32"], 0)
            self.assertNotIn("fp32_over_onnxruntime", case)


if __name__ == "__main__":
    unittest.main()
