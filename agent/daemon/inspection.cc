// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/inspection.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <expected>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/boot_time.h"
#include "agent/base/file.h"
#include "agent/base/keyed_hash.h"
#include "agent/collect/event_facts.h"
#include "agent/config/config.h"
#include "agent/daemon/agent.h"
#include "agent/daemon/enforcement.h"
#include "agent/daemon/event_memory.h"
#include "agent/daemon/exec_ledger.h"
#include "agent/daemon/hook_desk.h"
#include "agent/daemon/hook_router.h"
#include "agent/daemon/loop.h"
#include "agent/daemon/program_memory.h"
#include "agent/daemon/publish.h"
#include "agent/daemon/standard.h"
#include "agent/daemon/textfile.h"
#include "agent/daemon/watcher.h"
#include "agent/evaluate/evaluate.h"
#include "agent/evaluate/evaluator.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/requests.h"
#include "agent/replay/fact_digests.h"
#include "agent/sinks/event_text.h"
#include "agent/sinks/metrics/self_metrics.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/action.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr const char* kEnd = "the agent ends";

using Instant = std::chrono::steady_clock::time_point;

// A person who watches the log is woken by what is severe, and by nothing else.
bool IsAlarming(const Event& event) {
  if (event.action) return !event.action->dry_run;
  return event.kind == EventKind::kViolationAppeared && event.severity >= Severity::kHigh;
}

// How long containers are learned, as the control says that goes by it; 0: none does.
std::uint32_t LearnSecondsOf(const Benchmark& benchmark) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  for (const Control& control : benchmark.controls) {
    if (control.check == nullptr || !control.disabled.empty()) continue;
    const auto specs = control.check->params;
    const auto at = std::ranges::find(specs, std::string_view("learn_seconds"), &ParamSpec::name);
    if (at == specs.end()) continue;
    const auto place = static_cast<std::size_t>(at - specs.begin());
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(control.params.Integer(place), 0, kMost));
  }
  return 0;
}

}  // namespace

Inspection::Inspection(Parts parts, Standard standard, EventMemory memory)
    : parts_(std::move(parts)),
      key_(RandomKey()),
      memory_(std::move(memory)),
      programs_([](const std::string& text) { spdlog::warn("{}", text); }),
      life_(RandomKey().first | 1),
      inherited_event_(memory_.last_id()),
      recent_(life_),
      self_(parts_.version, "") {
  Replace(std::move(standard));
}

// The watcher lives longer, and its picture refers to the benchmark.
Inspection::~Inspection() {
  if (parts_.watcher != nullptr) parts_.watcher->Show(nullptr);
}

void Inspection::Replace(Standard standard) {
  if (parts_.watcher != nullptr) parts_.watcher->Show(nullptr);
  standard_ = std::move(standard);
  const Config& config = standard_.config;
  evaluator_ = std::make_unique<Evaluator>(
      standard_.benchmark,
      EvaluateOptions{
          .site = config.select, .classes = config.classes, .waivers = standard_.waivers});
  const Config::Metrics& metrics = config.metrics;
  exposition_.SetBudget({.max_series = metrics.max_series,
                         .violations = metrics.violations,
                         .violation_min_severity = metrics.violation_min_severity});
  if (config.hooks != router_.hooks()) router_ = HookRouter(config.hooks);
  textfile_complained_ = false;
  self_.SetReload(true, parts_.now());
  OpenEnforcement();
}

// Where the policy is off there is nobody who could act.
void Inspection::OpenEnforcement() {
  const Config& config = standard_.config;
  if (config.enforce.mode == EnforceMode::kOff || !parts_.enforce) {
    if (enforcement_ != nullptr) late_ = enforcement_->Close("enforcement was switched off");
    enforcement_.reset();
    self_.ForgetEnforcement();
    return;
  }
  if (enforcement_ != nullptr) return enforcement_->ForgetPlan();
  auto opened = parts_.enforce(standard_);
  self_.SetFeature("enforce", opened.has_value());
  if (!opened) return spdlog::error("enforcement is off: {}", opened.error().message);
  enforcement_ = std::move(*opened);
  acted_ = {};
  spdlog::info("enforcement: {}, {} rules", NameOf(config.enforce.mode),
               config.enforce.rules.size());
}

