// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/kept_programs.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/collect/event_facts.h"
#include "agent/collect/learned_programs.h"
#include "agent/daemon/exact_json.h"
#include "agent/encode/json_writer.h"
#include "agent/encode/text.h"
#include "agent/replay/json_tree.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostShown = 64;
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMostSeconds = std::numeric_limits<std::uint32_t>::max();

void Write(JsonWriter& json, const LearnedContainer& learned) {
  json.BeginObject();
  WriteExact(json, "id", learned.container.id);
  json.Member("init", std::to_underlying(learned.container.init));
  json.Member("init_start", std::to_underlying(learned.container.init_start));
  json.Member("began", learned.began).Key("age");
  if (learned.age) {
    json.Unsigned(*learned.age);
  } else {
    json.Null();
  }
  json.Member("seconds", learned.seconds).Member("complete", learned.complete);
  json.Member("partial", learned.partial).Key("programs").BeginArray();
  for (const std::string& program : learned.programs) WriteExact(json, program);
  json.EndArray().EndObject();
}

class ProgramsReader : private MemberReader {
 public:
  Result<KeptPrograms> Read(const JsonValue& root);

 private:
  LearnedContainer ReadContainer(const JsonValue& value);
  void ReadList(const JsonValue& value, LearnedContainer& learned);
};

void ProgramsReader::ReadList(const JsonValue& value, LearnedContainer& learned) {
  std::size_t bytes = 0;
  for (std::string& program : Texts(value, "programs")) {
    bytes += program.size();
    const bool ordered = learned.programs.empty() || *learned.programs.rbegin() < program;
    if (program.empty() || !ordered) Refuse("programs", "holds an empty text, or is out of order");
    learned.programs.insert(learned.programs.end(), std::move(program));
  }
  if (learned.programs.size() > LearnedContainer::kMostPrograms ||
      bytes > LearnedContainer::kMostBytes) {
    Refuse("programs", "are too many");
  }
}

LearnedContainer ProgramsReader::ReadContainer(const JsonValue& value) {
  LearnedContainer learned;
  learned.container.id = Text(value, "id");
  learned.container.init =
      Pid{static_cast<pid_t>(Unsigned(value, "init", std::numeric_limits<pid_t>::max()))};
  learned.container.init_start = BootTicks{Unsigned(value, "init_start", kMost)};
  learned.began = Unsigned(value, "began", kMost);
  if (!IsNull(value, "age")) {
    learned.age = static_cast<std::uint32_t>(Unsigned(value, "age", kMostSeconds));
  }
  learned.seconds = static_cast<std::uint32_t>(Unsigned(value, "seconds", kMostSeconds));
  learned.complete = Flag(value, "complete");
  learned.partial = Flag(value, "partial");
  ReadList(value, learned);
  return learned;
}

Result<KeptPrograms> ProgramsReader::Read(const JsonValue& root) {
  const std::string schema = Text(root, "schema");
  if (!fault() && schema != kProgramsSchema) {
    return Fail(
        schema.starts_with("hullmark.programs/") ? ErrorCode::kUnsupported : ErrorCode::kMalformed,
        "is of schema \"" + PrintableShort(schema, kMostShown) + "\", and this program reads \"" +
            std::string(kProgramsSchema) + "\"");
  }
  KeptPrograms kept{.boot_id = Text(root, "boot_id")};
  for (const JsonValue& item : Items(root, "containers")) {
    if (fault()) break;
    kept.containers.push_back(ReadContainer(item));
  }
  if (kept.containers.size() > ProgramLearner::kMostContainers) {
    Refuse("containers", "are too many");
  }
  if (fault()) return std::unexpected(*fault());
  return kept;
}

}  // namespace

void WritePrograms(const KeptPrograms& kept, const ByteSink& sink) {
  JsonWriter json(sink);
  json.BeginObject().Member("schema", kProgramsSchema);
  WriteExact(json, "boot_id", kept.boot_id);
  json.Key("containers").BeginArray();
  for (const LearnedContainer& learned : kept.containers) Write(json, learned);
  json.EndArray().EndObject().Finish();
}

Result<KeptPrograms> ReadPrograms(std::string_view text) {
  const auto root = ParseJson(text);
  if (!root) return std::unexpected(root.error());
  return ProgramsReader().Read(*root);
}

}  // namespace hullmark
