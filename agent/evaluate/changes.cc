// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/changes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/evaluate/debounce.h"
#include "agent/evaluate/generations.h"
#include "agent/evaluate/known_container.h"
#include "agent/evaluate/known_state.h"
#include "agent/evaluate/known_tables.h"
#include "agent/evaluate/score.h"
#include "agent/evaluate/standing.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostMissing = 1'000;
constexpr int kMostDebounce = 255;

const Process* FindProcess(const Snapshot& snapshot, Pid pid) {
  const auto at = std::ranges::lower_bound(snapshot.processes, pid, {}, &Process::pid);
  return at != snapshot.processes.end() && at->pid == pid ? &*at : nullptr;
}

class Updating {
 public:
  Updating(KnownState& state, const JudgedScan& scan, const ChangeOptions& options)
      : state_(state),
        snapshot_(scan.snapshot),
        benchmark_(scan.benchmark),
        report_(scan.report),
        options_(options),
        debounce_(std::clamp(options.debounce, 1, kMostDebounce)),
        at_(scan.snapshot.taken_at),
        texts_(state) {}

  Changes Run() &&;

 private:
  // A container or the host, while its scan is compared with what is known.
  struct Subject {
    KnownSubject& known;
    KnownContainer* container;  // nullptr: the host.
    bool first;                 // Its first scan.
    std::span<const EndedProcess> ended{};
    MilliPoints exposure = 0;         // With stale and recent violations at their last price.
    std::vector<KnownControl> now{};  // What is listed from now on.
  };

  void CapStep();
  void MatchContainers();
  void PartWith(KnownContainer missing, std::vector<KnownContainer>& now);
  void ResolveGone();
  void Resolve(const KnownContainer& gone);
  bool AnnounceContainer(KnownContainer& known);
  void UpdateSubject(Subject& subject, std::span<const Finding> findings, const Score& score);
  void UpdateControls(Subject& subject, std::span<const Finding> findings);
  void UpdateControl(Subject& subject, const Finding& finding, const KnownControl* listed);
  void ForgetUnjudged(Subject& subject, KnownControl known);
  ControlLook LookAt(const Finding& finding, Subject& subject, KnownControl& known);
  bool IsHeld(const Finding& finding, std::span<const Offender> offenders,
              LastFailure& failure) const;
  LastFailure FailureOf(const Finding& finding, KnownSubject& subject);
  std::vector<Offender> OffendersOf(const Finding& finding) const;
  std::string_view FirstProof(const Finding& finding) const;
  std::uint32_t KeepProof(const Finding& finding);
  void UpdateGrade(Subject& subject, Score score);
  void AnnounceControl(const Subject& subject, EventKind kind, const KnownControl& before,
                       const KnownControl& after);
  void Announce(Event event);
  void NameControl(Event& event, std::uint16_t control) const;

  KnownState& state_;
  const Snapshot& snapshot_;
  const Benchmark& benchmark_;
  const Report& report_;
  const ChangeOptions& options_;
  int debounce_;
  Timestamp at_;
  std::vector<KnownContainer> gone_;
  std::vector<bool> appeared_;     // By container of the Report.
  std::vector<bool> were_judged_;  // By control: in the scan before.
  KnownTexts texts_;
  std::vector<std::optional<std::uint32_t>> proofs_;  // By text of the Report: kept already.
  Changes changes_;
};

void Updating::Announce(Event event) {
  event.id = ++state_.last_id;
  event.at = at_;
  changes_.events.push_back(std::move(event));
}

void Updating::NameControl(Event& event, std::uint16_t control) const {
  event.control = state_.controls[control];
  if (control < state_.judged) event.title = benchmark_.controls[control].title;
}

// Of a long step, or of a clock that was set forward, half of the hold counts.
void Updating::CapStep() {
  if (!state_.taken_at) return;
  const std::int64_t step = std::to_underlying(at_) - std::to_underlying(*state_.taken_at);
  const std::int64_t excess = step - options_.hold_nanoseconds / 2;
  if (excess <= 0) return;
  const auto move = [&](KnownSubject& subject) {
    for (KnownControl& known : subject.controls) {
      if (!known.failure) continue;
      known.failure->at = Timestamp{std::to_underlying(known.failure->at) + excess};
    }
  };
  move(state_.host);
  for (KnownContainer& known : state_.containers) move(known.subject);
}

