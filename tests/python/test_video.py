"""Videos through the real decoder, from tiny films that ffmpeg makes; without ffmpeg, from uncompressed ones (Y4M) made here."""
import os
import pathlib
import shutil
import subprocess
import sys

import clile
import numpy as np
import pytest

built = pytest.mark.skipif(os.environ.get("CLILE_VIDEO") != "1", reason="the decoder of videos was not built")
FFMPEG = shutil.which("ffmpeg")
ffmpeg = pytest.mark.skipif(FFMPEG is None, reason="ffmpeg was not found")
CODE = "import sys, clile\nfor f in clile.Video('-'): print(f.index, f.time, f.damaged, f.image.shape)"


def y4m(frames, h=48, w=64, rate="25:1"):
    """Frame k is of the grey level 20 k + 16."""
    planes = [b"FRAME\n" + bytes([16 + 20 * k]) * (h * w) + b"\x80" * (h * w // 2) for k in range(frames)]
    return f"YUV4MPEG2 W{w} H{h} F{rate} Ip A1:1 C420jpeg\n".encode() + b"".join(planes)


def make(path, *args, source="testsrc=size=64x48:rate=10", seconds=1):
    subprocess.run([FFMPEG, "-v", "error", "-y", "-f", "lavfi", "-i", source, "-t", str(seconds), *args, str(path)], check=True)
    return path


@built
def test_frames_times_and_pixels(tmp_path):
    (tmp_path / "a.y4m").write_bytes(y4m(5))
    frames = list(clile.Video(tmp_path / "a.y4m"))
    assert [f.index for f in frames] == [0, 1, 2, 3, 4]
    assert np.allclose([f.time for f in frames], [0, .04, .08, .12, .16])
    assert all(f.image.shape == (48, 64, 3) and f.damaged == 0 for f in frames)
    levels = [float(f.image.mean()) for f in frames]
    assert all(abs(b - a - 20) < 5 for a, b in zip(levels, levels[1:])), levels


@built
def test_standard_input():
    run = subprocess.run([sys.executable, "-c", CODE], input=y4m(3), capture_output=True, timeout=60)
    assert run.returncode == 0 and run.stderr == b"", run.stderr
    assert run.stdout.splitlines()[2] == b"2 0.08 0 (48, 64, 3)"


@built
def test_memory_of_a_long_video_is_constant():
    """20 000 frames through a pipe: 90 MB of pixels, and no more memory than for 2 000."""
    code = ("import clile, resource\npeak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "for f in clile.Video('-'):\n if f.index == 2000: early = peak()\nprint(f.index, peak() - early)")
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        head, frames = y4m(10).split(b"\n", 1)
        run.stdin.write(head + b"\n")
        for _ in range(2000):
            run.stdin.write(frames)
        run.stdin.close()
        last, grown = map(int, run.stdout.read().split())
    assert last == 19999 and grown < 2048, grown


@built
def test_hundreds_of_videos_one_after_the_other(tmp_path):
    """The module stays loaded: libraries that FFmpeg brings do not bear to be unloaded and loaded again a hundred times."""
    (tmp_path / "a.y4m").write_bytes(y4m(1))
    code = ("import clile, resource, sys\nfor k in range(300):\n with clile.Video(sys.argv[1]) as video: next(video)\n"
            " if k == 20: early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early)")
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.y4m")], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 2048


@built
def test_what_is_no_video_is_told(tmp_path):
    (tmp_path / "text.mp4").write_bytes(b"not a video " * 1000)
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/hostname\n#EXT-X-ENDLIST\n")
    (tmp_path / "concat.txt").write_text("ffconcat version 1.0\nfile a.y4m\n")
    (tmp_path / "a.y4m").write_bytes(y4m(2))
    for name in ("text.mp4", "empty.mp4", "list.m3u8", "concat.txt"):
        with pytest.raises(clile.FormatError, match=name):
            list(clile.Video(tmp_path / name))
    for name in ("none.mp4", "."):
        with pytest.raises(clile.Error):
            clile.Video(tmp_path / name)
    with pytest.raises(clile.FileError, match="No such file"):
        clile.Video(tmp_path / "none.mp4")
    with pytest.raises(clile.InvalidArgument, match="64 x 48 pixels, max_pixels is 1000"):
        clile.Video(tmp_path / "a.y4m", max_pixels=1000)
    with pytest.raises((clile.FileError, clile.Unsupported), match="camera"):
        clile.Video("77", camera=True)
    with pytest.raises((clile.FileError, clile.Unsupported), match="camera"):
        clile.Video(tmp_path / "text.mp4", camera=True)


@built
@ffmpeg
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_rotation(tmp_path, turn):
    """A film with one bright corner, turned by its metadata alone, as ffmpeg turns it."""
    make(tmp_path / "a.mp4", "-vf", "drawbox=0:0:16:16:white:fill", "-c:v", "mpeg4", "-q:v", "2", source="color=black:size=64x48:rate=5")
    turned = ["-c", "copy", tmp_path / "b.mp4"]  # FFmpeg 6 and later have an option, earlier ones a tag
    command = [FFMPEG, "-v", "error", "-y"]
    if subprocess.run([*command, "-display_rotation", str(turn), "-i", tmp_path / "a.mp4", *turned], capture_output=True).returncode:
        subprocess.run([*command, "-i", tmp_path / "a.mp4", "-metadata:s:v:0", f"rotate={turn}", *turned], check=True)
    raw = subprocess.run([FFMPEG, "-v", "error", "-i", tmp_path / "b.mp4", "-f", "rawvideo", "-pix_fmt", "gray", "-"], check=True, capture_output=True).stdout
    image = next(clile.Video(tmp_path / "b.mp4")).image
    expected = np.frombuffer(raw[:64 * 48], np.uint8).reshape(image.shape[:2])
    assert np.abs(image.mean(2) - expected).mean() < 4
    assert image.shape == ((48, 64, 3) if turn % 180 == 0 else (64, 48, 3))


@built
@ffmpeg
def test_variable_rate_and_square_pixels(tmp_path):
    film = make(tmp_path / "a.mkv", "-vf", "select='not(eq(mod(n,4),1))',setsar=2/1", "-fps_mode", "vfr", "-c:v", "mpeg4")
    frames = list(clile.Video(film))
    assert np.allclose([f.time for f in frames], [k / 10 for k in range(10) if k % 4 != 1], atol=2e-3)
    assert frames[0].image.shape == (48, 128, 3)


@built
@ffmpeg
def test_the_size_may_change(tmp_path):
    parts = [make(tmp_path / f"{k}.ts", "-c:v", "mpeg2video", source=f"testsrc=size={s}:rate=25").read_bytes() for k, s in enumerate(("64x48", "96x80"))]
    (tmp_path / "both.ts").write_bytes(b"".join(parts))
    shapes = [f.image.shape for f in clile.Video(tmp_path / "both.ts")]
    assert (48, 64, 3) in shapes and (80, 96, 3) in shapes and shapes == sorted(shapes)


@built
@ffmpeg
def test_damage_is_left_out_and_counted(tmp_path):
    film = make(tmp_path / "a.avi", "-c:v", "mpeg4", "-g", "5", seconds=4)
    data = bytearray(film.read_bytes())
    rng = np.random.default_rng(1)
    for at in rng.integers(len(data) // 3, 2 * len(data) // 3, 200):
        data[at] = int(rng.integers(256))
    film.write_bytes(data)
    frames = list(clile.Video(film))
    assert 10 < len(frames) < 41 and frames[-1].damaged > 0
    make(tmp_path / "b.mp4", "-c:v", "mpeg4")
    whole = (tmp_path / "b.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(whole[:len(whole) // 2])
    with pytest.raises((clile.FormatError, clile.CorruptError), match="b.mp4"):
        list(clile.Video(tmp_path / "b.mp4"))


FILMS = {"a.mp4": ["-c:v", "mpeg4", "-movflags", "+faststart"], "b.mkv": ["-c:v", "mpeg4"], "c.avi": ["-c:v", "mpeg4"], "d.flv": ["-c:v", "flv"],
         "e.mov": ["-c:v", "mjpeg", "-movflags", "+faststart"], "f.webm": ["-c:v", "libvpx"]}


@built
@ffmpeg
@pytest.mark.parametrize("name", FILMS)
def test_a_truncated_film_is_told_after_its_frames(tmp_path, name):
    """The container just ends: every frame comes, then an error, once; with sound that is longer than the film, too, and through a pipe."""
    source = "testsrc=size=64x48:rate=10:duration=9"
    whole = make(tmp_path / name, "-f", "lavfi", "-i", "sine=440", *FILMS[name], source=source, seconds=11).read_bytes()  # of sound
    assert len(list(clile.Video(tmp_path / name))) == 90
    for share in (2, 3):
        (tmp_path / name).write_bytes(whole[:len(whole) // share])
        frames = []
        video = clile.Video(tmp_path / name)
        with pytest.raises(clile.CorruptError, match=rf"{name}: it ends early: after [0-9.]+ seconds, its header says [0-9.]+"):
            for frame in video:
                frames.append(frame)
        assert 90 / share * 0.5 < len(frames) < 85 and [f.index for f in frames] == list(range(len(frames)))
        assert next(video, None) is None
        video.close()
    run = subprocess.run([sys.executable, "-c", CODE], input=whole[:len(whole) // 2], capture_output=True, timeout=60)
    assert run.returncode == 1 and b"standard input: it ends early" in run.stderr and len(run.stdout.splitlines()) > 20


@pytest.mark.parametrize("what", ["Video('film.mp4')", "Video('0', camera=True)"])
def test_a_module_that_is_not_installed(tmp_path, what):
    library = shutil.copy(os.environ["CLILE_LIBRARY"], tmp_path)
    code = f"import clile\ntry: clile.{what}\nexcept clile.Unsupported as e: print(e)"
    env = {**os.environ, "CLILE_LIBRARY": str(pathlib.Path(library))}
    text = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert "is not installed" in text and "clile-video" in text and str(tmp_path) in text
