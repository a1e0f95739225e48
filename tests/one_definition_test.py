#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Type names of namespace hullmark are unique over all headers, and sources keep theirs in anonymous
namespaces. Modules are static libraries of one program: two types of one name are one type to the
linker, whichever comes first, and no compiler sees both."""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)\b(?!::|.*;$)", re.M)
ANONYMOUS = re.compile(r"^namespace \{$.*?^\}  // namespace$", re.M | re.S)


def main():
    places = collections.defaultdict(list)
    for folder in ("include", "agent", "checks"):
        for path in sorted((ROOT / folder).rglob("*.h")) + sorted((ROOT / folder).rglob("*.cc")):
            if path.name.endswith(".skel.h"):
                continue  # Written by bpftool, with a forward declaration of everything.
            text = ANONYMOUS.sub("", path.read_text())
            for name in TYPE.findall(text):
                places[name].append(str(path.relative_to(ROOT)))
    if len(places) < 50:
        sys.exit("only %d types found: the pattern no longer fits the sources" % len(places))
    repeated = {name: found for name, found in places.items() if len(found) > 1}
    for name, found in sorted(repeated.items()):
        print("%s is defined in %s" % (name, ", ".join(found)))
    sys.exit(1 if repeated else 0)


if __name__ == "__main__":
    main()
