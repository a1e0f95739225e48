// SPDX-License-Identifier: Apache-2.0
#include "agent/base/deputy.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <thread>
#include <utility>

namespace hullmark {
namespace {

// The thread in which a deputy does what it is given.
std::thread::id ThreadOf(Deputy& deputy) {
  const auto id = std::make_shared<std::promise<std::thread::id>>();
  auto said = id->get_future();
  EXPECT_TRUE(deputy.Give([id] { id->set_value(std::this_thread::get_id()); }));
  return said.get();
}

TEST(DeputyTest, OneThreadDoesItAll) {
  Deputy deputy;
  const auto first = ThreadOf(deputy);
  EXPECT_NE(first, std::this_thread::get_id());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ThreadOf(deputy), first);
  Deputy other;
  EXPECT_NE(ThreadOf(other), first);
}

TEST(DeputyTest, WhatHangsIsLeftBehind) {
  Deputy deputy;
  std::promise<void> answer;
  std::promise<void> ended;
  auto end = ended.get_future();
  const auto hung = std::make_shared<std::pair<std::shared_future<void>, std::promise<void>>>(
      answer.get_future().share(), std::move(ended));
  ASSERT_TRUE(deputy.Give([hung] {
    hung->first.wait();
    hung->second.set_value();
  }));
  deputy.Leave();
  const auto next = ThreadOf(deputy);
  EXPECT_EQ(ThreadOf(deputy), next) << "the one that came after it stays";
  answer.set_value();
  end.wait();
}

}  // namespace
}  // namespace hullmark
