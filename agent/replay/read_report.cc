// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/encode/text.h"
#include "agent/replay/json_tree.h"
#include "agent/replay/names.h"
#include "agent/replay/report_json.h"
#include "hullmark/check.h"
#include "hullmark/posture.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

using Array = JsonValue::Array;
using Object = JsonValue::Object;

constexpr std::string_view kSchema = "hullmark.report/1";
constexpr std::string_view kAnyVersion = "hullmark.report/";
constexpr std::size_t kMostShown = 64;  // Bytes of a hostile text in a message.
constexpr JsonShape kShape = {.members = 256, .fractions = true};  // One each in /controls.
constexpr double kMostPoints = 1e9;

// Reads values out of a tree; the first fault is kept with its place, and from then on every value
// is empty.
class Cursor {
 public:
  explicit Cursor(const JsonValue& root) : at_(&root) {}

  // Runs `read` on a member of the object at hand.
  void Member(std::string_view name, const auto& read) {
    const auto* const object = Get<Object>("an object");
    if (object == nullptr) return;
    const JsonValue* const member = FindMember(*object, name);
    if (member == nullptr) return Refuse("member \"" + std::string(name) + "\" is missing");
    Within(*member, name, read);
  }

  // As Member; null is passed over.
  void Nullable(std::string_view name, const auto& read) {
    Member(name, [&] {
      if (!std::holds_alternative<std::monostate>(at_->value)) read();
    });
  }

  void EachItem(const auto& read) {
    const auto* const array = Get<Array>("an array");
    if (array == nullptr) return;
    for (std::size_t i = 0; i < array->size() && !fault_; ++i) Within((*array)[i], i, read);
  }

  void EachMember(const auto& read) {
    const auto* const object = Get<Object>("an object");
    if (object == nullptr) return;
    for (const JsonMember& member : *object) {
      if (fault_) return;
      Within(member.value, std::string_view(member.name), [&] { read(member.name); });
    }
  }

  std::string Text() {
    const auto* const text = Get<std::string>("a text");
    return text == nullptr ? "" : *text;
  }

  // From 0 to `most`.
  double Number(double most) {
    double number = 0;
    if (const auto* const whole = std::get_if<std::uint64_t>(&at_->value)) {
      number = static_cast<double>(*whole);
    } else if (const auto* const real = Get<double>("a number that is not negative")) {
      number = *real;
    }
    if (number >= 0 && number <= most) return number;
    Refuse("is out of range");
    return 0;
  }

