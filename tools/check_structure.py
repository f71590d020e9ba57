#!/usr/bin/env python3
"""Checks the house rules that a compiler does not: the include matrix of ARCHITECTURE.md, and the
budgets of files (800 lines) and functions (80 lines). Prints each breach; exits 1 if there is one.

usage: tools/check_structure.py [ROOT]
"""
import pathlib
import re
import sys

MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 80


def read_matrix(root):
    """Folder -> set of folders (or single headers) it may include, from ARCHITECTURE.md's table."""
    allowed = {}
    for line in (root / "ARCHITECTURE.md").read_text().splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if len(cells) != 3 or not cells[0].startswith("`src/"):
            continue
        folders = re.findall(r"`src/(\w+)/`", cells[0])
        if cells[2] == "all above":
            may = set(allowed)
        else:
            may = {w for w in cells[2].replace("–", "").split()}
        for folder in folders:
            allowed[folder] = may
    return allowed


def include_breaches(root, allowed):
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        folder = path.relative_to(root / "src").parts[0]
        if folder not in allowed:
            yield f"{path}: folder src/{folder}/ is not in ARCHITECTURE.md's table"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'#include "([^"]+)"', line)
            if not match:
                continue
            target = match.group(1)
            other = target.split("/")[0]
            if "/" not in target or other == folder or other in allowed[folder]:
                continue
            if target in allowed[folder]:
                continue
            yield f"{path}:{number}: src/{folder}/ may not include {target}"


def function_lengths(lines):
    """(first line, length) of each function body.

    A function's signature ends with ") {", perhaps with qualifiers or initialisers between; its
    closing brace stands in the column of its first line, as clang-format leaves it.
    """
    for start, line in enumerate(lines):
        stripped = line.strip()
        if not re.search(r"\)\s*(const|noexcept|override|mutable|->[^{]*|:[^{]*)*\s*\{$", stripped):
            continue
        if re.match(r"(namespace|class|struct|enum|union|if|for|while|switch|else|do|try|}|\[)",
                    stripped):
            continue
        first = start
        while first > 0 and lines[first].startswith("    ") and not lines[first - 1].strip().endswith((";", "}", "{")):
            first -= 1
        indent = len(lines[first]) - len(lines[first].lstrip())
        for end in range(start + 1, len(lines)):
            if lines[end].startswith(" " * indent + "}"):
                yield first + 1, end - first + 1
                break


def budget_breaches(root):
    for folder in ("src", "include", "tests", "bench", "tools"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".h", ".cpp", ".py"):
                continue
            lines = path.read_text().splitlines()
            if len(lines) > MAX_FILE_LINES:
                yield f"{path}: {len(lines)} lines, the limit is {MAX_FILE_LINES}"
            if path.suffix == ".py":
                continue
            for first, length in function_lengths(lines):
                if length > MAX_FUNCTION_LINES:
                    yield f"{path}:{first}: a function of {length} lines, the limit is {MAX_FUNCTION_LINES}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    allowed = read_matrix(root)
    if "graph" not in allowed:
        print("ARCHITECTURE.md has no include table")
        return 1
    breaches = list(include_breaches(root, allowed)) + list(budget_breaches(root))
    for breach in breaches:
        print(breach)
    print(f"structure: {len(allowed)} folders, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
