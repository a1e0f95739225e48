// SPDX-License-Identifier: Apache-2.0
#include "agent/base/deputy.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

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

TEST(DeputyTest, OnlySoManyAreLeftAtWork) {
  std::promise<void> answer;
  const std::shared_future<void> answered = answer.get_future().share();
  std::vector<std::future<void>> ends;
  Deputy deputy;
  for (int i = 0; i < Deputy::kMostLeft; ++i) {
    const auto at_work = std::make_shared<std::promise<void>>();
    const auto ended = std::make_shared<std::promise<void>>();
    ends.push_back(ended->get_future());
    ASSERT_TRUE(deputy.Give([at_work, ended, answered] {
      at_work->set_value();
      answered.wait();
      ended->set_value();
    }));
    at_work->get_future().wait();
    deputy.Leave();
  }
  EXPECT_FALSE(deputy.Give([] {}));
  answer.set_value();
  for (auto& end : ends) end.wait();
  while (!deputy.Give([] {})) std::this_thread::yield();  // They are on their way out.
}

}  // namespace
}  // namespace hullmark
