// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/throttle.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/recheck.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kLeastQuota = 1000;  // Microseconds: the kernel's smallest.

using Place = ContainerPlaces::Place;

class ThrottlePlanner {
 public:
  ThrottlePlanner(const Throttle& throttle, const Confirmed& confirmed)
      : throttle_(throttle), confirmed_(confirmed), places_(*confirmed.places) {}

  ThrottlePlan Make() {
    if (throttle_.cpu_permille) Look("cpu", places_.cpu, &ThrottlePlanner::Cpu);
    if (throttle_.pids) Look("pids", places_.pids, &ThrottlePlanner::Pids);
    if (throttle_.memory_high_permille) Look("memory", places_.memory, &ThrottlePlanner::Memory);
    if (throttle_.io_bytes) Look("io", places_.io, &ThrottlePlanner::Io);
    return std::move(plan_);
  }

 private:
  using Part = void (ThrottlePlanner::*)(const Place& place, const Fd& directory);

  void Note(std::string_view what, std::string_view why) {
    plan_.notes.push_back(std::string(what) + ": " + std::string(why));
  }

  void Look(std::string_view what, const std::optional<Place>& place, Part part) {
    if (!place) return Note(what, "no cgroup of its own has the controller");
    const auto directory = OpenPlace(place->place);
    if (!directory) return Note(what, directory.error().message);
    (this->*part)(*place, *directory);
  }

  void Add(const Place& place, std::string file, std::string former, std::string value,
           std::string device = "") {
    plan_.changes.push_back({.place = place.place,
                             .file = std::move(file),
                             .device = std::move(device),
                             .former = std::move(former),
                             .value = std::move(value)});
  }

  // Adds a change of a number unless the file has one that is no larger.
  void Tighten(std::string_view what, const Place& place, const Fd& directory,
               const std::string& file, std::uint64_t wanted) {
    const auto former = ReadValue(directory, file);
    if (!former) return Note(what, former.error().message);
    const auto now = NumberIn(*former);
    if (now && *now <= wanted) return Note(what, "it is tighter already");
    Add(place, file, *former, std::to_string(wanted));
  }

  void Cpu(const Place& place, const Fd& directory) {
    const auto permille = static_cast<std::uint64_t>(*throttle_.cpu_permille);
    if (place.version == CgroupVersion::kV1) {
      const auto text = ReadValue(directory, "cpu.cfs_period_us");
      const auto period = text ? NumberIn(*text) : std::nullopt;
      if (!period) return Note("cpu", "its period cannot be read");
      return Tighten("cpu", place, directory, "cpu.cfs_quota_us",
                     std::max(kLeastQuota, *period * permille / 1000));
    }
    const auto former = ReadValue(directory, "cpu.max");  // "max 100000"
    if (!former) return Note("cpu", former.error().message);
    const auto blank = former->find(' ');
    const auto period =
        blank == std::string::npos ? std::nullopt : NumberIn(former->substr(blank + 1));
    if (!period) return Note("cpu", "cpu.max is not what it should be");
    const std::uint64_t quota = std::max(kLeastQuota, *period * permille / 1000);
    const auto now = NumberIn(former->substr(0, blank));
    if (now && *now <= quota) return Note("cpu", "it is tighter already");
    Add(place, "cpu.max", *former, std::to_string(quota) + " " + std::to_string(*period));
  }

  void Pids(const Place& place, const Fd& directory) {
    std::uint64_t wanted = throttle_.pids->count;
    if (throttle_.pids->above_current) {
      const auto current = ReadValue(directory, "pids.current");
      const auto count = current ? NumberIn(*current) : std::nullopt;
      if (!count) return Note("pids", "pids.current cannot be read");
      wanted += *count;
    }
    Tighten("pids", place, directory, "pids.max", wanted);
  }

  void Memory(const Place& place, const Fd& directory) {
    const bool v1 = place.version == CgroupVersion::kV1;
    std::optional<std::uint64_t> whole = confirmed_.memory_limit;
    if (!whole) {
      const auto used = ReadValue(directory, v1 ? "memory.usage_in_bytes" : "memory.current");
      whole = used ? NumberIn(*used) : std::nullopt;
    }
    if (!whole) return Note("memory", "what it uses cannot be read");
    const auto permille = static_cast<std::uint64_t>(*throttle_.memory_high_permille);
    const auto page = static_cast<std::uint64_t>(getpagesize());
    const std::uint64_t pages = *whole / page * permille / 1000;
    Tighten("memory", place, directory, v1 ? "memory.soft_limit_in_bytes" : "memory.high",
            std::max<std::uint64_t>(1, pages) * page);
  }

  void Io(const Place& place, const Fd& directory) {
    for (const DeviceNumber& disk : confirmed_.disks) {
      const std::string device = std::to_string(disk.major) + ":" + std::to_string(disk.minor);
      if (place.version == CgroupVersion::kV1) {
        IoOf(place, directory, device, "blkio.throttle.read_bps_device");
        IoOf(place, directory, device, "blkio.throttle.write_bps_device");
      } else {
        IoOf(place, directory, device, "io.max");
      }
    }
  }

  void IoOf(const Place& place, const Fd& directory, const std::string& device,
            const std::string& file) {
    LimitChange change{.place = place.place, .file = file, .device = device};
    const auto former = CurrentValue(directory, change);
    if (!former) return Note("io", former.error().message);
    change.former = *former;
    change.value = file == "io.max" ? Lower(*former) : std::to_string(*throttle_.io_bytes);
    const auto now = NumberIn(*former);
    const bool tighter = now && *now != 0 && *now <= *throttle_.io_bytes;
    if (tighter || change.value == change.former) return Note("io", "it is tighter already");
    plan_.changes.push_back(std::move(change));
  }

  // "rbps=1048576 wbps=max" with neither above what is wanted.
  std::string Lower(std::string_view pair) const {
    const auto field = [&](std::string_view text) {
      const auto equals = text.find('=');
      const auto now = NumberIn(text.substr(equals + 1));
      const std::uint64_t rate = std::min(now.value_or(UINT64_MAX), *throttle_.io_bytes);
      return std::string(text.substr(0, equals + 1)) + std::to_string(rate);
    };
    const auto blank = pair.find(' ');
    return field(pair.substr(0, blank)) + " " + field(pair.substr(blank + 1));
  }

  const Throttle& throttle_;
  const Confirmed& confirmed_;
  const ContainerPlaces& places_;
  ThrottlePlan plan_;
};

}  // namespace

ThrottlePlan PlanThrottle(const Throttle& throttle, const Confirmed& confirmed) {
  return ThrottlePlanner(throttle, confirmed).Make();
}

}  // namespace hullmark
