#!/usr/bin/env python3
"""What training on many ranks costs: measured on this machine, with an emulated network; fitted; carried on to 1,000 ranks.

    python3 tests/bench/scaling.py measure scaling.json --build build    # needs mpirun, numpy and the module for MPI
    python3 tests/bench/scaling.py show scaling.json --picture docs/pictures/scaling.svg

`measure` runs two things. Pairs: one process with two threads and two ranks with one thread each, in turns, the same images a step; of each
turn the fastest step, then medians over turns. Links: two ranks whose communicator (clile_trainer_set_communicator) is MPI's, and then waits
as long as a network of `ranks` ranks, a latency and a bandwidth would take; every link in its turn, several times, in one run.

`show` carries this on to nodes of 16 cores, one rank each. It fits the cost of a step to half of the links and checks it on the others:

    step = compute + blocking + max(0, behind - hidden)

blocking: messages that the step waits for; behind: gradients, which are summed while the backward pass goes on; hidden: what of them costs
nothing, the one number that is fitted. A message of n bytes takes 2 (p - 1) / p n / bandwidth + 2 ceil(log2 p) latency."""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
AUS = [1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24]
NETWORKS = {  # batch: of a rank
    "ResNet-10 w.25": {"backbone": "resnet10", "width": 0.25, "image_size": 64, "batch": 32, "steps": 8},
    "ResNet-18": {"backbone": "resnet18", "width": 1.0, "image_size": 112, "batch": 8, "steps": 2},
    "ResNet-50": {"backbone": "resnet50", "width": 1.0, "image_size": 112, "batch": 8, "steps": 2},
}
TINY = {"tiny": {"backbone": "resnet10", "width": 0.0625, "image_size": 32, "batch": 8, "steps": 20}}
# ranks, latency in seconds, bandwidth in Gbit/s: the even ones are fitted, the others predicted
LINKS = [(16, 20e-6, 1), (16, 20e-6, 2), (64, 100e-6, 10), (1000, 50e-6, 5), (256, 20e-6, 0.5), (2, 200e-6, 0.7), (8, 1e-3, 25), (32, 500e-6, 100)]
SHOWN_RANKS = [1, 4, 16, 64, 256, 1000]
SHOWN_CORES = 16  # of a node: ideally, they divide the time of one
SHOWN_GBIT = [10, 25, 100]
SHOWN_LATENCY = 20e-6
SIZES = [8, 4096, 65536, 1 << 20, 1 << 22, 1 << 24]


def message_seconds(size, ranks, latency, gbit):
    return 2 * (ranks - 1) / ranks * size * 8 / (gbit * 1e9) + 2 * math.ceil(math.log2(ranks)) * latency if ranks > 1 else 0.0


# ---- a rank -----------------------------------------------------------------------------------------------------------------------------

class Link:
    """MPI's communicator; afterwards the time passes that the emulated network would need. Messages queue, as on one cable."""

    def __init__(self, real, api):
        import ctypes
        self.real, self.setting, self.busy_until, self.messages = real, None, 0.0, []
        c = real.contents
        self.own = api.clile_communicator(struct_size=ctypes.sizeof(api.clile_communicator), rank=c.rank, size=c.size, user=c.user,
                                          allreduce=api.clile_allreduce_fn(self.allreduce), broadcast=api.clile_broadcast_fn(self.broadcast),
                                          begin=api.clile_begin_fn(self.begin), wait=api.clile_wait_fn(self.wait))

    def send(self, kind, size):
        self.messages.append((kind, size))
        if self.setting:
            self.busy_until = max(self.busy_until, time.perf_counter()) + message_seconds(size, *self.setting)

    def arrive(self):
        left = self.busy_until - time.perf_counter()
        if left > 2e-3:
            time.sleep(left - 1e-3)
        while time.perf_counter() < self.busy_until:  # as MPI waits
            pass

    def allreduce(self, user, kind, count, values):
        self.send("blocking", count * (8 if kind else 4))
        result = self.real.contents.allreduce(user, kind, count, values)
        self.arrive()
        return result

    def broadcast(self, user, root, size, data):
        self.send("blocking", size)
        result = self.real.contents.broadcast(user, root, size, data)
        self.arrive()
        return result

    def begin(self, user, count, values):
        self.send("behind", 4 * count)
        return self.real.contents.begin(user, count, values)

    def wait(self, user):
        result = self.real.contents.wait(user)
        self.arrive()
        return result


