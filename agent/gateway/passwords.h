// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/gateway/address.h"

namespace hullmark {

// Users and the bcrypt hashes of their passwords, see crypt(5).
using Users = std::map<std::string, std::string>;

// Verifies basic authentication. bcrypt takes a tenth of a second, on purpose: it runs on a thread
// of its own, and who has been verified is remembered by a keyed hash, so that wrong passwords hold
// up nobody who is known. A user that does not exist takes as long as one that does.
class Passwords {
 public:
  enum class Verdict : std::uint8_t {
    kRight,
    kWrong,
    kLater,  // TakeDone() will tell.
    kBusy,   // Too many are being verified, of this client or in all.
  };
  struct Done {
    std::uint64_t ticket = 0;
    bool right = false;
  };

  static constexpr std::size_t kMostWaiting = 64;
  static constexpr std::size_t kMostWaitingOfClient = 2;
  static constexpr std::size_t kMostRemembered = 64;

  // `wake` is called from the thread when something is done.
  explicit Passwords(std::function<void()> wake);
  Passwords(const Passwords&) = delete;
  Passwords& operator=(const Passwords&) = delete;
  ~Passwords();

  // Who is no longer a user, or has another password, is not let in from here on, also when the old
  // one is being verified. True: they are others than before.
  bool SetUsers(Users users);
  bool AreWanted() const { return !users_.empty(); }

  // `authorization` is the header's value, "" for none.
  Verdict Check(std::string_view authorization, const ClientKey& client, std::uint64_t ticket);
  std::vector<Done> TakeDone();

 private:
  using Seal = std::array<std::uint8_t, 32>;
  struct Job {
    std::uint64_t ticket = 0;
    ClientKey client{};
    std::string user, password, hash;
    Seal seal{};
    bool known = false;  // There is such a user.
  };
  struct Finished {
    Job job;
    bool right = false;
  };

  void Work();
  bool IsInForce(const Job& job) const;
  Seal SealOf(std::string_view user, std::string_view password, std::string_view hash) const;

  std::function<void()> wake_;
  Users users_;
  std::string nobody_;  // A hash for those who do not exist.
  std::array<std::uint8_t, 32> key_{};
  std::deque<Seal> remembered_;
  std::vector<ClientKey> waiting_;  // Whose passwords are with the thread.

  std::mutex mutex_;  // Of the next four.
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::vector<Finished> done_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace hullmark
