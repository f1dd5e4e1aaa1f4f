"""Settings by key, checked by the library's own table."""
import ctypes
import inspect
import logging
import operator
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

from . import _api
from ._library import Handle, expect, lib, run_callback

Value = Union[int, float, str]
LogFunction = Callable[[int, str], Any]
Log = Union[None, bool, logging.Logger, "logging.LoggerAdapter[Any]", LogFunction]
Setting = Union[Value, Log]

_LEVELS = {_api.CLILE_LOG_DEBUG: logging.DEBUG, _api.CLILE_LOG_INFO: logging.INFO, _api.CLILE_LOG_WARNING: logging.WARNING,
           _api.CLILE_LOG_ERROR: logging.ERROR}


def _log_callback(log: Log) -> Any:
    """For C; NULL for no log."""
    if log is None or log is False:
        return _api.clile_log_fn()
    if log is True:
        log = logging.getLogger("clile")
    if isinstance(log, (logging.Logger, logging.LoggerAdapter)):
        logger = log
        log = lambda level, text: logger.log(level, "%s", text)  # noqa: E731 # pylint: disable=unnecessary-lambda-assignment
    elif not callable(log):
        raise TypeError(f"log is a {type(log).__name__}, expected True, a logging.Logger or a function of level and text")
    function = log
    return _api.clile_log_fn(lambda level, text, _user: run_callback(function, _LEVELS.get(level, logging.ERROR), text.decode()))


class OptionInfo(NamedTuple):
    """One row of the table of options (docs/options.md)."""

    name: str
    type: str  # "integer", "real", "choice" or "text"
    default: str
    choices: Tuple[str, ...]
    minimum: float
    maximum: float
    group: str
    help: str


_TYPES = {_api.CLILE_OPTION_INTEGER: "integer", _api.CLILE_OPTION_REAL: "real", _api.CLILE_OPTION_CHOICE: "choice", _api.CLILE_OPTION_TEXT: "text"}


def describe_options() -> List[OptionInfo]:
    """The table of options of the library in use."""
    rows = []
    for index in range(lib.clile_options_count()):
        info = _api.clile_option_info(struct_size=ctypes.sizeof(_api.clile_option_info))
        lib.clile_options_describe(index, ctypes.byref(info))
        choices = tuple(filter(None, info.choices.decode().split("|")))
        rows.append(OptionInfo(info.name.decode(), _TYPES[info.type], info.default_value.decode(), choices, info.minimum, info.maximum,
                               info.group.decode(), info.help.decode()))
    return rows


_TABLE: Dict[str, OptionInfo] = {row.name: row for row in describe_options()}


class Options(Handle):
    """Options(epochs=20, elimination="mixed"): any option of docs/options.md. A wrong name or value raises InvalidArgument, which names the
    nearest. Everything that takes `options` takes the same keywords directly.

    log=True sends the library's log (warnings of a data set, stages of training) to the logger "clile" of logging; another
    logger, or a function of level (logging.WARNING, ...) and text, may be given instead. None: nowhere, the default. What it raises goes to
    sys.unraisablehook (docs/logging.md)."""

    _kind = "clile_options"

    def __init__(self, options: Optional["Options"] = None, /, **settings: Setting):
        if options is None:
            self._make(lib.clile_options_create)
        else:
            self._make(lib.clile_options_copy, expect("options", options, Options)._c)
        if "log" in settings:
            self.set_log(settings.pop("log"))  # type: ignore[arg-type]
        for key, value in settings.items():
            self[key] = value  # type: ignore[assignment]

    def set_log(self, log: Log) -> None:
        """Sets where the log goes for everything created with these options from now on, as the keyword log."""
        callback = _log_callback(log)
        owner = self._c
        lib.clile_options_set_log(owner, callback, None)
        owner.log = callback if callback else None

    def __setitem__(self, key: str, value: Value) -> None:
        kind = _TABLE[key].type if key in _TABLE else "text"
        name = key.encode()
        if isinstance(value, str) or kind in ("choice", "text"):
            if not isinstance(value, str):
                raise TypeError(f"option {key}: {value!r} is not text") if key in _TABLE else self._unknown(key)
            lib.clile_options_set(self._c, name, value.encode())
        elif kind == "integer":
            lib.clile_options_set_i64(self._c, name, operator.index(value))  # type: ignore[arg-type] # a fraction raises TypeError
        else:
            lib.clile_options_set_f64(self._c, name, float(value))

    def _unknown(self, key: str) -> Exception:
        """The library's own message for an unknown key."""
        try:
            lib.clile_options_set(self._c, key.encode(), b"")
        except Exception as error:  # pylint: disable=broad-except
            return error
        return KeyError(key)

    def __getitem__(self, key: str) -> Value:
        """The value that was set, else the default."""
        if key not in _TABLE:
            raise self._unknown(key)
        name, kind = key.encode(), _TABLE[key].type
        if kind == "integer":
            whole = ctypes.c_int64()
            lib.clile_options_get_i64(self._c, name, ctypes.byref(whole))
            return whole.value
        if kind == "real":
            real = ctypes.c_double()
            lib.clile_options_get_f64(self._c, name, ctypes.byref(real))
            return real.value
        text = ctypes.c_char_p()
        lib.clile_options_get_str(self._c, name, ctypes.byref(text))
        return (text.value or b"").decode()

    def is_set(self, key: str) -> bool:
        """Whether it was set, rather than left at its default."""
        return lib.clile_options_is_set(self._c, key.encode()) != 0

    def __contains__(self, key: object) -> bool:
        return key in _TABLE

    def __iter__(self) -> Iterator[str]:
        return iter(_TABLE)

    def __len__(self) -> int:
        return len(_TABLE)

    def keys(self) -> List[str]:
        """The names of all options."""
        return list(_TABLE)

    def _describe(self) -> str:
        return ", ".join(f"{key}={self[key]!r}" for key in _TABLE if self.is_set(key))


def _annotation(row: OptionInfo) -> Any:
    return {"integer": int, "real": float}.get(row.type, str)


# What help(Options) and an interactive completion show: the options as keywords, from the table.
Options.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [inspect.Parameter("options", inspect.Parameter.POSITIONAL_ONLY, default=None),
     inspect.Parameter("log", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Log)]
    + [inspect.Parameter(row.name, inspect.Parameter.KEYWORD_ONLY, default=row.default, annotation=_annotation(row)) for row in _TABLE.values()])


def as_options(options: Optional[Options], settings: Dict[str, Setting]) -> Any:
    """The argument for a C function: NULL for the defaults."""
    if settings:
        return Options(options, **settings)._c
    return None if options is None else expect("options", options, Options)._c
