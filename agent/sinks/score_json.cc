// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/score_json.h"

#include <string_view>

#include "agent/encode/json_writer.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"

namespace hullmark {

void WritePoints(JsonWriter& json, std::string_view key, MilliPoints points) {
  json.Key(key).Fixed(static_cast<double>(points) / 1000, points % 100 == 0 ? 1 : 3);
}

void WriteScore(JsonWriter& json, const Score& score, const Scoring& scoring) {
  json.Key("score").Fixed(ScoreOf(score.exposure, scoring), 1);
  json.Key("score_ceiling").Fixed(ScoreOf(score.exposure_known, scoring), 1);
  json.Key("score_raw").Fixed(ScoreOf(score.exposure_unwaived, scoring), 1);
  WritePoints(json, "exposure", score.exposure);
  json.Key("grade");
  score.grade ? json.String(NameOf(*score.grade)) : json.Null();
  json.Member("critical", score.critical);
  json.Key("coverage").Fixed(score.coverage(), 4);
  json.Member("provisional", score.provisional);
}

}  // namespace hullmark
