"""What generate.py reads in the headers against what a C compiler reads in them, and how the package finds its library."""
import ctypes
import inspect
import os
import pathlib
import re
import shutil
import subprocess
import sys

import clile
import pytest
from clile import _api, _library
from conftest import ROOT

LIBRARY = pathlib.Path(_library.lib._name)


def test_structures_have_the_layout_of_the_compiler(tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler was found")
    structures = [kind for name, kind in vars(_api).items() if name.startswith("clile_") and getattr(kind, "_fields_", None)]
    assert len(structures) >= 5
    lines = []
    for kind in structures:
        lines.append(f'printf("{kind.__name__} %zu\\n", sizeof({kind.__name__}));')
        lines += [f'printf("{kind.__name__}.{field} %zu\\n", offsetof({kind.__name__}, {field}));' for field, _ in kind._fields_]
    lines += [f'printf("{name} %d\\n", (int){name});' for name in vars(_api) if re.match(r"CLILE_(E_|OK|OPTION_|SIMILARITY_|ABI|IMPORT_|FILE_)", name)]
    (tmp_path / "layout.c").write_text("#include <clile/clile.h>\n#include <clile/experimental_loss.h>\n#include <stdio.h>\nint main(void)\n{\n" + "\n".join(lines) + "\n}\n", encoding="utf-8")
    subprocess.run([compiler, "-std=c11", f"-I{ROOT / 'include'}", tmp_path / "layout.c", "-o", tmp_path / "layout"], check=True)
    said = dict(line.split() for line in subprocess.run([tmp_path / "layout"], check=True, capture_output=True, text=True).stdout.splitlines())
    ours = {}
    for kind in structures:
        ours[kind.__name__] = ctypes.sizeof(kind)
        ours.update({f"{kind.__name__}.{field}": getattr(kind, field).offset for field, _ in kind._fields_})
    ours.update({name: getattr(_api, name) for name in said if name.startswith("CLILE_")})
    assert {name: int(value) for name, value in said.items()} == ours


def test_progress_has_every_field():
    assert clile.Progress._fields == tuple(name for name, _ in _api.clile_progress._fields_ if name != "struct_size")
    assert clile.TrainerState._fields == tuple(name for name, _ in _api.clile_trainer_state._fields_ if name != "struct_size")
    assert set(clile.Counts._fields) == {name for name, _ in _api.clile_dataset_counts._fields_} - {"struct_size", "reserved"}


def test_handles_are_not_interchangeable(data):
    with pytest.raises(ctypes.ArgumentError):
        _library.lib.clile_model_au_count(data._c)
    with pytest.raises(ctypes.ArgumentError):
        _library.lib.clile_metrics_auc(1, 1, (ctypes.c_double * 1)(), None, None)


def test_each_status_is_an_exception():
    assert set(_library._KINDS) == set(_api.STATUSES) - {0}
    with pytest.raises(clile.FileError, match="no-such-file") as caught:
        clile.Model.load("no-such-file")
    assert isinstance(caught.value, OSError) and caught.value.status == _api.CLILE_E_IO and caught.value.status_name == "CLILE_E_IO"


def test_versions_agree():
    text = (ROOT / "examples/python/pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^version = "(.*)"$', text, re.M)[1] == clile.__version__


def public():
    """Every function, method and property that users see: (name, function)."""
    for module in (clile, clile.losses, clile.metrics, clile.experimental):
        for name, thing in vars(module).items():
            if name.startswith("_") or not getattr(thing, "__module__", "").startswith("clile"):
                continue
            if inspect.isfunction(thing):
                yield name, thing
            elif inspect.isclass(thing):
                yield name, thing
                for member, value in vars(thing).items():
                    function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
                    if inspect.isfunction(function) and not (member.startswith("_") and member not in ("__init__", "__getitem__")) and function.__module__.startswith("clile"):
                        yield f"{name}.{member}", function


def test_all_that_is_public_has_a_word_and_types():
    seen = dict(public())
    assert len(seen) > 100 and {"Dataset.crop", "Model.load", "Sample.present", "stage2", "f1"} <= set(seen)
    for name, thing in seen.items():
        assert thing.__doc__ or name.endswith("__init__"), f"{name} has no docstring"
        if inspect.isfunction(thing):
            for parameter in list(inspect.signature(thing).parameters.values())[name.count("."):]:
                assert parameter.annotation is not inspect.Parameter.empty, f"{name}: {parameter.name} has no type"
            assert name.endswith("__init__") or inspect.signature(thing).return_annotation is not inspect.Signature.empty, f"{name}: no type of its result"


def run(code, **environment):
    kept = {key: value for key, value in os.environ.items() if key != "CLILE_LIBRARY"}
    return subprocess.run([sys.executable, "-c", code], env={**kept, **environment}, capture_output=True, text=True, check=False)


def test_action_units_have_names(data):
    assert clile.au_name(7) == "Lid tightener" and clile.au_name(3) is None and clile.au_name(2**40) is None
    assert data.au_names == [clile.au_name(au) for au in data.au_ids]


def test_an_older_library_is_refused(monkeypatch):
    monkeypatch.setattr(_api, "CLILE_VERSION_PATCH", _api.CLILE_VERSION_PATCH + 1)
    with pytest.raises(ImportError, match="older than this package, which needs"):
        _library._load()


def test_a_library_that_is_not_there(tmp_path):
    done = run("import clile", CLILE_LIBRARY=str(tmp_path / "libnone.so"))
    assert done.returncode == 1 and "ImportError: libclile could not be loaded" in done.stderr and "libnone.so" in done.stderr
    done = run("import clile", CLILE_LIBRARY="libc.so.6")
    assert done.returncode == 1 and "ImportError: libc.so.6 has no clile_" in done.stderr


def test_the_library_beside_the_package(tmp_path):
    """As a wheel has it (tests/python/wheel.sh builds one)."""
    shutil.copytree(ROOT / "examples/python/clile", tmp_path / "clile")
    beside = tmp_path / f"clile/libclile.so.{_api.CLILE_ABI_VERSION}"
    shutil.copy(LIBRARY, beside)
    done = run("import clile; from clile import _library; print(clile.__file__, _library.lib._name)", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / "clile/__init__.py"), str(beside)]
