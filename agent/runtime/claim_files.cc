// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/claim_files.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "agent/parse/cut.h"
#include "agent/runtime/json_fields.h"
#include "hullmark/result.h"

namespace hullmark::runtime {

const std::set<std::string, std::less<>>& ClaimFiles::In(const std::string& directory) {
  const auto [found, first] = listed_.try_emplace(directory);
  if (first) {
    const auto names = host_.list(directory);
    if (names) found->second.insert(names->begin(), names->end());
  }
  return found->second;
}

bool ClaimFiles::Has(const std::string& directory, std::string_view name) {
  return !name.empty() && In(directory).contains(name);
}

std::optional<ClaimFiles::Json> ClaimFiles::Read(const std::string& path,
                                                 std::span<const std::string_view> wanted,
                                                 std::string_view labels) {
  const auto file = host_.read(path);
  if (!file) {
    if (file.error().code == ErrorCode::kNotFound) return std::nullopt;
    Note(path + ": " + std::string(NameOf(file.error().code)));
    return std::nullopt;
  }
  const auto keys = labels.empty() ? std::span<const std::string>() : label_keys_;
  auto fields = JsonFields::Parse(file->text, wanted, {.place = labels, .keys = keys});
  if (!fields) {
    Note(path + " " + fields.error().message);
    return std::nullopt;
  }
  Json json{.fields = std::move(*fields), .labels = {}, .owner = file->owner, .trust = file->trust};
  for (const auto& [key, value] : json.fields.labels()) json.labels.emplace(key, CutName(value));
  return json;
}

const ClaimFiles::Catalogue& ClaimFiles::ReadCatalogue(const std::string& path,
                                                       std::span<const std::string_view> wanted) {
  const auto [found, first] = catalogues_.try_emplace(path);
  auto& catalogue = found->second;
  if (!first) return catalogue;
  catalogue.file = Read(path, wanted);
  if (!catalogue.file) return catalogue;
  for (const auto& [place, value] : catalogue.file->fields.values()) {
    const auto* const id = std::get_if<std::string>(&value);
    if (id == nullptr || !place.ends_with(">id")) continue;
    catalogue.place_of.emplace(*id, place.substr(0, place.size() - 2));
  }
  return catalogue;
}

std::optional<std::int64_t> ClaimFiles::ReadNumber(const std::string& path) {
  const auto file = host_.read(path);
  return file ? NumberOf<std::int64_t>(WithoutNewline(file->text)) : std::nullopt;
}

std::optional<std::string> ClaimFiles::NameOfPid(const std::string& directory,
                                                 const StatePlace& place, std::int64_t pid) {
  const auto [found, first] = states_.try_emplace(directory);
  if (first) found->second = ReadStates(directory, place);
  const auto name = found->second.find(pid);
  return name == found->second.end() ? std::nullopt : std::optional(name->second);
}

std::map<std::int64_t, std::string> ClaimFiles::ReadStates(const std::string& directory,
                                                           const StatePlace& place) {
  constexpr std::size_t kMostStates = 4096;
  std::map<std::int64_t, std::string> by_pid;
  for (const auto& name : In(directory) | std::views::take(kMostStates)) {
    auto path = directory;
    path.append("/").append(name).append("/").append(place.file);
    const auto state = host_.read(path);
    if (!state) continue;
    const auto fields = JsonFields::Parse(state->text, std::array{place.key});
    const auto number = fields ? fields->Number(place.key) : std::nullopt;
    if (number) by_pid.emplace(*number, name);
  }
  return by_pid;
}

const std::map<std::string, std::string, std::less<>>& ClaimFiles::PodLogs() {
  if (pod_logs_) return *pod_logs_;
  pod_logs_.emplace();
  for (const auto& name : In(std::string(kPodLogs))) {
    pod_logs_->emplace(name.substr(name.rfind('_') + 1), name);
  }
  return *pod_logs_;
}

std::string_view CutName(std::string_view name) {
  constexpr std::size_t kMost = 256;
  if (name.size() <= kMost) return name;
  std::size_t end = kMost;
  while (end > kMost - 4 && (static_cast<unsigned char>(name[end]) & 0xc0U) == 0x80U) --end;
  return name.substr(0, end);
}

}  // namespace hullmark::runtime
