"""Finds the shared library, checks that it is the right one, and calls it."""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path

from . import _structs as s
from .errors import ARGUMENT, LibraryError, SteeringError

SONAME = "libsteering.so.1"
ENVIRONMENT = "STEERING_LIBRARY"

_lock = threading.Lock()
_loaded: ctypes.CDLL | None = None
_loaded_path: str | None = None


def packaged_path() -> Path:
    """Where a wheel carries the library."""
    return Path(__file__).parent / "lib" / SONAME


def _candidate() -> str:
    named = os.environ.get(ENVIRONMENT)
    if named is not None:
        if not Path(named).is_file():
            raise LibraryError(
                f"environment variable {ENVIRONMENT} is '{named}', expected the path of {SONAME}"
            )
        return named
    packaged = packaged_path()
    return str(packaged) if packaged.is_file() else SONAME


def _load(path: str) -> ctypes.CDLL:
    # CDLL, not PyDLL: the interpreter's lock is released while the library works.
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise LibraryError(
            f"cannot load '{path}' ({error}), expected {SONAME}: install a wheel that carries it, "
            f"or "
            f"set {ENVIRONMENT} to its path"
        ) from None
    try:
        library.steer_abi_version.restype = ctypes.c_uint32
        found = library.steer_abi_version()
    except AttributeError:
        raise LibraryError(
            f"'{path}' has no steer_abi_version, expected the library {SONAME}"
        ) from None
    if found != s.ABI_VERSION:
        raise LibraryError(f"'{path}' has ABI version {found}, expected {s.ABI_VERSION}")
    for name, (result, arguments) in s.PROTOTYPES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise LibraryError(
                f"'{path}' lacks the function {name}, expected all of ABI version {s.ABI_VERSION}"
            ) from None
        function.restype = result
        function.argtypes = arguments
    return library


def library() -> ctypes.CDLL:
    """The library, loaded at first use.

    Looked for in the file that STEERING_LIBRARY names, else beside this package, else where the
    system looks for shared libraries.

    Raises:
        LibraryError: It was not found, or has another ABI version.
    """
    global _loaded, _loaded_path
    if _loaded is None:
        with _lock:
            if _loaded is None:
                path = _candidate()
                _loaded = _load(path)
                _loaded_path = path
    return _loaded


def library_path() -> str:
    """The path that the library was loaded from, or its bare name where the system found it."""
    library()
    return _loaded_path or SONAME


def library_version() -> str:
    """The library's version, for example "0.1.0"."""
    return library().steer_version().decode()


def new_error() -> s.Error:
    """An empty error block."""
    return s.sized(s.Error, row=-1)


def failure(status: int, error: s.Error) -> SteeringError:
    """What a failed call said, as an exception."""
    name = library().steer_status_name(status).decode()
    message = error.message.decode("utf-8", "replace") or "no message"
    return SteeringError(status, message, name=name, row=None if error.row < 0 else error.row)


def call(name: str, *arguments) -> None:
    """Calls a function that returns a status and takes an error block last.

    A handle is passed as the object, never as its address: ``arguments`` then holds it until the
    call is over, though its owner be closed meanwhile in another thread.

    Raises:
        SteeringError: The call failed.
    """
    error = new_error()
    raw = [entry.address if isinstance(entry, Handle) else entry for entry in arguments]
    status = getattr(library(), name)(*raw, ctypes.byref(error))
    if status != 0:
        raise failure(status, error)


NO_COPY = (
    "plans, dictionaries and sessions hold the library's memory and cannot be copied or pickled, "
    "expected hooks to be removed before their module is copied"
)


class Handle:
    """One handle of the library, ended when the last reference to this object goes.

    Objects drop their reference in ``close``; a call that is under way in another thread keeps its
    own, so that nothing is freed while it is used.
    """

    __slots__ = ("address", "_destroy", "__weakref__")

    def __init__(self, address: int, destroy) -> None:
        self.address = address
        self._destroy = destroy

    def __del__(self) -> None:
        # One that was never filled (a failed construction) has neither attribute.
        address = getattr(self, "address", None)
        if address:
            self.address = None
            self._destroy(address)

    def __deepcopy__(self, memo):
        raise SteeringError(ARGUMENT, NO_COPY)

    def __copy__(self):
        raise SteeringError(ARGUMENT, NO_COPY)

    def __reduce_ex__(self, protocol):
        raise SteeringError(ARGUMENT, NO_COPY)


def create(name: str, destroy: str, *arguments) -> Handle:
    """Calls a function whose last argument before the error block receives a handle."""
    out = ctypes.c_void_p()
    call(name, *arguments, ctypes.byref(out))
    return Handle(out.value, getattr(library(), destroy))


class Owner:
    """Base of the objects that own a handle: ``close``, ``with``, and an error after closing."""

    _handle: Handle | None

    def _live(self) -> Handle:
        handle = self._handle
        if handle is None:
            kind = type(self).__name__.lower()
            raise SteeringError(1, f"the {kind} is closed, expected an open one")
        return handle

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._handle is None

    def close(self) -> None:
        """Ends this object's hold on the library's memory; closing twice is fine."""
        self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *exception) -> None:
        self.close()


class Exclusive(Owner):
    """An owner whose handle holds scratch memory: one thread at a time.

    A second thread gets an error instead of a data race. It never waits: waiting would hide the
    bug.
    """

    def _start(self) -> Handle:
        handle = self._live()
        if not self._busy.acquire(blocking=False):
            kind = type(self).__name__.lower()
            raise SteeringError(
                1, f"the {kind} is in use by another thread, expected one thread at a time"
            )
        return handle
