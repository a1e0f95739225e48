// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "agent/replay/describe_facts.h"
#include "hullmark/limits.h"

namespace hullmark {

template <typename T>
inline constexpr bool kIsInForce = false;
template <typename T>
inline constexpr bool kIsInForce<InForce<T>> = true;

template <typename T>
concept IsInForce = kIsInForce<std::remove_const_t<T>>;

void Describe(auto& io, Is<CpuQuota> auto& quota) {
  io.Member("quota", quota.quota);
  io.Member("period", quota.period);
}

void Describe(auto& io, Is<IoLimit> auto& limit) {
  io.Member("device", limit.device);
  io.Member("read_bytes", limit.read_bytes);
  io.Member("write_bytes", limit.write_bytes);
  io.Member("read_operations", limit.read_operations);
  io.Member("write_operations", limit.write_operations);
}

void Describe(auto& io, Is<DeviceRule> auto& rule) {
  io.Member("type", rule.type);
  io.Member("major", rule.major);
  io.Member("minor", rule.minor);
  io.Member("read", rule.read);
  io.Member("write", rule.write);
  io.Member("make", rule.make);
}

void Describe(auto& io, Is<MemoryFiles> auto& files) {
  io.Member("max", files.max);
  io.Member("high", files.high);
  io.Member("reservation", files.reservation);
  io.Member("swap", files.swap);
  io.Member("kernel", files.kernel);
  io.Member("oom_kill_disabled", files.oom_kill_disabled);
  io.Member("use_hierarchy", files.use_hierarchy);
}

void Describe(auto& io, Is<CpuFiles> auto& files) {
  io.Member("quota", files.quota);
  io.Member("weight", files.weight);
}

void Describe(auto& io, Is<PidsFiles> auto& files) { io.Member("max", files.max); }

void Describe(auto& io, Is<CpusetFiles> auto& files) {
  io.Member("cpus", files.cpus);
  io.Member("effective", files.effective);
}

void Describe(auto& io, Is<IoFiles> auto& files) {
  io.Member("weight", files.weight);
  io.Member("weight_is_bfq", files.weight_is_bfq);
  io.Member("limits", files.limits);
}

void Describe(auto& io, Is<DeviceFiles> auto& files) {
  io.Member("rules", files.rules);
  io.Member("programs", files.programs);
}

void Describe(auto& io, IsInForce auto& limit) {
  io.Member("value", limit.value);
  io.Member("source", limit.source);
}

void Describe(auto& io, Is<LimitsInForce> auto& limits) {
  io.Member("memory", limits.memory);
  io.Member("memory_high", limits.memory_high);
  io.Member("memory_reservation", limits.memory_reservation);
  io.Member("swap", limits.swap);
  io.Member("kernel_memory", limits.kernel_memory);
  io.Member("oom_kill_disabled", limits.oom_kill_disabled);
  io.Member("pids", limits.pids);
  io.Member("cpu_quota", limits.cpu_quota);
  io.Member("cpu_weight", limits.cpu_weight);
  io.Member("cpuset", limits.cpuset);
  io.Member("io_weight", limits.io_weight);
  io.Member("io_limits", limits.io_limits);
  io.Member("device_rules", limits.device_rules);
  io.Member("device_programs", limits.device_programs);
}

}  // namespace hullmark
