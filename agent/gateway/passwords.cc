// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/passwords.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/gateway/address.h"

namespace hullmark {
namespace {

// Of cost 10, as tools make them; of a password that nobody knows.
constexpr std::string_view kNobody = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";
constexpr std::size_t kCostAt = 4, kCostSize = 2;
constexpr std::size_t kMostCredentials = 1'024;

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > kMostCredentials) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : (text.ends_with('=') ? 1 : 0);
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

struct Credentials {
  std::string user, password;
};

// "Basic YTpi", see RFC 7617. A NUL would end the password for crypt(3), and only for it.
std::optional<Credentials> CredentialsOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  };
  if (!std::ranges::equal(authorization.substr(0, kScheme.size()), kScheme, {}, lower)) {
    return std::nullopt;
  }
  const auto text = FromBase64(authorization.substr(kScheme.size()));
  if (!text || text->contains('\0')) return std::nullopt;
  const auto colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{.user = text->substr(0, colon), .password = text->substr(colon + 1)};
}

bool IsRight(const std::string& password, const std::string& hash) {
  const auto data = std::make_unique<crypt_data>();
  const char* const made = crypt_r(password.c_str(), hash.c_str(), data.get());
  if (made == nullptr) return false;
  const std::string_view text(made);
  const bool right =
      text.size() == hash.size() && CRYPTO_memcmp(text.data(), hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(data.get(), sizeof *data);
  return right;
}

}  // namespace

Passwords::Passwords(std::function<void()> wake) : wake_(std::move(wake)) {
  RAND_bytes(key_.data(), static_cast<int>(key_.size()));
}

Passwords::~Passwords() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Passwords::SetUsers(Users users) {
  const bool changed = users != users_;
  users_ = std::move(users);
  // Nobody costs as much as the dearest of the users.
  nobody_ = kNobody;
  std::string cost;
  for (const auto& [name, hash] : users_) cost = std::max(cost, hash.substr(kCostAt, kCostSize));
  if (!cost.empty()) nobody_.replace(kCostAt, kCostSize, cost);
  if (!users_.empty() && !thread_.joinable()) thread_ = std::thread([this] { Work(); });
  return changed;
}

bool Passwords::IsInForce(const Job& job) const {
  const auto user = users_.find(job.user);
  return user != users_.end() && user->second == job.hash;
}

Passwords::Seal Passwords::SealOf(std::string_view user, std::string_view password,
                                  std::string_view hash) const {
  std::string text;
  for (const std::string_view part : {user, password, hash}) {
    text += std::to_string(part.size()) + ":";
    text += part;
  }
  Seal seal{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), seal.data(), &size);
  OPENSSL_cleanse(text.data(), text.size());
  return seal;
}

Passwords::Verdict Passwords::Check(std::string_view authorization, const ClientKey& client,
                                    std::uint64_t ticket) {
  const auto given = CredentialsOf(authorization);
  if (!given) return Verdict::kWrong;
  const auto user = users_.find(given->user);
  const std::string& hash = user == users_.end() ? nobody_ : user->second;
  const Seal seal = SealOf(given->user, given->password, hash);
  // The seal has the hash that is in force: what was right before a reload may not be now.
  if (std::ranges::count(remembered_, seal) != 0) return Verdict::kRight;
  const auto own = static_cast<std::size_t>(std::ranges::count(waiting_, client));
  if (own >= kMostWaitingOfClient || waiting_.size() >= kMostWaiting) return Verdict::kBusy;
  waiting_.push_back(client);
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({.ticket = ticket,
                     .client = client,
                     .user = given->user,
                     .password = given->password,
                     .hash = hash,
                     .seal = seal,
                     .known = user != users_.end()});
  }
  changed_.notify_one();
  return Verdict::kLater;
}

std::vector<Passwords::Done> Passwords::TakeDone() {
  std::vector<Finished> results;
  {
    const std::lock_guard lock(mutex_);
    results.swap(done_);
  }
  std::vector<Done> done;
  for (const Finished& result : results) {
    const auto own = std::ranges::find(waiting_, result.job.client);
    if (own != waiting_.end()) waiting_.erase(own);
    const bool right = result.right && IsInForce(result.job);
    if (right) remembered_.push_back(result.job.seal);
    if (remembered_.size() > kMostRemembered) remembered_.pop_front();
    done.push_back({.ticket = result.job.ticket, .right = right});
  }
  return done;
}

void Passwords::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    const bool right = IsRight(job.password, job.hash) && job.known;
    OPENSSL_cleanse(job.password.data(), job.password.size());
    lock.lock();
    done_.push_back({.job = std::move(job), .right = right});
    wake_();
  }
}

}  // namespace hullmark
