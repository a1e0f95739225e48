// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include "hullmark/result.h"

struct bpf_object_open_opts;  // libbpf.h

namespace hullmark {

// What is common to all our kernel programs while they are loaded.
class Loading {
 public:
  Loading();

  // For opening the object: the verifier's words come here.
  void Prepare(bpf_object_open_opts& options);

  // Error kNotFound: this kernel does not describe its types, and no program of ours is taken.
  static Result<void> CheckTypes();

  // Why a call of libbpf ended with errno `error`, see WhyRefused.
  [[nodiscard]] std::unexpected<Error> Failure(int error) const;

 private:
  std::array<char, std::size_t{64} << 10> log_ = {};
};

}  // namespace hullmark