// ---- containers ----

// False: nothing of it is to be told yet.
bool Updating::AnnounceContainer(KnownContainer& known) {
  ++known.waited;
  changes_.moved = true;
  if (AwaitsName(known, snapshot_)) return false;
  if (MayBeNamed(known) && known.waited < debounce_) return true;
  known.waited = 0;
  Announce(Describe(EventKind::kContainerAppeared, &known));
  return true;
}

// Puts what is known in the Report's order; what is not in the Report goes into `gone_`.
void Updating::MatchContainers() {
  const auto found = FindKnown(state_, snapshot_, report_);
  std::vector<bool> matched(state_.containers.size());
  std::vector<KnownContainer> now;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Container& container = snapshot_.containers[report_.containers[i].container];
    const std::optional<std::size_t> known = found[i];
    appeared_.push_back(!known);
    if (known) matched[*known] = true;
    now.push_back(known ? std::move(state_.containers[*known])
                        : KnownContainer{.id = std::string(snapshot_.Text(container.id))});
    if (Refresh(now.back(), snapshot_, container)) changes_.moved = true;
  }
  for (std::size_t i = 0; i < matched.size(); ++i) {
    if (!matched[i]) PartWith(std::move(state_.containers[i]), now);
  }
  state_.containers = std::move(now);
}

// One that is not in the Report: forgotten, gone, or kept behind those that are, as it may live;
// the last that went missing comes first.
void Updating::PartWith(KnownContainer missing, std::vector<KnownContainer>& now) {
  const bool rebooted = IsRebooted(state_, snapshot_);
  if (!rebooted && IsLeftOut(missing, snapshot_, report_)) {
    changes_.moved = true;
    return;
  }
  const auto judged = std::span(now).first(report_.containers.size());
  const bool stays = !rebooted && IsIncomplete(snapshot_) &&
                     now.size() - judged.size() < kMostMissing &&
                     std::ranges::count(judged, missing.id, &KnownContainer::id) == 0;
  (stays ? now : gone_).push_back(std::move(missing));
}

void Updating::Resolve(const KnownContainer& gone) {
  if (gone.waited > 0) Announce(Describe(EventKind::kContainerAppeared, &gone));
  for (const KnownControl& known : gone.subject.controls) {
    if (known.standing != Standing::kFailing) continue;
    Event event = Describe(EventKind::kViolationResolved, &gone);
    NameControl(event, known.control);
    event.severity = known.severity;
    if (known.failure) event.evidence = state_.texts[known.failure->evidence];
    Announce(std::move(event));
  }
  Event event = Describe(EventKind::kContainerGone, &gone);
  event.former_grade = gone.subject.grade;
  Announce(std::move(event));
}

void Updating::ResolveGone() {
  for (const KnownContainer& gone : gone_) Resolve(gone);
  gone_.clear();
}

// ---- controls ----

std::string_view Updating::FirstProof(const Finding& finding) const {
  if (finding.evidence_begin == finding.evidence_end) return "";
  const std::string_view fact = report_.strings[report_.evidence[finding.evidence_begin].fact];
  return CutKnownText(fact.substr(0, fact.find('\n')));
}

// Thousands of findings quote the same few texts of a Report.
std::uint32_t Updating::KeepProof(const Finding& finding) {
  if (finding.evidence_begin == finding.evidence_end) return texts_.Keep("");
  const auto text = static_cast<std::size_t>(report_.evidence[finding.evidence_begin].fact);
  std::optional<std::uint32_t>& kept = proofs_[text];
  if (!kept) kept = texts_.Keep(FirstProof(finding));
  return *kept;
}