  // The enumerator of that name, where `name_of` names those below `count`.
  template <typename Enum>
  Enum Named(std::size_t count, const std::function<std::string_view(Enum)>& name_of) {
    const std::string text = Text();
    for (std::size_t i = 0; i < count; ++i) {
      if (name_of(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
    }
    Refuse("\"" + PrintableShort(text, kMostShown) + "\" is not a name known here");
    return Enum{};
  }

  // Keeps the first fault, at the place at hand.
  void Refuse(std::string_view what) {
    if (fault_) return;
    std::string place;
    for (const auto& step : steps_) {
      place += std::visit([](const auto& part) { return PointerStep(part); }, step);
    }
    if (place.empty()) place = "the document";
    fault_ = Error{.code = ErrorCode::kMalformed, .message = place + ": " + std::string(what)};
  }

  const std::optional<Error>& fault() const { return fault_; }

 private:
  template <typename T>
  const T* Get(std::string_view wanted) {
    if (fault_) return nullptr;
    const auto* const value = std::get_if<T>(&at_->value);
    if (value == nullptr) Refuse("is not " + std::string(wanted));
    return value;
  }

  void Within(const JsonValue& value, std::variant<std::string_view, std::size_t> step,
              const auto& read) {
    const JsonValue* const outer = std::exchange(at_, &value);
    steps_.push_back(step);
    read();
    steps_.pop_back();
    at_ = outer;
  }

  const JsonValue* at_;
  std::vector<std::variant<std::string_view, std::size_t>> steps_;  // From the root to `at_`.
  std::optional<Error> fault_;
};

// "2026-01-31T08:15:00.000Z".
bool IsTime(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
  return text.size() == kForm.size() && std::ranges::equal(text, kForm, [](char byte, char form) {
           return form == '0' ? byte >= '0' && byte <= '9' : byte == form;
         });
}

class ReportReader {
 public:
  explicit ReportReader(const JsonValue& root) : in_(root) {}

  Result<Posture> Read() && {
    in_.Member("taken_at", [&] {
      posture_.taken_at = in_.Text();
      if (!IsTime(posture_.taken_at)) in_.Refuse("is no time like 2026-01-31T08:15:00.000Z");
    });
    ReadAsked();
    in_.Member("controls", [&] { ReadControls(); });
    in_.Member("host", [&] {
      ReadText("name", posture_.host);
      ReadText("boot_id", posture_.boot_id);
      ReadSubject(posture_.machine);
    });
    in_.Member("containers",
               [&] { in_.EachItem([&] { ReadContainer(posture_.containers.emplace_back()); }); });
    if (const auto& fault = in_.fault()) return std::unexpected(*fault);
    return std::move(posture_);
  }

 private:
  void ReadText(std::string_view name, std::string& text) {
    in_.Member(name, [&] { text = in_.Text(); });
  }
  void ReadNullableText(std::string_view name, std::string& text) {
    in_.Nullable(name, [&] { text = in_.Text(); });
  }
  template <typename Enum>
  void ReadName(Enum& value) {
    const auto names = EnumNames(value);
    value =
        in_.Named<Enum>(names.size(), [&](Enum each) { return names[std::to_underlying(each)]; });
  }

  void ReadAsked() {
    in_.Member("benchmark", [&] {
      ReadText("id", posture_.benchmark);
      ReadText("version", posture_.benchmark_version);
      ReadText("sha256", posture_.benchmark_sha256);
    });
    in_.Member("options", [&] {
      in_.Member("select", [&] { in_.EachItem([&] { ReadSelect(); }); });
      in_.Member("class",
                 [&] { in_.EachItem([&] { ReadName(posture_.classes.emplace_back()); }); });
    });
    in_.Member("vantage", [&] {
      in_.Member("problems", [&] { in_.EachItem([&] { posture_.limited = true; }); });
    });
  }

  // As many and as long as a command line of ours may have; each is a pattern.
  void ReadSelect() {
    constexpr std::size_t kMost = 256;
    constexpr std::size_t kMostBytes = 1'024;
    std::string text = in_.Text();
    if (posture_.select.size() == kMost || text.size() > kMostBytes) {
      return in_.Refuse("more or longer patterns than hullmark accepts");
    }
    posture_.select.push_back(std::move(text));
  }

  void ReadControls() {
    in_.EachMember([&](const std::string& id) {
      PostureControl& control = posture_.controls.emplace_back();
      control.id = id;
      ReadText("title", control.title);
      index_.emplace(id, static_cast<std::uint16_t>(index_.size()));
    });
  }

  void ReadSubject(PostureSubject& subject) {
    constexpr double kThousandths = 1000;
    in_.Member("score", [&] { subject.score = in_.Number(100); });
    in_.Member("exposure",
               [&] { subject.exposure = std::llround(in_.Number(kMostPoints) * kThousandths); });
    in_.Nullable("grade", [&] {
      subject.grade = in_.Named<Grade>(kGrades, [](Grade grade) { return NameOf(grade); });
    });
    in_.Member("findings", [&] {
      std::set<std::uint16_t> seen;
      in_.EachItem([&] {
        ReadFinding(subject.findings.emplace_back());
        if (!seen.insert(subject.findings.back().control).second) {
          in_.Refuse("its control stands here twice");
        }
      });
    });
  }

  void ReadFinding(PostureFinding& finding) {
    in_.Member("id", [&] {
      const std::string id = in_.Text();
      const auto control = index_.find(id);
      if (control != index_.end()) {
        finding.control = control->second;
      } else {
        in_.Refuse("\"" + PrintableShort(id, kMostShown) + "\" is not of /controls");
      }
    });
    in_.Member("status", [&] {
      finding.status = in_.Named<Status>(kStatuses, [](Status status) { return NameOf(status); });
    });
    if (finding.status == Status::kPass || finding.status == Status::kNotApplicable) return;
    in_.Member("severity", [&] {
      finding.severity =
          in_.Named<Severity>(kSeverities, [](Severity each) { return NameOf(each); });
    });
    in_.Member("evidence", [&] {
      in_.EachItem([&] {
        if (finding.proof.empty()) ReadProof(finding);
      });
    });
  }

  void ReadProof(PostureFinding& finding) {
    in_.Member("fact", [&] {
      const std::string fact = in_.Text();
      finding.proof = fact.substr(0, fact.find('\n'));
    });
  }

  void ReadContainer(PostureContainer& container) {
    ReadText("id", container.id);
    ReadText("name", container.name);
    in_.Member("runtime", [&] { ReadName(container.runtime); });
    in_.Member("class", [&] { ReadName(container.container_class); });
    in_.Nullable("claims", [&] {
      container.claimed = true;
      in_.Member("trust", [&] {
        Trust trust{};
        ReadName(trust);
        container.claimed_by_user = trust != Trust::kRoot;
      });
    });
    ReadNullableText("image", container.image);
    in_.Nullable("kubernetes", [&] {
      ReadText("namespace", container.name_space);
      ReadText("pod", container.pod);
      ReadText("container", container.pod_container);
    });
    in_.Nullable("compose", [&] {
      ReadText("project", container.project);
      ReadText("service", container.service);
    });
    in_.Nullable("cgroup", [&] { ReadText("path", container.cgroup); });
    ReadSubject(container.subject);
  }

  Cursor in_;
  Posture posture_;
  std::map<std::string, std::uint16_t, std::less<>> index_;  // Of /controls, by id.
};

// Another version, or another kind of document, is no damage.
std::optional<Error> CheckSchema(const JsonValue& root) {
  const auto* const object = std::get_if<Object>(&root.value);
  const auto* const member = object == nullptr ? nullptr : FindMember(*object, "schema");
  const auto* const text = member == nullptr ? nullptr : std::get_if<std::string>(&member->value);
  const std::string_view schema = text == nullptr ? std::string_view{} : *text;
  if (schema == kSchema) return std::nullopt;
  if (schema.starts_with(kAnyVersion)) {
    return Error{.code = ErrorCode::kUnsupported,
                 .message = "/schema: is \"" + PrintableShort(schema, kMostShown) +
                            "\", and this program reads \"" + std::string(kSchema) +
                            "\": use the hullmark that wrote it, or make a new report"};
  }
  return Error{.code = ErrorCode::kMalformed,
               .message = "/schema: this is no report of hullmark (audit --format json)"};
}

}  // namespace

Result<Posture> ReadReport(std::string_view text) {
  const auto root = ParseJson(text, kShape);
  if (!root) return std::unexpected(root.error());
  if (auto error = CheckSchema(*root)) return std::unexpected(*std::move(error));
  return ReportReader(*root).Read();
}

std::string_view SchemaOf(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto skip = [&](std::string_view token) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    const bool there = text.starts_with(token);
    if (there) text.remove_prefix(token.size());
    return there;
  };
  const bool first = skip("{") && skip("\"schema\"") && skip(":") && skip("\"");
  if (!first) return {};
  const std::size_t end = text.find('"');
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
}

}  // namespace hullmark
