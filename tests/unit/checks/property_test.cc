// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checks/table.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"

namespace hullmark::testing {
namespace {

// Parameters of any capability check: every set is the Docker default, every switch is on.
Params Plausible(const Check& check) {
  constexpr CapSet kDockerDefault = CapSet(0x00000000a80425fb);
  std::vector<ParamValue> values;
  for (const ParamSpec& spec : check.params) {
    if (spec.type == ParamType::kCaps) values.emplace_back(kDockerDefault);
    if (spec.type == ParamType::kBool) values.emplace_back(true);
  }
  return Params(values);
}

CapSet AnyCaps() { return CapSet(*rc::gen::arbitrary<std::uint64_t>()); }

// Sets as a kernel could show them: effective and ambient bits are permitted ones.
void GiveAnyCaps(Scene& scene) {
  ProcStatus& status = scene.status();
  status.permitted = AnyCaps();
  status.effective = AnyCaps() & status.permitted;
  status.inheritable = AnyCaps();
  status.bounding = AnyCaps();
  status.ambient = AnyCaps() & status.permitted & status.inheritable;
  status.no_new_privs = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) scene.UseHost(NamespaceKind::kUser);
}

void Remove(CapSet caps, ProcStatus& status) {
  status.permitted = status.permitted - caps;
  status.effective = status.effective - caps;
  status.inheritable = status.inheritable - caps;
  status.bounding = status.bounding - caps;
  status.ambient = *status.ambient - caps;
}

RC_GTEST_PROP(Capabilities, RemovingSomeNeverMakesAVerdictWorse, ()) {
  Scene scene;
  GiveAnyCaps(scene);
  const CapSet removed = AnyCaps();
  for (const Check& check : CapabilityChecks()) {
    const auto judge = std::get<ProcessCheck>(check.evaluate);
    const Params params = Plausible(check);
    Scene less;
    less.task() = scene.task();
    Remove(removed, less.status());
    const Outcome before = judge(scene.View(), params, nullptr).outcome;
    const Outcome after = judge(less.View(), params, nullptr).outcome;
    RC_ASSERT(after <= before);
  }
}

RC_GTEST_PROP(Namespaces, OrderOfContainersAndMembersDoesNotMatter, ()) {
  Scene scene;
  const auto count = *rc::gen::inRange<std::size_t>(1, 6);
  for (std::size_t at = 1; at <= count; ++at) {
    scene.AddContainer("c" + std::to_string(at));
    scene.AddProcess(at, at);
    if (*rc::gen::arbitrary<bool>()) scene.Join(NamespaceKind::kNet, at, 0);
    if (*rc::gen::arbitrary<bool>()) scene.Join(NamespaceKind::kPid, at, 0);
    if (*rc::gen::arbitrary<bool>()) scene.container(at).container_class = ContainerClass::kPause;
  }
  const Params net = Of({true});
  const Params others = Of({Strings({"pid", "ipc"}), Strings({}), true});
  const auto verdicts = [&] {
    std::vector<std::pair<StringId, std::pair<Outcome, Outcome>>> all;
    for (std::size_t at = 0; at <= count; ++at) {
      all.push_back({scene.container(at).name,
                     {Judge(NamespaceChecks(), "NS-009", scene, net, nullptr, at).outcome,
                      Judge(NamespaceChecks(), "NS-010", scene, others, nullptr, at).outcome}});
    }
    std::ranges::sort(all);
    return all;
  };
  const auto before = verdicts();
  std::ranges::reverse(scene.snapshot.containers);
  for (Container& each : scene.snapshot.containers) std::ranges::reverse(each.members);
  RC_ASSERT(verdicts() == before);
}

}  // namespace
}  // namespace hullmark::testing