std::vector<Offender> Updating::OffendersOf(const Finding& finding) const {
  std::vector<Offender> offenders;
  const Check* const check = benchmark_.controls[finding.control].check;
  if (check == nullptr || check->scope() != Scope::kProcess) return offenders;
  for (auto i = finding.evidence_begin; i < finding.evidence_end; ++i) {
    const auto pid = report_.evidence[i].pid;
    const Process* const process = pid ? FindProcess(snapshot_, *pid) : nullptr;
    if (process == nullptr) continue;
    const Offender offender = {.pid = process->pid, .start = process->stat.start};
    if (std::ranges::count(offenders, offender) == 0) offenders.push_back(offender);
  }
  return offenders;
}

LastFailure Updating::FailureOf(const Finding& finding, KnownSubject& subject) {
  LastFailure failure = {.at = at_,
                         .evidence = KeepProof(finding),
                         .points = static_cast<std::int32_t>(finding.points),
                         .severity = finding.severity};
  KeepOffenders(subject, OffendersOf(finding), failure);
  return failure;
}

// Whether a quiet look leaves open that those who failed come back.
bool Updating::IsHeld(const Finding& finding, std::span<const Offender> offenders,
                      LastFailure& failure) const {
  const Check* const check = benchmark_.controls[finding.control].check;
  if (check == nullptr || check->scope() != Scope::kProcess) return false;
  if (finding.status == Status::kWaived || finding.status == Status::kManual) return false;
  if (at_ < failure.at) failure.at = at_;  // The clock was set back.
  const std::int64_t age = std::to_underlying(at_) - std::to_underlying(failure.at);
  if (age >= options_.hold_nanoseconds) return false;
  const auto lives = [&](const Offender& offender) {
    const Process* const process = FindProcess(snapshot_, offender.pid);
    return process != nullptr && process->stat.start == offender.start;
  };
  return offenders.empty() || !std::ranges::all_of(offenders, lives);
}

ControlLook Updating::LookAt(const Finding& finding, Subject& subject, KnownControl& known) {
  if (finding.status == Status::kFail) {
    known.failure = FailureOf(finding, subject.known);
    return {.standing = Standing::kFailing,
            .severity = finding.severity,
            .over = IsOver(report_, finding, subject.ended)};
  }
  if (finding.status != Status::kUnknown) {
    if (!known.failure) return {};
    LastFailure& failure = *known.failure;
    const auto offenders =
        std::span(subject.known.offenders)
            .subspan(failure.offenders_begin, failure.offenders_end - failure.offenders_begin);
    return {.held = IsHeld(finding, offenders, failure)};
  }
  if (!known.failure) return {.standing = Standing::kUnknown, .severity = finding.severity};
  return {.standing = Standing::kFailing, .severity = known.failure->severity, .stale = true};
}

void Updating::AnnounceControl(const Subject& subject, EventKind kind, const KnownControl& before,
                               const KnownControl& after) {
  Event event = Describe(kind, subject.container);
  NameControl(event, after.control);
  event.severity = kind == EventKind::kViolationResolved ? before.severity : after.severity;
  if (kind == EventKind::kViolationChanged) event.former_severity = before.severity;
  if (after.failure) event.evidence = state_.texts[after.failure->evidence];
  Announce(std::move(event));
}

void Updating::UpdateControl(Subject& subject, const Finding& finding, const KnownControl* listed) {
  const bool quiet = finding.status != Status::kFail && finding.status != Status::kUnknown;
  if (listed == nullptr && quiet) return;
  KnownControl known = listed != nullptr ? *listed : KnownControl{.control = finding.control};
  const KnownControl before = known;
  const ControlLook look = LookAt(finding, subject, known);
  const bool is_new = subject.first || !were_judged_[finding.control];
  if (listed == nullptr && look.standing == Standing::kUnknown && is_new) {
    known.standing = Standing::kUnknown;  // It never was known: no news.
    known.severity = look.severity;
  }
  const auto kind = CountLook(known, look, debounce_);
  if (known.failure && (known.stale || known.recent)) {
    subject.exposure += std::max(known.failure->points - finding.points, MilliPoints{0});
  }
  changes_.moved |= Moved(before, known);
  if (kind) {
    AnnounceControl(subject, *kind, before, known);
    if (*kind == EventKind::kControlUnknown) changes_.events.back().evidence = FirstProof(finding);
  }
  if (!IsSettled(known)) subject.now.push_back(known);
}

