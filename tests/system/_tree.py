# SPDX-License-Identifier: MIT
"""A folder of the host that the checks of permissions give in part."""

import shutil


def tree(folder):
    """Makes the folder anew, with public/a, secret/b and notes."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "public").mkdir(parents=True)
    (folder / "secret").mkdir()
    (folder / "public" / "a").write_text("public\n")
    (folder / "secret" / "b").write_text("secret\n")
    (folder / "notes").write_text("notes\n")
    return folder
