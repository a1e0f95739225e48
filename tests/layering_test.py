#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: fails on any other #include, and on a CMake link line that says otherwise."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ALL = {"base", "encode", "parse", "seccomp", "runtime", "bpf", "collect", "watch", "replay", "benchmark", "config", "checks",
       "evaluate", "enforce", "sinks", "confine", "gateway", "hooks"}

# module: (its folder, modules it may include besides include/hullmark, third-party libraries)
TABLE = {
    "model": ("agent/model", set(), set()),
    "base": ("agent/base", set(), set()),
    "encode": ("agent/encode", set(), set()),
    "parse": ("agent/parse", set(), set()),
    "seccomp": ("agent/seccomp", set(), set()),
    "checks": ("checks", set(), set()),
    "runtime": ("agent/runtime", {"parse"}, {"nlohmann"}),
    "bpf": ("agent/bpf", {"base"}, {"bpf"}),
    "collect": ("agent/collect", {"base", "parse", "runtime", "bpf", "seccomp"}, set()),
    "replay": ("agent/replay", {"base", "encode", "seccomp"}, {"nlohmann"}),
    "benchmark": ("agent/benchmark", set(), {"yaml-cpp", "openssl"}),
    "config": ("agent/config", {"benchmark"}, set()),
    "evaluate": ("agent/evaluate", set(), set()),
    "enforce": ("agent/enforce", {"base", "bpf", "encode", "parse", "replay"}, set()),
    "sinks": ("agent/sinks", {"encode"}, {"fmt", "prometheus"}),
    "watch": ("agent/watch", {"base", "bpf"}, set()),
    "confine": ("agent/confine", {"base"}, {"seccomp"}),
    "gateway": ("agent/gateway", {"base"}, {"httplib", "zlib", "openssl", "crypt"}),
    "hooks": ("agent/hooks", {"base", "encode"}, {"httplib", "openssl"}),
    "daemon": ("agent/daemon", ALL, {"spdlog", "systemd"}),
    "cli": ("agent/cli", ALL | {"daemon"}, {"CLI", "spdlog"}),
    "main": ("agent/main.cc", ALL | {"daemon", "cli"}, {"spdlog"}),
    "include": ("include", set(), set()),
}
# What lies at the top: any other name is a stray.
TOP = {"CMakeLists.txt", "CMakePresets.json", "CONTRIBUTING.md", "LICENSE", "README.md", "agent", "build", "checks", "cmake",
       "dashboards", "debian", "dev", "docs", "include", "systemd", "tests"}
PURE = {"model", "parse", "seccomp", "checks", "evaluate", "include"}
IMPURE = re.compile(r"(fstream|iostream|filesystem|chrono|ctime|cstdio|thread|unistd\.h|fcntl\.h|dirent\.h|"
                    r"sys/(stat|mman|syscall)\.h)$")
LIBRARIES = ("nlohmann", "yaml-cpp", "openssl", "spdlog", "fmt", "CLI", "prometheus", "gtest", "rapidcheck",
             "httplib", "zlib", "seccomp", "systemd", "crypt", "bpf")
TARGETS = {"nlohmann_json": "nlohmann", "OpenSSL": "openssl", "CLI11": "CLI", "prometheus-cpp": "prometheus",
           "ZLIB": "zlib", "libbpf": "bpf"}


def module_of(header):
    parts = header.split("/")
    if parts[0] == "agent" and len(parts) > 2:
        return parts[1]
    return {"checks": "checks", "hullmark": "include"}.get(parts[0])


def wrong_include(module, file, header):
    _, modules, libraries = TABLE[module]
    target, library = module_of(header), header.split("/")[0].removesuffix(".h")
    if target:
        return target not in modules | {module, "include"}
    if library in LIBRARIES:
        return library not in libraries or file.suffix == ".h"
    return module in PURE and IMPURE.match(header) is not None


def includes(module):
    place = ROOT / TABLE[module][0]
    files = [place] if place.is_file() else sorted([*place.rglob("*.cc"), *place.rglob("*.h")])
    for file in files:
        if file.name.endswith((".bpf.h", ".skel.h")):
            continue  # Of the kernel program, and written by bpftool.
        for header in re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', file.read_text(), re.M):
            yield file, header


def links(module):
    """What the module's CMake line names, as a module or a library of the table."""
    cmake = ROOT / TABLE[module][0] / "CMakeLists.txt"
    text = cmake.read_text() if cmake.is_file() else ""
    line = re.search(rf"hullmark_module\(\s*{module}\b[^)]*?LINKS([^)]*)\)", text)
    for word in (line[1].split() if line else []):
        name = word.removeprefix("hullmark_").removeprefix("PkgConfig::").split("::")[0]
        if name != "Threads":
            yield TARGETS.get(name, name)


def main():
    wrong, seen = [], 0
    folders = {folder for folder, _, _ in TABLE.values()}
    wrong += [f"{path.relative_to(ROOT)}: no row in the table" for path in (ROOT / "agent").iterdir()
              if path.is_dir() and str(path.relative_to(ROOT)) not in folders]
    wrong += [f"{path.name}: does not belong at the top" for path in ROOT.iterdir()
              if path.name not in TOP and not path.name.startswith(".")]
    for module, (_, modules, libraries) in TABLE.items():
        for file, header in includes(module):
            seen += 1
            if wrong_include(module, file, header):
                wrong.append(f"{file.relative_to(ROOT)}: {module} must not include {header}")
        for name in links(module):
            if name not in modules | libraries | {"model", module}:
                wrong.append(f"{TABLE[module][0]}/CMakeLists.txt: {module} must not link {name}")
    print("\n".join(wrong))
    print(f"layering: {seen} includes, {len(wrong)} wrong")
    sys.exit(0 if seen and not wrong else 1)


if __name__ == "__main__":
    main()
