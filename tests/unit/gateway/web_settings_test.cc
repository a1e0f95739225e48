// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/web_settings.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/gateway/tls.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

WebSettings Everything() {
  return {.tls = TlsSettings{.certificates = "C",
                             .key = std::string("K\0K", 3),
                             .client_roots = "R",
                             .client = ClientCertificate::kVerified,
                             .only_13 = true,
                             .ciphers = "A:B",
                             .curves = "X25519"},
          .users = {{"alice", "$2y$..."}, {"bob", ""}},
          .headers = {{"X-Frame-Options", "deny"}}};
}

TEST(WebSettings, ComeOutAsTheyWentIn) {
  const auto got = OpenWebSettings(SealWebSettings(Everything()).value());
  ASSERT_TRUE(got) << got.error().message;
  ASSERT_TRUE(got->tls);
  EXPECT_EQ(got->tls->certificates, "C");
  EXPECT_EQ(got->tls->key, std::string("K\0K", 3));
  EXPECT_EQ(got->tls->client_roots, "R");
  EXPECT_EQ(got->tls->client, ClientCertificate::kVerified);
  EXPECT_TRUE(got->tls->only_13 && !got->tls->only_12 && got->tls->own_order);
  EXPECT_EQ(got->tls->ciphers + "," + got->tls->curves, "A:B,X25519");
  EXPECT_EQ(got->users, Everything().users);
  EXPECT_EQ(got->headers, Everything().headers);
  const auto none = OpenWebSettings(SealWebSettings({}).value());
  EXPECT_TRUE(none && !none->tls && none->users.empty() && none->headers.empty());
}

TEST(WebSettings, WhatIsCutOffOrNotSealedIsRefused) {
  const Fd whole = std::move(SealWebSettings(Everything()).value());
  std::string bytes(4096, '\0');
  const ssize_t size = pread(whole.get(), bytes.data(), bytes.size(), 0);
  ASSERT_GT(size, 0);
  const auto open = [&](std::size_t length, int seals) {
    const Fd file(memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(write(file.get(), bytes.data(), length), static_cast<ssize_t>(length));
    fcntl(file.get(), F_ADD_SEALS, seals);
    return OpenWebSettings(file).has_value();
  };
  EXPECT_TRUE(open(static_cast<std::size_t>(size), F_SEAL_SHRINK | F_SEAL_WRITE));
  EXPECT_FALSE(open(static_cast<std::size_t>(size), 0));
  for (std::size_t length = 1; length < 40; ++length) {
    EXPECT_FALSE(open(length, F_SEAL_SHRINK | F_SEAL_WRITE)) << length;
  }
}

}  // namespace
}  // namespace hullmark
