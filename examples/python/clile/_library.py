"""The shared library: found, loaded, every function with its types, every failure an exception."""
import ctypes
import os
import pathlib
import threading
from typing import Any, Callable, Dict, Iterable, List, Optional, Type, TypeVar

from . import _api


class Error(Exception):
    """A call that failed: the library's message, and the number and name of the status (docs/errors.md)."""

    status: int = _api.CLILE_E_INTERNAL

    @property
    def status_name(self) -> str:
        """"CLILE_E_IO", ..."""
        return _api.STATUSES.get(self.status, ("CLILE_E_UNKNOWN", ""))[0]


class InvalidArgument(Error, ValueError):
    """An argument is invalid; the message names it, what was expected and what was found."""

    status = _api.CLILE_E_INVALID_ARGUMENT


class OutOfMemory(Error, MemoryError):
    """Out of memory."""

    status = _api.CLILE_E_OUT_OF_MEMORY


class FileError(Error, OSError):
    """A file could not be read or written."""

    status = _api.CLILE_E_IO


class FormatError(Error, ValueError):
    """A file is not of the expected format."""

    status = _api.CLILE_E_FORMAT


class CorruptError(Error, ValueError):
    """A file is of the right format but damaged."""

    status = _api.CLILE_E_CORRUPT


class Unsupported(Error, NotImplementedError):
    """Valid, but not supported by this library, file or machine."""

    status = _api.CLILE_E_UNSUPPORTED


class StateError(Error, RuntimeError):
    """The handle is not in a state that allows the call."""

    status = _api.CLILE_E_STATE


class Cancelled(Error):
    """The progress function asked to stop."""

    status = _api.CLILE_E_CANCELLED


class NotFinite(Error, ArithmeticError):
    """A number is infinite or NaN: in an input, or a loss that diverged."""

    status = _api.CLILE_E_NOT_FINITE


class BackendError(Error, RuntimeError):
    """oneDNN failed."""

    status = _api.CLILE_E_BACKEND


class InternalError(Error, RuntimeError):
    """A defect of libclile itself: please report it."""

    status = _api.CLILE_E_INTERNAL


_KINDS: Dict[int, Type[Error]] = {kind.status: kind for kind in (
    InvalidArgument, OutOfMemory, FileError, FormatError, CorruptError, Unsupported, StateError, Cancelled, NotFinite, BackendError,
    InternalError)}
for _kind in (Error, *_KINDS.values()):
    _kind.__module__ = "clile"  # where users find them


def _candidates() -> List[str]:
    """Where the library may be: only CLILE_LIBRARY if it is set; else next to this file, else wherever the system finds it."""
    named = os.environ.get("CLILE_LIBRARY")
    if named:
        return [named]
    soname = f"libclile.so.{_api.CLILE_ABI_VERSION}"
    beside = [pathlib.Path(__file__).resolve().parent / name for name in (soname, "libclile.so")]
    return [str(path) for path in beside if path.exists()] + [soname]


def _open() -> ctypes.CDLL:
    tried = []
    for path in _candidates():
        try:
            return ctypes.CDLL(path)  # a CDLL releases the global interpreter lock while a function runs
        except OSError as error:
            tried.append(f"  {path}: {error}")
    raise ImportError("libclile could not be loaded; install it, or name it in the environment variable CLILE_LIBRARY. Tried:\n" + "\n".join(tried))


_thread = threading.local()


def _interrupts() -> List[BaseException]:
    """What callbacks of this thread's running call were interrupted by."""
    return _thread.__dict__.setdefault("interrupts", [])


def _check(result: Any, _function: Any, arguments: Any) -> Any:
    interrupts = _interrupts()
    if interrupts:
        first = interrupts[0]
        interrupts.clear()
        raise first
    if result.value != 0:
        text = lib.clile_last_error().decode(errors="replace")
        raise _KINDS.get(result.value, Error)(text)
    return arguments


def _load() -> ctypes.CDLL:
    library = _open()
    for name, (result, arguments) in _api.FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise ImportError(f"{library._name} has no {name}: it is older than this package") from None
        function.restype, function.argtypes = result, arguments
        if result is _api.clile_status:
            function.errcheck = _check
    found = library.clile_abi_version()
    if found != _api.CLILE_ABI_VERSION:
        raise ImportError(f"{library._name} has ABI version {found}, this package needs {_api.CLILE_ABI_VERSION}")
    found, needed = library.clile_version_number(), (_api.CLILE_VERSION_MAJOR * 100 + _api.CLILE_VERSION_MINOR) * 100 + _api.CLILE_VERSION_PATCH
    if found < needed:
        raise ImportError(f"{library._name} is libclile {library.clile_version().decode()}, older than this package, which needs "
                          f"{_api.CLILE_VERSION_MAJOR}.{_api.CLILE_VERSION_MINOR}.{_api.CLILE_VERSION_PATCH}")
    return library


