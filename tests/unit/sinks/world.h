// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/event.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark::testing {

// What a container is and which controls it does not pass.
struct ContainerSpec {
  std::string name;
  std::vector<std::string> fails = {}, unknown = {};
  Runtime runtime = Runtime::kDocker;
  ContainerClass container_class = ContainerClass::kContainer;
  std::string id = std::string(64, 'a');
  std::string image = "example/app:1";
  std::string name_space = {};  // Kubernetes; "" for none.
  Trust trust = Trust::kRoot;
  std::string fact = {};  // Of its evidence; "" for one made of the control's id.
};

// A snapshot, a benchmark of ten controls and a report on both, made of literals and consistent
// with each other as the evaluator's are.
struct World {
  Snapshot snapshot;
  Benchmark benchmark;
  Report report;
  ReportOptions options;
  std::vector<Waiver> waivers;

  ReportInput Input() const {
    return {.snapshot = snapshot,
            .benchmark = benchmark,
            .report = report,
            .options = options,
            .waivers = waivers};
  }
};

World MakeWorld();

// Adds a container to the snapshot and its verdicts to the report and summary.
Container& Add(World& world, const ContainerSpec& spec);

// Gives a finding another status, with the points and a line of proof that belong to it.
void SetStatus(World& world, std::vector<Finding>& findings, std::string_view id, Status status,
               std::string_view fact = {});

// Adds a waiver and what became of it.
void AddWaiver(World& world, std::string_view control, WaiverUse use);

// The score that findings make, in the simplest way: no escalation, no partial fails.
Score ScoreFor(const Benchmark& benchmark, std::span<const Finding> findings);

// Fails a control of the host, or leaves it unknown.
void FailHost(World& world, std::string_view control, Status status = Status::kFail);

// A world with one of everything that a report can say.
World Everything();

// Events with one of everything, and with hostile names.
Event ViolationEvent();  // Number 8.
Event HostileEvent();    // Number 9.

// A host as one meets it: 50 containers, a few bad, most at their runtime's defaults.
World FiftyContainers();

// Names, images, paths and facts with whatever a container could put into them.
World Hostile();

using Writer = std::function<void(const ReportInput&, const ByteSink&)>;
std::string Write(const World& world, const Writer& writer);

std::vector<std::string> Lines(std::string_view text);

}  // namespace hullmark::testing
