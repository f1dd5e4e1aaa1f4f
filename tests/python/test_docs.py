"""The code of docs/python.md runs as printed, block after block."""
import os
import re

import numpy as np
from conftest import ROOT


def test_python_page(arrays, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    many = {name: arrays[name] if name == "au_ids" else np.concatenate([arrays[name]] * 12) for name in arrays}
    np.savez("faces.npz", **many)
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/python.md").read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) == 4
    names = {}
    for block in blocks:
        # the page's own settings, in a size that is trained in a second
        code = block.replace("epochs=20,", 'epochs=2, epochs_stage1=1, width=0.0625, image_size=32, embedding=8, threads=1,')
        exec(compile(code, "docs/python.md", "exec"), names)  # pylint: disable=exec-used
    said = capsys.readouterr().out
    assert "epoch 2: " in said and re.search(r"^AU1 +0\.\d+|^AU1 +1\.0", said, re.M) and os.path.getsize("model.safetensors") > 1000