lib: Any = _load()


def au_name(au: int) -> Optional[str]:
    """The name of an action unit in FACS: "Lid tightener" for 7; None for a number that FACS does not have."""
    name = lib.clile_au_name(int(au)) if -(2**31) <= int(au) < 2**31 else None
    return None if name is None else name.decode()


def name_aus(au_ids: Iterable[int]) -> str:
    """For a repr: "3 AUs: 1 2 4"."""
    numbers = [str(au) for au in au_ids]
    return f"{len(numbers)} AU{'' if len(numbers) == 1 else 's'}: {' '.join(numbers)}"


T = TypeVar("T")


def expect(name: str, value: Any, kind: Type[T]) -> T:
    """Returns `value`, which must be one of these; otherwise the exception names the argument."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} is a {type(value).__name__}, expected clile.{kind.__name__}")
    return value


def run_callback(function: Callable[..., Any], *arguments: Any) -> None:
    """For a callback without a result: ctypes hands an exception to sys.unraisablehook, and the library continues; what ends the program (Ctrl-C, sys.exit)
    is raised when the library returns."""
    try:
        function(*arguments)
    except (KeyboardInterrupt, SystemExit) as error:
        _interrupts().append(error)


Count = Callable[[int, int], Any]  # what is done, of how many; a result other than None and 0 stops with Cancelled


def count_callback(progress: Optional[Count]) -> Any:
    """What an exception, or Ctrl-C, interrupts: it is raised when the library returns."""
    def on_count(done: int, total: int, _user: Any) -> int:
        try:
            return 1 if progress is not None and progress(done, total) else 0
        except BaseException as error:  # pylint: disable=broad-except
            _interrupts().append(error)
            return 1

    return _api.clile_count_fn(on_count)


class Owner:
    """Owns a C handle. Python's calls hold their owner, so a handle that is closed while another thread uses it lives until that thread is done."""

    __slots__ = ("_as_parameter_", "_destroy", "log")

    def __init__(self, pointer: Any, destroy: Callable[[Any], None], log: Any = None):
        self._as_parameter_ = pointer
        self._destroy = destroy
        self.log = log  # the callback that the handle may call, kept as long as it

    def __del__(self) -> None:
        self._destroy(self._as_parameter_)


H = TypeVar("H", bound="Handle")


class Handle:
    """What Dataset, Model, Predictor, Trainer, Options and Report share: `close()`, `with`, and destruction in any order."""

    _kind = ""
    _owner = None

    def _make(self, create: Callable[..., Any], *arguments: Any) -> None:
        """Takes the handle that `create(*arguments, &out)` writes."""
        pointer = ctypes.POINTER(getattr(_api, self._kind))()
        log = next((given.log for given in arguments if isinstance(given, Owner) and given.log is not None), None)
        try:
            create(*arguments, ctypes.byref(pointer))
        finally:  # a callback may have interrupted a call that succeeded
            if pointer:
                self._adopt(pointer, log)

    def _adopt(self, pointer: Any, log: Any = None) -> None:
        self._owner = Owner(pointer, getattr(lib, f"{self._kind}_destroy"), log)

    @property
    def _c(self) -> Owner:
        owner = self._owner
        if owner is None:
            raise ValueError(f"this {type(self).__name__} is closed")
        return owner

    @property
    def closed(self) -> bool:
        """Whether close() was called; every other use then raises ValueError."""
        return self._owner is None

    def close(self) -> None:
        """Frees the memory; closing twice is fine. What was made from it (a fold, a predictor, a trainer) still works."""
        self._owner = None

    def _describe(self) -> str:
        """The repr of an open handle."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'closed' if self.closed else self._describe()})"

    def __enter__(self: H) -> H:
        if self.closed:
            raise ValueError(f"this {type(self).__name__} is closed")
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def copy_text(function: Callable[..., Any], *arguments: Any) -> str:
    """The text that the library allocates and returns through its last argument."""
    text = ctypes.c_char_p()
    function(*arguments, ctypes.byref(text))
    try:
        return (text.value or b"").decode()
    finally:
        lib.clile_free(text)
