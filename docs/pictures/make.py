"""make.py [--check]: draws face.svg and f1.svg, the pictures of README.md, from face.json and report.json beside it, and photo.svg from
photo.json where that is; all are what the command printed.
--check writes nothing; it fails when a picture is not what the figures give.

make.py face COMMAND MODEL RENDERER FACE_MODEL: makes face.jpg and face.json anew. RENDERER is a folder with model.py, scene.py and skin.py that renders
FACE_MODEL, an ICT-FaceKit Light model packed as .npz; needs NumPy, SciPy and Pillow. All else needs nothing but Python.

make.py photo COMMAND PHOTO [AUS]: makes photo.jpg, photo.json and photo.svg: a face that may be shown, and what the model that comes with libclile says
of it. The one that is here was rendered as by `face`, with the AUs 6,7,10,12,14. Needs Pillow.

Models and report came from a BP4D-like folder of rendered faces, by the settings of examples/quickstart.sh:

    clile pack --data RENDERED --layout bp4d --out rendered.safetensors --set image_size=64 --set data_kind=rendered
    clile train --data rendered.safetensors --protocol bp4d --fold all --out rendered.safetensors --set image_size=64 \
        --set epochs_stage1=4 --set epochs=12 --set init_from_stage1=1
    clile eval --data rendered.safetensors --model rendered.fold1.safetensors --model rendered.fold2.safetensors \
        --model rendered.fold3.safetensors --report docs/pictures/report.json
"""
import json
import pathlib
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent
# Somebody who is in no data set, smiling: what is rendered, AU by AU.
PERSON, POSED, SIDE = 509, {6: 0.9, 7: 0.6, 10: 0.6, 12: 0.95, 14: 0.6}, 512
STYLE = """
    svg { font-family: system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; font-size: 13px }
    .card { fill: #ffffff; stroke: #d0d7de } .text { fill: #1f2328 } .quiet { fill: #59636e; font-size: 12px } .grid { stroke: #d8dee4 }
    .empty { fill: #eff2f5 } .yes { fill: #0969da } .no { fill: #a9b6c3 } .whisker { stroke: #1f2328; stroke-width: 1.5 } .number { text-anchor: end }
    .title { font-weight: 600; font-size: 14px } .strong { font-weight: 600 }
    @media (prefers-color-scheme: dark) {
      .card { fill: #0d1117; stroke: #3d444d } .text { fill: #f0f6fc } .quiet { fill: #9198a1 } .grid { stroke: #2a313c }
      .empty { fill: #1c222b } .yes { fill: #4493f8 } .no { fill: #57616e } .whisker { stroke: #f0f6fc }
    }
"""