// What the benchmark does not judge any more, or not here, is quiet.
void Updating::ForgetUnjudged(Subject& subject, KnownControl known) {
  const KnownControl before = known;
  changes_.moved = true;
  const auto kind = CountLook(known, {}, debounce_);
  if (kind) AnnounceControl(subject, *kind, before, known);
  if (!IsSettled(known)) subject.now.push_back(known);
}

// Findings and records are both in the order of the benchmark, but for records of controls that it
// has no more, which come last.
void Updating::UpdateControls(Subject& subject, std::span<const Finding> findings) {
  const std::vector<KnownControl> before = std::exchange(subject.known.controls, {});
  auto next = before.begin();
  std::vector<KnownControl> unjudged;
  for (const Finding& finding : findings) {
    for (; next != before.end() && next->control < finding.control; ++next) {
      unjudged.push_back(*next);
    }
    const bool listed = next != before.end() && next->control == finding.control;
    UpdateControl(subject, finding, listed ? &*next++ : nullptr);
  }
  unjudged.insert(unjudged.end(), next, before.end());
  for (const KnownControl& known : unjudged) ForgetUnjudged(subject, known);
  std::ranges::sort(subject.now, {}, &KnownControl::control);
  subject.known.controls.assign(subject.now.begin(), subject.now.end());
  DropOffenders(subject.known);
}

void Updating::UpdateGrade(Subject& subject, Score score) {
  score.exposure = subject.exposure;
  SetGrade(score, benchmark_.scoring);
  KnownSubject& known = subject.known;
  const std::int32_t scans_before = known.grade_scans;
  known.grade_scans = score.grade == known.grade ? 0 : known.grade_scans + 1;
  changes_.moved |= known.grade_scans != scans_before;
  if (subject.first || known.grade_scans >= debounce_) {
    Event event = Describe(EventKind::kGradeChanged, subject.container);
    event.former_grade = std::exchange(known.grade, score.grade);
    event.grade = score.grade;
    known.grade_scans = 0;
    if (!subject.first) Announce(std::move(event));
  }
}

void Updating::UpdateSubject(Subject& subject, std::span<const Finding> findings,
                             const Score& score) {
  const std::size_t first_event = changes_.events.size();
  subject.exposure = score.exposure;
  KnownContainer* const container = subject.container;
  if (container != nullptr && (subject.first || container->waited > 0)) {
    subject.first = true;  // Nobody has heard of it.
    if (!AnnounceContainer(*container)) return;
  }
  UpdateControls(subject, findings);
  UpdateGrade(subject, score);
  for (Event& event : std::span(changes_.events).subspan(first_event)) {
    event.exposure = subject.exposure;
    event.grade = subject.known.grade;
  }
}

Changes Updating::Run() && {
  if (state_.taken_at == at_) return {};
  const bool first = !state_.taken_at;
  const std::uint64_t last_id = state_.last_id;
  CapStep();
  were_judged_ = TakeControls(state_, benchmark_);
  proofs_.resize(report_.strings.size());
  MatchContainers();
  ResolveGone();
  Subject host = {.known = state_.host, .container = nullptr, .first = first};
  UpdateSubject(host, report_.host.findings, report_.host.score);
  for (std::size_t i = 0; i < report_.containers.size(); ++i) {
    KnownContainer& known = state_.containers[i];
    Subject subject = {.known = known.subject,
                       .container = &known,
                       .first = appeared_[i],
                       .ended = snapshot_.containers[report_.containers[i].container].ended};
    UpdateSubject(subject, report_.containers[i].findings, report_.containers[i].score);
  }
  state_.taken_at = at_;
  if (!snapshot_.host.boot_id.empty()) state_.boot_id = snapshot_.host.boot_id;
  DropControls(state_);
  DropTexts(state_);
  changes_.moved |= first || state_.last_id != last_id;
  return std::move(changes_);
}

}  // namespace

Changes Update(KnownState& state, const JudgedScan& scan, const ChangeOptions& options) {
  return Updating(state, scan, options).Run();
}

}  // namespace hullmark
