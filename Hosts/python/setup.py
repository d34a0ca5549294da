"""Puts the shared library into the wheel, and says for which platform the wheel then is.

The library comes from the file that STEERING_LIBRARY names, else from what `make lib` built at
the top of the source tree. Without one there is no wheel: it could not do anything.
"""

import os
import shutil
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

SONAME = "libsteering.so.1"
TOP = Path(__file__).resolve().parents[2]


def library() -> Path:
    named = os.environ.get("STEERING_LIBRARY")
    path = Path(named) if named is not None else TOP / ".build-lib" / "lib" / SONAME
    if not path.is_file():
        raise SystemExit(
            f"'{path}' is not a file, expected {SONAME}: run 'make lib' at the top of the source "
            "tree, or set STEERING_LIBRARY to its path"
        )
    return path


def licences(source: Path) -> list[Path]:
    """The texts of what is linked into the library; they must travel with it.

    Beside it in doc, as `make lib` leaves them, or in share/doc/steering, as installed.
    """
    top = source.parent.parent
    places = [top / "doc", top / "share" / "doc" / "steering"]
    for place in places:
        texts = sorted(place.glob("*.copyright"))
        if texts:
            return [*texts, *place.glob("LICENSE")]
    raise SystemExit(
        f"there are no licences (*.copyright) in {' or '.join(map(str, places))}, expected those "
        "of what is linked into the library: run 'make lib', or name an installed library"
    )


class BuildWithLibrary(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return  # an editable install finds the library through STEERING_LIBRARY
        source = library()
        target = Path(self.build_lib) / "steering" / "lib"
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target / SONAME)
        for text in (TOP / "LICENSE", *licences(source)):
            if text.is_file():
                shutil.copyfile(text, target / text.name)


class PlatformWheel(bdist_wheel):
    """No extension module, so any Python 3 will do."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


class PlatformDistribution(Distribution):
    """One machine's library inside, so it belongs where extension modules go."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel},
    distclass=PlatformDistribution,
)