class Picture:
    """Lines of an SVG, on a card of its own, so that it can be read on any page."""

    def __init__(self, w, h, about):
        self.lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img">', f"<title>{escape(about)}</title>",
                      f"<style>{STYLE}</style>", f'<rect class="card" x="0.5" y="0.5" width="{w - 1}" height="{h - 1}" rx="6"/>']

    def text(self, x, y, text, kind="text"):
        self.lines.append(f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(text)}</text>')

    def bar(self, x, y, w, h, kind):
        self.lines.append(f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{w:.1f}" height="{h:g}" rx="2"/>')

    def line(self, x1, y1, x2, y2, kind):
        self.lines.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:g}" x2="{x2:.1f}" y2="{y2:g}"/>')

    def dot(self, x, y, kind):
        self.lines.append(f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="4"/>')

    def done(self):
        return "\n".join(self.lines + ["</svg>"]) + "\n"


def face_picture(name):
    """The bars of NAME.json."""
    said = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    answer, rendered = said["answer"], said.get("rendered_with")
    names = dict(zip(said["au"], said["au_name"]))
    count = "twelve" if len(names) == 12 else len(names)
    end = 60 + 23 * len(names)
    picture = Picture(480, end + 24, f"Probability of {count} action units in the face on the left")
    picture.text(16, 26, "probability of each action unit", "text title")
    left, wide, top, step = 224, 196, 42, 23
    for k, (au, name) in enumerate(names.items()):
        y, p, here = top + k * step, answer[f"AU{au:02}_p"], answer[f"AU{au:02}_c"]
        if rendered and au in rendered:
            picture.dot(20, y + 8, "yes")
        picture.text(32, y + 13, f"AU{au}", "text strong" if here else "text")
        picture.text(78, y + 13, name, "text strong" if here else "text")
        picture.bar(left, y + 1, wide, 14, "empty")
        picture.bar(left, y + 1, wide * p, 14, "yes" if here else "no")
        picture.text(464, y + 13, f"{p:.2f}", "text number strong" if here else "text number")
    picture.line(left + wide / 2, top - 3, left + wide / 2, top + len(names) * step - 4, "grid")
    if rendered:
        picture.dot(20, end, "yes")
        picture.text(32, end + 4, "in the face as rendered", "quiet")
    picture.bar(left, end - 6, 14, 10, "yes")
    picture.text(left + 20, end + 4, "present", "quiet")
    picture.bar(left + 90, end - 6, 14, 10, "no")
    picture.text(left + 110, end + 4, "absent", "quiet")
    return picture.done()


def f1_picture():
    report = json.loads((HERE / "report.json").read_text(encoding="utf-8"))["report"]
    f1, intervals = report["pooled"]["f1"]["au"], report["pooled"]["f1"]["au_interval"]
    rows = list(zip((f"AU{au}" for au in report["au"]), report["au_name"], f1, intervals))
    rows.append(("", "average", report["pooled"]["f1"]["average"], report["pooled"]["f1"]["interval"]))
    picture = Picture(800, 400, "F1 of twelve action units on people never seen, with 95 % intervals")
    left, wide, top, step = 220, 500, 60, 23
    bottom = top + len(rows) * step + 4
    picture.text(16, 26, f"F1 on people never seen: {report['subjects']} rendered people, {len(report['folds'])} folds, {report['images']} images", "text title")
    picture.text(16, 44, "lines: 95 % interval over people", "quiet")
    for tenth in range(0, 11, 2):
        x = left + wide * tenth / 10
        picture.line(x, top - 4, x, bottom, "grid")
        picture.text(x - 8, bottom + 16, f"{tenth / 10:.1f}", "quiet")
    for k, (au, name, value, (low, high)) in enumerate(rows):
        y, kind = top + k * step + (4 if not au else 0), "text" if au else "text strong"
        if au:
            picture.text(16, y + 13, au, kind)
        picture.text(60, y + 13, name, kind)
        picture.bar(left, y + 1, wide * value, 14, "no" if au else "yes")
        picture.line(left + wide * low, y + 8, left + wide * high, y + 8, "whisker")
        for end in (low, high):
            picture.line(left + wide * end, y + 4, left + wide * end, y + 12, "whisker")
        picture.text(784, y + 13, f"{value:.2f}", f"{kind} number")
    return picture.done()


def render(renderer, face_model):
    """The face [SIDE,SIDE,3] and its 68 points."""
    sys.path.insert(0, str(renderer))
    import model
    import numpy as np
    import scene
    import skin
    rng = np.random.default_rng(PERSON)
    faces = model.Model(face_model)
    identity = skin.Identity(faces, skin.Canvas(faces), rng, "M")
    scene.attach_topology(faces, identity)
    person, light, camera = scene.Person(identity, rng), scene.Light(rng), scene.Camera(rng)
    pixels = scene.background(rng, SIDE, SIDE)
    pose = scene.Pose(6, -2, 2, dist=90, gaze=np.zeros(2))
    points = scene.draw(faces, person, POSED, pose, light, pixels, SIDE / 2, SIDE * 0.49, scene.CROP_SCALE * SIDE / 160 * 0.88)
    return camera.develop(pixels, scene.exposure_for(light, person.id.skin), np.random.default_rng(1)), points


def face(command, model_path, renderer, face_model):
    """face.jpg, with the points that the command was given, and face.json, what it answered."""
    from PIL import Image, ImageDraw
    pixels, points = render(renderer, face_model)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "face.png"
        Image.fromarray(pixels).save(path)
        (path.parent / "face.csv").write_text("face.png," + ",".join(f"{value:.2f}" for value in points.reshape(-1)) + "\n", encoding="ascii")
        asked = [command, "predict", "--model", model_path, "--json", "--faces", str(path.parent / "face.csv"), str(path)]
        answer = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
        answer["image"] = path.name
        info = json.loads(subprocess.run([command, "info", model_path, "--json"], check=True, capture_output=True, text=True).stdout)
    said = {"rendered_with": sorted(POSED), "au": [row["au"] for row in info["aus"]], "au_name": [row["name"] for row in info["aus"]], "answer": answer}
    (HERE / "face.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    large = Image.fromarray(pixels).resize((4 * SIDE, 4 * SIDE), Image.LANCZOS)  # points without steps
    draw = ImageDraw.Draw(large)
    for x, y in points * 4:
        draw.ellipse([x - 12, y - 12, x + 12, y + 12], fill=(255, 255, 255), outline=(9, 105, 218), width=6)
    large.resize((SIDE, SIDE), Image.LANCZOS).save(HERE / "face.jpg", quality=90, optimize=True)


def photo(command, path, rendered_with=None):
    """photo.jpg, the largest face with its box and points, and photo.json, what the command answered."""
    from PIL import Image, ImageDraw
    lines = subprocess.run([command, "predict", "--json", path], check=True, capture_output=True, text=True).stdout.splitlines()
    answer = json.loads(lines[0])
    info = json.loads(subprocess.run([command, "info", "default", "--json"], check=True, capture_output=True, text=True).stdout)
    answer["image"] = pathlib.Path(path).name
    said = {"au": [row["au"] for row in info["aus"]], "au_name": [row["name"] for row in info["aus"]], "answer": answer}
    if rendered_with:
        said["rendered_with"] = [int(au) for au in rendered_with.split(",")]
    (HERE / "photo.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    x, y, w, h = (answer[name] for name in "xywh")
    picture = Image.open(path).convert("RGB")
    around = max(0, min(max(w, h) * 0.35, x, y, picture.width - x - w, picture.height - y - h))
    scale = 4 * SIDE / (max(w, h) + 2 * around)  # points without steps
    large = picture.transform((4 * SIDE, 4 * SIDE), Image.AFFINE, (1 / scale, 0, x - around, 0, 1 / scale, y - around), Image.BICUBIC)
    draw = ImageDraw.Draw(large)
    draw.rectangle([around * scale, around * scale, (around + w) * scale, (around + h) * scale], outline=(9, 105, 218), width=8)
    for px, py in answer.get("landmarks", []):
        px, py = (px - x + around) * scale, (py - y + around) * scale
        draw.ellipse([px - 12, py - 12, px + 12, py + 12], fill=(255, 255, 255), outline=(9, 105, 218), width=6)
    large.resize((SIDE, SIDE), Image.LANCZOS).save(HERE / "photo.jpg", quality=90, optimize=True)


def main():
    if sys.argv[1:2] == ["face"] and len(sys.argv) == 6:
        face(*sys.argv[2:])
    elif sys.argv[1:2] == ["photo"] and len(sys.argv) in (4, 5):
        photo(*sys.argv[2:])
    elif sys.argv[1:] not in ([], ["--check"]):
        raise SystemExit(__doc__)
    pictures = {"face.svg": face_picture("face"), "f1.svg": f1_picture()}
    if (HERE / "photo.json").exists():  # once a model comes with libclile
        pictures["photo.svg"] = face_picture("photo")
    for name, text in pictures.items():
        path = HERE / name
        if sys.argv[1:] != ["--check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise SystemExit(f"{path} is not what the figures give; draw it anew: python3 docs/pictures/make.py")
    print(", ".join(pictures))


if __name__ == "__main__":
    main()
