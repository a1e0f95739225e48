// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/systemd_limits.h"

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <expected>
#include <memory>
#include <string>

#include "agent/enforce/unit_limits.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using std::chrono::microseconds;

// The one that the environment may name is anybody's.
constexpr const char* kAddress = "unix:path=/run/dbus/system_bus_socket";
constexpr const char* kSystemd = "org.freedesktop.systemd1";
constexpr std::chrono::seconds kPatience{2};

struct CloseBus {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
};
using Bus = std::unique_ptr<sd_bus, CloseBus>;

struct FreeText {
  void operator()(char* text) const { free(text); }
};
using Text = std::unique_ptr<char, FreeText>;

class BusError {
 public:
  BusError() = default;
  BusError(const BusError&) = delete;
  BusError& operator=(const BusError&) = delete;
  ~BusError() { sd_bus_error_free(&error_); }

  sd_bus_error* get() { return &error_; }
  // `status`: as the library gives it.
  std::unexpected<Error> Say(int status) const {
    const char* const why = error_.message != nullptr ? error_.message : std::strerror(-status);
    return Fail(CodeOfErrno(-status), std::string("systemd: ") + why);
  }

 private:
  sd_bus_error error_ = {};
};

// The library itself would wait for a bus that says nothing for a minute and a half.
int AwaitReady(sd_bus* bus) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    const int ready = sd_bus_is_ready(bus);
    if (ready != 0) return ready;
    const int done = sd_bus_process(bus, nullptr);
    if (done < 0) return done;
    if (done > 0) continue;
    const auto left =
        std::chrono::ceil<microseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return -ETIMEDOUT;
    const int waited = sd_bus_wait(bus, static_cast<std::uint64_t>(left));
    if (waited < 0 && waited != -EINTR) return waited;
  }
}

Result<Bus> OpenBus() {
  sd_bus* made = nullptr;
  int status = sd_bus_new(&made);
  Bus bus(made);
  if (status >= 0) status = sd_bus_set_address(bus.get(), kAddress);
  if (status >= 0) status = sd_bus_set_bus_client(bus.get(), 1);
  if (status >= 0) {
    status = sd_bus_set_method_call_timeout(bus.get(), microseconds(kPatience).count());
  }
  if (status >= 0) status = sd_bus_start(bus.get());
  if (status >= 0) status = AwaitReady(bus.get());
  if (status < 0) return BusError().Say(status);
  return bus;
}

// Of the object of one unit.
class UnitObject {
 public:
  UnitObject(sd_bus* bus, const std::string& name)
      : bus_(bus),
        interface_(std::string(kSystemd) + (name.ends_with(".scope") ? ".Scope" : ".Service")) {
    char* made = nullptr;
    const std::string top = "/org/freedesktop/systemd1/unit";
    if (sd_bus_path_encode(top.c_str(), name.c_str(), &made) >= 0) path_.reset(made);
  }

  Result<std::string> TextOf(const char* property) const {
    char* text = nullptr;
    BusError error;
    const int status = sd_bus_get_property_string(bus_, kSystemd, path_.get(), interface_.c_str(),
                                                  property, error.get(), &text);
    if (status < 0) return error.Say(status);
    return std::string(Text(text).get());
  }
  Result<std::uint64_t> NumberOf(const std::string& property) const {
    std::uint64_t number = 0;
    BusError error;
    const int status =
        sd_bus_get_property_trivial(bus_, kSystemd, path_.get(), interface_.c_str(),
                                    property.c_str(), error.get(), SD_BUS_TYPE_UINT64, &number);
    if (status < 0) return error.Say(status);
    return number;
  }

 private:
  sd_bus* bus_;
  std::string interface_;
  Text path_;
};

Result<std::uint64_t> GetProperty(const UnitLimits::Unit& unit, const std::string& property) {
  const auto bus = OpenBus();
  if (!bus) return std::unexpected(bus.error());
  const UnitObject object(bus->get(), unit.name);
  const auto cgroup = object.TextOf("ControlGroup");
  if (!cgroup) return std::unexpected(cgroup.error());
  // A unit of a user's systemd, or no unit at all, that has the name of one.
  if (cgroup->size() < 2 || !unit.directory.ends_with(*cgroup)) {
    return Fail(ErrorCode::kNotFound, "systemd: no unit of its has this cgroup");
  }
  return object.NumberOf(property);
}

Result<void> SetProperty(const std::string& unit, const std::string& property,
                         std::uint64_t value) {
  constexpr int kRuntime = 1, kOne = 1;
  const auto bus = OpenBus();
  if (!bus) return std::unexpected(bus.error());
  BusError error;
  const int status = sd_bus_call_method(bus->get(), kSystemd, "/org/freedesktop/systemd1",
                                        "org.freedesktop.systemd1.Manager", "SetUnitProperties",
                                        error.get(), nullptr, "sba(sv)", unit.c_str(), kRuntime,
                                        kOne, property.c_str(), "t", value);
  if (status < 0) return error.Say(status);
  // It writes the files after it has answered, and before it answers again.
  const auto again = UnitObject(bus->get(), unit).NumberOf(property);
  if (!again) return std::unexpected(again.error());
  return {};
}

}  // namespace

UnitLimits LimitsOfSystemd() {
  if (sd_booted() <= 0) return {};
  return {.get = GetProperty, .set = SetProperty};
}

}  // namespace hullmark
