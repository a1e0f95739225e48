// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/hooks.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// /etc/hullmark/hullmark.yaml; the defaults here are those of the file. Paths are absolute.
struct Config {
  enum class Api : std::uint8_t { kLoopback, kAuthenticated, kOff };
  enum class Source : std::uint8_t { kAuto, kBpf, kProc };  // Who tells of the tasks.
  struct Scan {
    std::chrono::milliseconds interval{15'000}, full_every{300'000}, budget{5'000};

    friend bool operator==(const Scan&, const Scan&) = default;
  };
  struct Watch {
    enum class Source : std::uint8_t {
      kAuto,
      kBpf,
      kProcConnector,
      kNone
    };  // Who tells of processes as they come.
    Source source = Source::kAuto;
    std::chrono::milliseconds rescan{1'000};  // Between two passes over the rights of all tasks.

    friend bool operator==(const Watch&, const Watch&) = default;
  };
  struct Metrics {
    std::size_t max_series = 20'000;
    bool violations = true;
    Severity violation_min_severity = Severity::kMedium;
    std::string textfile{};  // Directory; "": none.

    friend bool operator==(const Metrics&, const Metrics&) = default;
  };
  struct Events {
    std::string file = "/var/log/hullmark/events.jsonl";  // "": none.
    std::uint64_t max_size = 64U << 20;                   // Bytes.
    int keep = 4;                                         // Rotated files beside the current one.
    int debounce = 2;                                     // Scans.

    friend bool operator==(const Events&, const Events&) = default;
  };
  struct Log {
    std::string level = "info", format = "text";

    friend bool operator==(const Log&, const Log&) = default;
  };

  std::vector<std::string> listen = {"127.0.0.1:9723"};  // V4:PORT, [V6]:PORT, :PORT or unix:PATH.
  Api api = Api::kLoopback;
  std::string web_config{};              // File, see WebConfig; "": none.
  std::string benchmark{}, overrides{};  // Files; "": the compiled-in one, none.
  std::vector<std::string> waivers{};    // Files.
  std::string proc_root = "/proc", sys_root = "/sys", cgroup_root = "/sys/fs/cgroup";
  std::string state_dir = "/var/lib/hullmark";  // "": nothing is kept over a restart.
  std::vector<ContainerClass> classes = {ContainerClass::kContainer, ContainerClass::kVm};
  Selector infrastructure = KubeSystem();
  Selector select{};
  Scan scan{};
  Source source = Source::kAuto;
  bool threads = true;
  Watch watch{};
  Metrics metrics{};
  Events events{};
  std::vector<Hook> hooks{};
  Policy enforce{};
  Log log{};

  friend bool operator==(const Config&, const Config&) = default;

  static Selector KubeSystem() { return {.name_space = {Glob("kube-system")}}; }
};

// Whether a site wants no program of ours in the kernel, or none that tells of execs.
bool RulesOutBpf(const Config& config);

// Parses strictly: an unknown or repeated key, a wrong type or unit, a value out of its bounds is
// an error that names `name` and the line. Whether the rules of `enforce` fit the benchmark is for
// CheckPolicy to say.
Result<Config> LoadConfig(std::string_view text, std::string_view name);

}  // namespace hullmark
