// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/encode/json_writer.h"
#include "agent/sinks/diff_sinks.h"
#include "agent/sinks/news.h"
#include "agent/sinks/score_json.h"
#include "agent/sinks/values.h"
#include "hullmark/check.h"
#include "hullmark/comparison.h"
#include "hullmark/event.h"
#include "hullmark/posture.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

class DiffWriter {
 public:
  DiffWriter(const Comparison& looks, const ByteSink& sink) : looks_(looks), json_(sink) {}

  void Write(const DiffOptions& options) {
    json_.BeginObject().Member("schema", kDiffSchema);
    json_.Member("generated_at", ToRfc3339(options.generated_at));
    json_.Key("tool").BeginObject().Member("name", "hullmark");
    json_.Member("version", options.tool_version).EndObject();
    WriteLook("before", looks_.before);
    WriteLook("after", looks_.after);
    json_.Key("caveats").BeginArray();
    for (const std::string& caveat : CaveatsOf(looks_)) json_.String(caveat);
    json_.EndArray();
    json_.Key("changes").BeginArray();
    for (const SubjectChange& each : looks_.containers) {
      if (!each.after) WriteChanges(each);
    }
    WriteChanges(looks_.host);
    for (const SubjectChange& each : looks_.containers) {
      if (each.after) WriteChanges(each);
    }
    json_.EndArray();
    WriteScores();
    WriteSummary();
    json_.EndObject().Finish();
  }

 private:
  void WriteLook(std::string_view key, const Posture& look) {
    json_.Key(key).BeginObject().Member("taken_at", look.taken_at).Member("host", look.host);
    json_.Member("boot_id", look.boot_id).Key("benchmark").BeginObject();
    json_.Member("id", look.benchmark).Member("version", look.benchmark_version);
    json_.Member("sha256", look.benchmark_sha256).EndObject();
    json_.Member("limited", look.limited)
        .Member("containers", std::uint64_t{look.containers.size()});
    json_.EndObject();
  }

  // null for the host.
  void WriteContainer(const SubjectChange& subject) {
    json_.Key("container");
    if (!subject.before && !subject.after) {
      json_.Null();
      return;
    }
    const PostureContainer& container = subject.after ? looks_.after.containers[*subject.after]
                                                      : looks_.before.containers[*subject.before];
    json_.BeginObject().Member("id", container.id).Member("name", container.name);
    json_.Member("runtime", NameOf(container.runtime));
    json_.Member("class", NameOf(container.container_class)).Member("image", container.image);
    json_.Member("namespace", container.name_space).Member("pod", container.pod).EndObject();
  }

  JsonWriter& Begin(EventKind kind, const SubjectChange& subject) {
    ++counts_.at(std::to_underlying(kind));
    json_.BeginObject().Member("kind", NameOf(kind));
    WriteContainer(subject);
    return json_;
  }

  void WriteGrade(std::string_view key, std::optional<Grade> grade) {
    json_.Key(key);
    grade ? json_.String(NameOf(*grade)) : json_.Null();
  }

  // What one look said of a control.
  void WriteVerdict(std::string_view key, const PostureFinding* finding) {
    json_.Key(key);
    if (finding == nullptr) {
      json_.Null();
      return;
    }
    json_.BeginObject().Member("status", NameOf(finding->status));
    const bool plain =
        finding->status == Status::kPass || finding->status == Status::kNotApplicable;
    if (!plain) json_.Member("severity", NameOf(finding->severity));
    if (!finding->proof.empty()) json_.Member("evidence", finding->proof);
    json_.EndObject();
  }

  void WriteControl(const SubjectChange& subject, const ControlChange& change) {
    const auto* const before = SubjectBefore(looks_, subject);
    const auto* const after = SubjectAfter(looks_, subject);
    const auto* const was = change.before ? &before->findings[*change.before] : nullptr;
    const auto* const is = change.after ? &after->findings[*change.after] : nullptr;
    if (was == nullptr && is == nullptr) return;  // One of them is there.
    const PostureControl& control =
        is != nullptr ? looks_.after.controls[is->control] : looks_.before.controls[was->control];
    Begin(change.kind, subject).Key("control").BeginObject();
    json_.Member("id", control.id).Member("title", control.title).EndObject();
    WriteVerdict("before", was);
    WriteVerdict("after", is);
    json_.EndObject();
    if (is != nullptr && IsNewViolation(looks_, subject, change)) {
      ++new_[std::to_underlying(is->severity)];
    }
  }

  void WriteChanges(const SubjectChange& subject) {
    if (subject.added) Begin(EventKind::kContainerAppeared, subject).EndObject();
    for (const ControlChange& change : subject.controls) WriteControl(subject, change);
    const bool gone = subject.before && !subject.after;
    if (gone) Begin(EventKind::kContainerGone, subject).EndObject();
    const auto* const before = SubjectBefore(looks_, subject);
    const auto* const after = SubjectAfter(looks_, subject);
    if (gone || subject.added || before->grade == after->grade) return;
    Begin(EventKind::kGradeChanged, subject);
    WriteGrade("before", before->grade);
    WriteGrade("after", after->grade);
    json_.EndObject();
  }

  void WriteScore(std::string_view key, const PostureSubject& subject) {
    json_.Key(key).BeginObject().Key("score").Fixed(subject.score, 1);
    WritePoints(json_, "exposure", subject.exposure);
    WriteGrade("grade", subject.grade);
    json_.EndObject();
  }

  void WriteMove(const SubjectChange& subject) {
    const auto* const before = SubjectBefore(looks_, subject);
    const auto* const after = SubjectAfter(looks_, subject);
    const bool both = before != nullptr && after != nullptr && !subject.added;
    if (!both || (before->exposure == after->exposure && before->grade == after->grade)) return;
    json_.BeginObject();
    WriteContainer(subject);
    WriteScore("before", *before);
    WriteScore("after", *after);
    json_.EndObject();
  }

  void WriteScores() {
    json_.Key("scores").BeginArray();
    WriteMove(looks_.host);
    for (const SubjectChange& each : looks_.containers) WriteMove(each);
    json_.EndArray();
  }

  void WriteSummary() {
    json_.Key("summary").BeginObject();
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      json_.Member(NameOf(static_cast<EventKind>(i)), counts_[i]);
    }
    json_.Key("new_violations").BeginObject();
    for (std::size_t i = 0; i < new_.size(); ++i) {
      json_.Member(NameOf(static_cast<Severity>(i)), new_[i]);
    }
    json_.EndObject().EndObject();
  }

  const Comparison& looks_;
  JsonWriter json_;
  std::array<std::uint32_t, kChangeKinds> counts_ = {};
  std::array<std::uint32_t, kSeverities> new_ = {};
};

}  // namespace

void WriteJsonDiff(const Comparison& looks, const DiffOptions& options, const ByteSink& sink) {
  DiffWriter(looks, sink).Write(options);
}

}  // namespace hullmark
