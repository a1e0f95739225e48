// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime/kept_claims.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "agent/runtime/attribute.h"
#include "agent/runtime/json_fields.h"
#include "hullmark/ids.h"

namespace hullmark {
namespace {

using runtime::JsonFields;
using runtime::PickedFile;
using runtime::Picks;

// Within one tick of the file system's clock a file can change twice and tell it once.
constexpr std::int64_t kSettled = 2'000'000'000;

bool IsSettled(const FileIdentity& identity, Timestamp now) {
  return std::to_underlying(identity.changed) <= std::to_underlying(now) - kSettled;
}

// About what it takes: its texts, and a node of a map for each.
std::size_t BytesOf(const std::string& path, const PickedFile& file) {
  constexpr std::size_t kNode = 128;
  std::size_t bytes = 2 * kNode + path.size() + sizeof file;
  for (const auto& [place, value] : file.fields.values()) {
    const auto* const text = std::get_if<std::string>(&value);
    bytes += kNode + place.size() + (text == nullptr ? 0 : text->size());
  }
  for (const auto& [key, value] : file.fields.labels()) bytes += kNode + key.size() + value.size();
  return bytes;
}

}  // namespace

void KeptClaims::BeginLook(Timestamp now, std::function<bool(std::uint64_t)> is_due,
                           std::span<const std::string> label_keys) {
  now_ = now;
  is_due_ = std::move(is_due);
  for (auto& [place, kept] : files_) kept.asked_for = false;
  if (std::ranges::equal(label_keys, label_keys_)) return;
  label_keys_.assign(label_keys.begin(), label_keys.end());
  files_.clear();
  bytes_ = 0;
}

KeptClaims::Files::iterator KeptClaims::Forget(Files::iterator at) {
  bytes_ -= at->second.bytes;
  return files_.erase(at);
}

std::shared_ptr<const PickedFile> KeptClaims::Find(const std::string& path, const Picks& picks,
                                                   const FileIdentity& identity) {
  const auto at = files_.find({.path = path, .picks = &picks});
  if (at == files_.end()) return nullptr;
  const bool first = !std::exchange(at->second.asked_for, true);
  const bool due = first && is_due_(std::hash<std::string>{}(path));
  if (!due && at->second.identity == identity) return at->second.file;
  Forget(at);
  return nullptr;
}

void KeptClaims::Keep(const std::string& path, const Picks& picks, const FileIdentity& identity,
                      std::shared_ptr<const PickedFile> file) {
  const std::size_t bytes = BytesOf(path, *file);
  if (!IsSettled(identity, now_) || bytes > most_bytes_ - bytes_) return;
  const auto [at, added] = files_.try_emplace({.path = path, .picks = &picks});
  if (!added) return;
  at->second = {.identity = identity, .file = std::move(file), .bytes = bytes};
  bytes_ += bytes;
}

void KeptClaims::EndLook() {
  for (auto at = files_.begin(); at != files_.end();) {
    at = at->second.asked_for ? std::next(at) : Forget(at);
  }
}

}  // namespace hullmark