def train(job, link, clile, lib):
    """Seconds of each step, a list for each of job["links"] (None: MPI alone), and the messages of one step."""
    import ctypes
    import numpy as np
    net, ranks = job["net"], link.own.size if link else 1
    rng = np.random.default_rng(1)
    n = net["batch"] * ranks * 2
    labels = (rng.random((n, len(AUS))) < 0.5).astype(np.int8)
    data = clile.Dataset.from_arrays(rng.integers(0, 256, (n, net["image_size"], net["image_size"], 3), np.uint8), labels, np.arange(n, dtype=np.int32) % 8, AUS)
    rounds, links, steps = job["rounds"], job["links"], net["steps"]
    turns = rounds * len(links)
    settings = {"backbone": net["backbone"], "width": net["width"], "image_size": net["image_size"], "batch": net["batch"], "threads": job["threads"],
                "method": "bce", "epochs": turns * (steps + 1), "validation_every": 0}
    model = clile.Model(AUS, backbone=net["backbone"], width=net["width"], image_size=net["image_size"])
    trainer = clile.Trainer(model, data, **settings)
    if link:
        lib.clile_trainer_set_communicator(trainer._c, ctypes.byref(link.own))
    seconds = [[] for _ in links]
    at = {"turn": 0, "step": 0, "since": 0.0}
    kept = []

    # other work on the machine takes none of a process's own time
    clock = time.process_time if job.get("own_time") else time.perf_counter

    def step(_):
        now = clock()
        if at["step"] > 0:  # the first after a change is not counted
            seconds[at["turn"] % len(links)].append(now - at["since"])
            if link:
                kept[:] = link.messages
        at["step"] += 1
        if at["step"] > steps:
            at["step"], at["turn"] = 0, at["turn"] + 1
        if link:
            link.setting, link.messages = links[at["turn"] % len(links)], []
        at["since"] = clock()
        return at["turn"] == turns

    try:
        trainer.run(2, step)
    except clile.Cancelled:
        pass
    return {"seconds": seconds, "messages": list(kept)}