bool Inspection::Tend() { return enforcement_ != nullptr && enforcement_->Tend(); }

bool Inspection::StopActing() { return enforcement_ != nullptr && enforcement_->Stop(); }

void Inspection::TakeBackIfIdle() {
  if (enforcement_ != nullptr) enforcement_->CloseIfIdle(kEnd);
}

void Inspection::Close() {
  if (enforcement_ != nullptr) TellActions(enforcement_->Close(kEnd), parts_.now());
  memory_.Close();
  programs_.Save(memory_.place());
}

// Before anything is published: what is served tells of what was done.
void Inspection::Enforce(const Snapshot& snapshot, const Report& report, Timestamp at) {
  TellActions(std::exchange(late_, {}), at);
  if (enforcement_ == nullptr) return;
  TellActions(enforcement_->Act(standard_, snapshot, report, looked_at_ms_), at);
  CountActions();
}

void Inspection::TellActions(const std::vector<TakenAction>& taken, Timestamp at) {
  std::vector<Event> events;
  for (const TakenAction& one : taken) events.push_back(EventOf(one.action, one.outcome, at));
  memory_.Tell(events);
  events_.insert(events_.end(), events.begin(), events.end());
}

void Inspection::KeepAfterBadReload() { self_.SetReload(false, parts_.now()); }

LoopTiming Inspection::timing() const {
  const Config::Scan& scan = standard_.config.scan;
  return {.interval = scan.interval, .budget = scan.budget};
}

Scanned Inspection::Scan(const ScanOrder& order) {
  const Instant began = std::chrono::steady_clock::now();
  Scanned scanned{.documents = Fail(ErrorCode::kIo, "nothing was looked at")};
  try {
    scanned = TryScan(order, began);
  } catch (const std::exception& error) {
    scanned.documents = Fail(ErrorCode::kIo, error.what());
  }
  if (!scanned.looked) {
    self_.CountScan(ScanResult::kFailed, std::chrono::steady_clock::now() - began);
  }
  return scanned;
}

// What was seen between two looks becomes part of the second.
void Inspection::Learn(Snapshot& snapshot, std::uint64_t looked_at) {
  std::vector<SeenExec> seen;
  if (parts_.watcher != nullptr) {
    seen = parts_.watcher->TakeSeen(looked_at);
    parts_.watcher->CountLeftOut(AddEnded(seen, snapshot));
  }
  programs_.Learn(snapshot, seen,
                  {.looked_at = looked_at, .seconds = LearnSecondsOf(standard_.benchmark)},
                  memory_.place());
}

Scanned Inspection::TryScan(const ScanOrder& order, Instant began) {
  CountState(order.state);
  const auto looked_at = static_cast<std::uint64_t>(BootTime().count());
  looked_at_ms_ = BootMilliseconds();
  auto snapshot = parts_.look(standard_);
  if (!snapshot) return {.documents = std::unexpected(snapshot.error())};
  if (snapshot->processes.empty()) {
    return {.documents = Fail(ErrorCode::kDenied, "not one process: nothing was looked at")};
  }
  Learn(*snapshot, looked_at);
  try {
    auto documents = Judge(*snapshot, order, began);
    if (parts_.watcher != nullptr) {
      parts_.watcher->Show(std::make_unique<WatchPicture>(std::move(*snapshot), standard_.benchmark,
                                                          evaluator_->report()),
                           Reaction());
    }
    return {
        .looked = true, .awaits_names = memory_.AwaitsNames(), .documents = std::move(documents)};
  } catch (const std::exception& error) {
    return {.looked = true, .documents = Fail(ErrorCode::kIo, error.what())};
  }
}

// Empty where nothing is done between two looks.
React Inspection::Reaction() {
  if (enforcement_ == nullptr || !enforcement_->Reacts()) return {};
  return [this](const Offence& offence, const JudgeAgain& again) {
    return enforcement_->React(offence, again);
  };
}

