# SPDX-License-Identifier: Apache-2.0
"""What pyproject.toml cannot say: a wheel holds tests/, too, so that kdumpcheck runs without its checkout."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithTests(build_py):
    """Copies the operator's suite into the package while it is built; the repository keeps it once."""

    def run(self) -> None:
        """Build as ever, then add tests/; an editable install uses those of the checkout."""
        super().run()
        if not self.editable_mode:
            for source, target in self._suite().items():
                self.mkpath(str(target.parent))
                self.copy_file(str(source), str(target))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:  # noqa: FBT001, FBT002  # setuptools' signature
        """All files that are made, so that the wheel's record has them."""
        outputs: list[str] = super().get_outputs(include_bytecode)
        return outputs + [str(target) for target in self._suite().values()]

    def _suite(self) -> dict[Path, Path]:
        target = Path(self.build_lib, "kdumpcheck")
        return {source: target / source for source in sorted(Path("tests").rglob("*.py"))}


setup(cmdclass={"build_py": BuildWithTests})