def time_sums(link, rounds):
    """Seconds of one sum for each of SIZES, the fastest."""
    import ctypes
    c, best = link.real.contents, []
    for size in SIZES:
        values = (ctypes.c_float * max(1, size // 4))()
        turns = []
        for _ in range(rounds):
            begin = time.perf_counter()
            c.allreduce(c.user, 0, len(values), ctypes.cast(values, ctypes.c_void_p))
            turns.append(time.perf_counter() - begin)
        best.append(min(turns))
    return best


def worker(text):
    """Rank 0 prints a line of JSON."""
    import ctypes
    import clile
    from clile import _api
    from clile._library import lib
    if json.loads(text)["nice"]:
        pathlib.Path("/proc/self/autogroup").write_text(str(json.loads(text)["nice"]), encoding="ascii")
    job, mpi, link = json.loads(text), ctypes.POINTER(_api.clile_mpi)(), None
    if job["ranks"] > 1:
        lib.clile_mpi_open(ctypes.byref(mpi))
        link = Link(lib.clile_mpi_get_communicator(mpi), _api)
    result = {"sums": time_sums(link, job["rounds"])} if job["kind"] == "sums" else train(job, link, clile, lib)
    if link is None or link.own.rank == 0:
        print("RESULT " + json.dumps(result), flush=True)
    if link:
        lib.clile_mpi_close(mpi)


# ---- measuring --------------------------------------------------------------------------------------------------------------------------

def start(options, **job):
    environment = {"GOMP_SPINCOUNT": "10000", **os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                   "PYTHONPATH": str(ROOT / "examples" / "python"), "CLILE_LIBRARY": str(pathlib.Path(options.build).resolve() / "lib" / "libclile.so")}
    command = [sys.executable, __file__, "worker", json.dumps({**job, "nice": options.nice})]
    if job["ranks"] > 1:
        version = subprocess.run([options.mpirun, "--version"], capture_output=True, text=True, check=True).stdout
        command = [options.mpirun, *([] if "HYDRA" in version else ["--oversubscribe", "--bind-to", "none"]), "-np", str(job["ranks"]), *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode != 0 or len(lines) != 1:
        sys.exit(f"scaling: {' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return json.loads(lines[0][len("RESULT "):])


def measure(options):
    networks = TINY if options.tiny else NETWORKS
    rounds = options.rounds
    found = {"processor": processor(), "networks": {}, "sizes": SIZES}
    found["sums"] = start(options, kind="sums", ranks=2, rounds=20 if options.tiny else 150)["sums"]
    for name, net in networks.items():
        pairs, whole = [], {**net, "batch": 2 * net["batch"]}
        for _ in range(rounds):
            one = start(options, kind="steps", net=whole, ranks=1, threads=2, rounds=1, links=[None])
            two = start(options, kind="steps", net=net, ranks=2, threads=1, rounds=1, links=[None])
            pairs.append([min(one["seconds"][0]), min(two["seconds"][0])])
        links = [None, *LINKS[:4 if options.tiny else len(LINKS)]]
        run = start(options, kind="steps", net=net, ranks=2, threads=1, rounds=rounds, links=links)
        alone = start(options, kind="steps", net=net, ranks=1, threads=1, rounds=1, links=[None], own_time=1)
        found["networks"][name] = {"net": net, "pairs": pairs, "links": links, "seconds": [min(s) for s in run["seconds"]], "messages": run["messages"],
                                   "alone": min(alone["seconds"][0])}
        pathlib.Path(options.file).write_text(json.dumps(found) + "\n", encoding="ascii")
        print(f"scaling: {name}: measured", file=sys.stderr)


def processor():
    with open("/proc/cpuinfo", encoding="ascii") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else 'unknown'}, {os.cpu_count()} cores"


# ---- the cost of a step -----------------------------------------------------------------------------------------------------------------

def parts(messages, ranks, latency, gbit):
    """(blocking, behind) in seconds."""
    both = {"blocking": 0.0, "behind": 0.0}
    for kind, size in messages:
        both[kind] += message_seconds(size, ranks, latency, gbit)
    return both["blocking"], both["behind"]


def cost(compute, hidden, messages, ranks, latency, gbit):
    blocking, behind = parts(messages, ranks, latency, gbit)
    return compute + blocking + max(0.0, behind - hidden)


def fit(compute, messages, links, seconds):
    """The hidden time with the least squared relative error over these links."""
    def error(hidden):
        return sum((cost(compute, hidden, messages, *link) / s - 1) ** 2 for link, s in zip(links, seconds))
    return min((compute * k / 1000 for k in range(1001)), key=error)


def judge(n):
    """(hidden, errors of the links that were fitted, errors of those that were not)."""
    compute, links, seconds, messages = n["seconds"][0], n["links"][1:], n["seconds"][1:], n["messages"]
    hidden = fit(compute, messages, links[0::2], seconds[0::2])
    errors = [cost(compute, hidden, messages, *link) / s - 1 for link, s in zip(links, seconds)]
    return hidden, errors[0::2], errors[1::2]


# ---- showing ----------------------------------------------------------------------------------------------------------------------------

def milliseconds(s):
    return f"{1e3 * s:.1f}" if s < 0.1 else f"{1e3 * s:.0f}"


def show(options):
    found = json.loads(pathlib.Path(options.file).read_text(encoding="ascii"))
    print(f"{found['processor']}\n\n| network | pixels | images | one process, two threads, ms | two ranks of one thread, ms | speed of the ranks |\n|---|---|---|---|---|---|")
    for name, n in found["networks"].items():
        one, two = (statistics.median(pair[k] for pair in n["pairs"]) for k in (0, 1))
        ratio = statistics.median(pair[0] / pair[1] for pair in n["pairs"])
        print(f"| {name} | {n['net']['image_size']} | {2 * n['net']['batch']} | {milliseconds(one)} | {milliseconds(two)} | {ratio:.2f} |")
    print("\n| sum of two ranks here, bytes | ms |\n|---|---|")
    for size, s in zip(found["sizes"], found["sums"]):
        print(f"| {size} | {1e3 * s:.3f} |")
    print("\n| network | gradients, MB | messages | compute, ms | hidden | error of the fit | error on other links |\n|---|---|---|---|---|---|---|")
    models = {}
    for name, n in found["networks"].items():
        hidden, own, others = judge(n)
        # the compute of a rank that has the machine to itself, and the same share of it hidden
        models[name] = (n["alone"] / SHOWN_CORES, hidden / n["seconds"][0] * n["alone"] / SHOWN_CORES, n["messages"])
        size = sum(s for kind, s in n["messages"] if kind == "behind")
        print(f"| {name} | {size / 1e6:.1f} | {len(n['messages'])} | {milliseconds(n['seconds'][0])} | {100 * hidden / n['seconds'][0]:.0f} % | "
              f"{100 * max(map(abs, own)):.0f} % | {100 * max(map(abs, others)):.0f} % |")
    print(f"\n| network | Gbit/s | {' | '.join(map(str, SHOWN_RANKS))} |\n|---|---|{'---|' * len(SHOWN_RANKS)}")
    for name, model in models.items():
        for gbit in SHOWN_GBIT:
            cells = [cost(*model, ranks, SHOWN_LATENCY, gbit) for ranks in SHOWN_RANKS]
            print(f"| {name} | {gbit} | " + " | ".join(f"{milliseconds(s)}, {100 * model[0] / s:.0f} %" for s in cells) + " |")
    if options.picture:
        pathlib.Path(options.picture).write_text(picture(models), encoding="utf-8")


def picture(models):
    """Efficiency against ranks: a panel for each network, a line for each bandwidth."""
    colours, wide, high = ["#c44e52", "#4c72b0", "#55a868"], 250, 190
    left, top = 48, 34
    width, height = left + len(models) * (wide + 24), top + high + 62
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>']
    for panel, (name, model) in enumerate(models.items()):
        x0 = left + panel * (wide + 24)

        def x(ranks, x0=x0):
            return x0 + wide * math.log10(ranks) / 3

        def y(share):
            return top + high * (1 - share)

        out.append(f'<text x="{x0 + wide / 2:.0f}" y="22" text-anchor="middle" font-weight="bold">{name}</text>')
        for share in (0, 0.25, 0.5, 0.75, 1):
            out.append(f'<line x1="{x0}" x2="{x0 + wide}" y1="{y(share):.1f}" y2="{y(share):.1f}" stroke="#ddd"/>')
            if panel == 0:
                out.append(f'<text x="{x0 - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{100 * share:.0f} %</text>')
        for ranks in (1, 10, 100, 1000):
            out.append(f'<line x1="{x(ranks):.1f}" x2="{x(ranks):.1f}" y1="{top}" y2="{top + high}" stroke="#ddd"/>')
            out.append(f'<text x="{x(ranks):.1f}" y="{top + high + 16}" text-anchor="middle">{ranks}</text>')
        for gbit, colour in zip(SHOWN_GBIT, colours):
            many = [*(2 ** k for k in range(10)), 1000]
            points = " ".join(f"{x(r):.1f},{y(model[0] / cost(*model, r, SHOWN_LATENCY, gbit)):.1f}" for r in many)
            out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    for k, (gbit, colour) in enumerate(zip(SHOWN_GBIT, colours)):
        x0, y0 = left + k * 100, height - 14
        out.append(f'<line x1="{x0}" x2="{x0 + 22}" y1="{y0 - 4}" y2="{y0 - 4}" stroke="{colour}" stroke-width="2"/><text x="{x0 + 28}" y="{y0}">{gbit} Gbit/s</text>')
    out.append(f'<text x="{width - 24}" y="{height - 14}" text-anchor="end">ranks; their speed, of that without a network</text></svg>')
    return "\n".join(out) + "\n"


def main():
    if sys.argv[1:2] == ["worker"]:
        worker(sys.argv[2])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("measure", "show"):
        command = commands.add_parser(name)
        command.add_argument("file", help="of numbers (JSON)")
        if name == "measure":
            command.add_argument("--build", default="build")
            command.add_argument("--mpirun", default="mpirun")
            command.add_argument("--rounds", type=int, default=5)
            command.add_argument("--nice", type=int, default=0, help="beside other work: of the session, below 0 as root (/proc/self/autogroup)")
            command.add_argument("--tiny", action="store_true", help="one tiny network: does it run?")
        else:
            command.add_argument("--picture", help="SVG to write")
    options = parser.parse_args()
    {"measure": measure, "show": show}[options.command](options)


if __name__ == "__main__":
    main()