Result<Fd> Inspection::Judge(const Snapshot& snapshot, const ScanOrder& order, Instant began) {
  const Config& config = standard_.config;
  const Report& report = evaluator_->Judge(snapshot, DigestFacts(snapshot, key_));
  const ReportOptions how{.generated_at = parts_.now(),
                          .tool_version = parts_.version,
                          .command = parts_.command,
                          .select = {},
                          .site = config.select,
                          .classes = config.classes,
                          .infrastructure = config.infrastructure};
  const ReportInput input{.snapshot = snapshot,
                          .benchmark = standard_.benchmark,
                          .report = report,
                          .options = how,
                          .waivers = standard_.waivers};
  const auto took = std::chrono::steady_clock::now() - began;
  const bool whole = !snapshot.counts.processes_truncated && snapshot.counts.unreadable == 0;
  self_.CountScan(whole ? ScanResult::kOk : ScanResult::kPartial, took);
  events_ = memory_.Take({.snapshot = snapshot, .benchmark = input.benchmark, .report = report},
                         {.debounce = config.events.debounce});
  Enforce(snapshot, report, snapshot.taken_at);
  routed_ = router_.Route(events_, snapshot);
  if (parts_.hooks != nullptr) parts_.hooks->SetHost(snapshot.host.name);
  recent_.Add(events_);
  CountEvents();
  TellOfSource(snapshot.vantage);
  self_.Describe(input);
  std::string_view metrics = exposition_.Render(input, self_);
  // Whether the textfile could be written is in what is written, and served.
  if (WriteTextfile(metrics)) {
    metrics = exposition_.Renew(self_);
    WriteTextfile(metrics);
  }
  const std::string actions = enforcement_ == nullptr ? "" : enforcement_->Document(config.enforce);
  auto documents = MakeDocuments(input, metrics, actions, recent_, WithEvents(order.publication));
  spdlog::debug("scan {} ({}): {} containers, {} of them judged anew, in {:.3f} s",
                order.publication.sequence, NameOf(order.reason), report.containers.size(),
                evaluator_->judged().containers, std::chrono::duration<double>(took).count());
  return documents;
}

Publication Inspection::WithEvents(Publication publication) const {
  publication.last_event = memory_.last_id();
  publication.life = life_;
  publication.inherited_event = inherited_event_;
  return publication;
}

void Inspection::Settle() {
  try {
    StoreForHooks();
    memory_.Flush();
    programs_.Save(memory_.place());
    if (parts_.hooks != nullptr) parts_.hooks->Decide(memory_.last_id());
    const std::vector<Event> events = std::exchange(events_, {});
    if (parts_.tell) return parts_.tell(events);
    for (const Event& event : events) {
      spdlog::log(IsAlarming(event) ? spdlog::level::warn : spdlog::level::info, "{}",
                  EventText(event));
    }
  } catch (const std::exception& error) {
    spdlog::error("events: {}", error.what());
  }
}

// Before the events are written down: killed in between, they are found again, or never were.
void Inspection::StoreForHooks() {
  if (parts_.hooks == nullptr || events_.empty()) return;
  for (std::size_t at = 0; at < routed_.size(); ++at) {
    for (const std::string& hook : routed_[at]) parts_.hooks->Add(hook, events_[at]);
  }
  parts_.hooks->Store();
  routed_.clear();
}

bool Inspection::WriteTextfile(std::string_view metrics) {
  const std::string& directory = standard_.config.metrics.textfile;
  const auto before = textfile_works_;
  if (directory.empty()) {
    self_.ForgetFeature("textfile");
    textfile_works_.reset();
    return textfile_works_ != before;
  }
  const auto written = ReplaceTextfile(directory, metrics);
  self_.SetFeature("textfile", written.has_value());
  if (!written && !textfile_complained_) spdlog::warn("textfile: {}", written.error().message);
  textfile_complained_ = !written;
  textfile_works_ = written.has_value();
  return textfile_works_ != before;
}

}  // namespace hullmark
