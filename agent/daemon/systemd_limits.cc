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

struct DropMessage {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, DropMessage>;

// A variant of GetAll's answer; of what is neither a number nor the cgroup's path nothing is kept.
int TakeVariant(sd_bus_message* message, const std::string& name, UnitLimits::Unit& unit) {
  if (name == "ControlGroup") {
    const char* path = nullptr;
    const int status = sd_bus_message_read(message, "v", "s", &path);
    if (status > 0) unit.cgroup = path;
    return status;
  }
  char type = 0;
  const char* contents = nullptr;
  const int status = sd_bus_message_peek_type(message, &type, &contents);
  if (status <= 0 || std::strcmp(contents, "t") != 0) return sd_bus_message_skip(message, "v");
  std::uint64_t number = 0;
  const int read = sd_bus_message_read(message, "v", "t", &number);
  if (read > 0) unit.properties[name] = number;
  return read;
}

// Of an "a{sv}".
int TakeAll(sd_bus_message* message, UnitLimits::Unit& unit) {
  int status = sd_bus_message_enter_container(message, 'a', "{sv}");
  while (status >= 0) {
    status = sd_bus_message_enter_container(message, 'e', "sv");
    if (status <= 0) return status;
    const char* name = nullptr;
    status = sd_bus_message_read(message, "s", &name);
    if (status > 0) status = TakeVariant(message, name, unit);
    if (status >= 0) status = sd_bus_message_exit_container(message);
  }
  return status;
}

Result<UnitLimits::Unit> Ask(sd_bus* bus, const std::string& name) {
  char* made = nullptr;
  int status = sd_bus_path_encode("/org/freedesktop/systemd1/unit", name.c_str(), &made);
  const Text path(made);
  BusError error;
  if (status < 0) return error.Say(status);
  sd_bus_message* answer = nullptr;
  status =
      sd_bus_call_method(bus, kSystemd, path.get(), "org.freedesktop.DBus.Properties", "GetAll",
                         error.get(), &answer, "s", "org.freedesktop.systemd1.Scope");
  const Message message(answer);
  UnitLimits::Unit unit;
  if (status >= 0) status = TakeAll(message.get(), unit);
  if (status < 0) return error.Say(status);
  return unit;
}

Result<UnitLimits::Unit> GetUnit(const std::string& name) {
  const auto bus = OpenBus();
  if (!bus) return std::unexpected(bus.error());
  return Ask(bus->get(), name);
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
  const auto again = Ask(bus->get(), unit);
  if (!again) return std::unexpected(again.error());
  return {};
}

}  // namespace

UnitLimits LimitsOfSystemd() {
  if (sd_booted() <= 0) return {};
  return AskSparingly({.get = GetUnit, .set = SetProperty}, std::chrono::steady_clock::now);
}

}  // namespace hullmark
