// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/claim_files.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "agent/parse/cut.h"
#include "agent/runtime/attribute.h"
#include "agent/runtime/json_fields.h"
#include "agent/runtime/kept_claims.h"
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

Result<std::shared_ptr<const PickedFile>> ClaimFiles::Take(const std::string& path,
                                                           const Picks& picks, const Pick& pick) {
  const auto fail = [&](Fault fault) {
    return Fail(fault.code, path + ": " + std::string(NameOf(fault.code)));
  };
  FileIdentity identity;
  if (kept_ != nullptr) {
    // Asked before the file is read: what changes in between is another file the next time.
    const auto now = host_.identify(path);
    if (!now) return fail(now.error());
    identity = *now;
    if (auto known = kept_->Find(path, picks, identity)) return known;
  }
  const auto file = host_.read(path);
  if (!file) return fail(file.error());
  auto picked = pick(*file);
  if (!picked) return std::unexpected(std::move(picked.error()));
  auto shared = std::make_shared<const PickedFile>(std::move(*picked));
  if (kept_ != nullptr) kept_->Keep(path, picks, identity, shared);
  return shared;
}

Result<std::shared_ptr<const PickedFile>> ClaimFiles::TakeJson(const std::string& path,
                                                               const Picks& picks) {
  return Take(path, picks, [&](const ClaimFile& file) -> Result<PickedFile> {
    const auto keys = picks.labels.empty() ? std::span<const std::string>() : label_keys_;
    auto fields = JsonFields::Parse(file.text, picks.wanted, {.place = picks.labels, .keys = keys});
    if (!fields) return Fail(fields.error().code, path + " " + fields.error().message);
    return PickedFile{.fields = std::move(*fields), .owner = file.owner, .trust = file.trust};
  });
}

std::shared_ptr<const PickedFile> ClaimFiles::Read(const std::string& path, const Picks& picks) {
  auto file = TakeJson(path, picks);
  if (file) return std::move(*file);
  if (file.error().code != ErrorCode::kNotFound) Note(std::move(file.error().message));
  return nullptr;
}

const ClaimFiles::Catalogue& ClaimFiles::ReadCatalogue(const std::string& path,
                                                       const Picks& picks) {
  const auto [found, first] = catalogues_.try_emplace(path);
  auto& catalogue = found->second;
  if (!first) return catalogue;
  catalogue.file = Read(path, picks);
  if (!catalogue.file) return catalogue;
  for (const auto& [place, value] : catalogue.file->fields.values()) {
    const auto* const id = std::get_if<std::string>(&value);
    if (id == nullptr || !place.ends_with(">id")) continue;
    catalogue.place_of.emplace(*id, place.substr(0, place.size() - 2));
  }
  return catalogue;
}

std::optional<std::int64_t> ClaimFiles::ReadNumber(const std::string& path) {
  static constexpr Picks kNumber = {.wanted = {}, .labels = ""};
  const auto file = Take(path, kNumber, [](const ClaimFile& text) -> Result<PickedFile> {
    return PickedFile{.fields = {},
                      .number = NumberOf<std::int64_t>(WithoutNewline(text.text)),
                      .owner = text.owner,
                      .trust = text.trust};
  });
  return file ? (*file)->number : std::nullopt;
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
    const auto state = TakeJson(path, place.picks);
    const auto number = state ? (*state)->fields.Number(place.key) : std::nullopt;
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

}  // namespace hullmark::runtime
