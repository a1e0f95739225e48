// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/workload.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "hullmark/posture.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Kubernetes makes suffixes of these: no vowels, and nothing that looks like another letter.
constexpr std::string_view kSuffixLetters = "bcdfghjklmnpqrstvwxz2456789";
constexpr std::size_t kSuffix = 5;        // Of a pod.
constexpr std::size_t kLongestHash = 10;  // Of a ReplicaSet.
constexpr std::size_t kShortestId = 8;

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string key;
  for (const std::string_view part : parts) {
    key += part;
    key += '\0';
  }
  return key;
}

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }
bool IsLower(char byte) { return byte >= 'a' && byte <= 'z'; }
bool IsOfId(char byte) { return IsDigit(byte) || (byte >= 'a' && byte <= 'f') || byte == '-'; }

// "user-1000.slice" of "/user.slice/user-1000.slice/user@1000.service/...".
std::string_view UserSliceOf(std::string_view cgroup) {
  constexpr std::string_view kBegin = "/user.slice/";
  if (!cgroup.starts_with(kBegin)) return {};
  cgroup.remove_prefix(kBegin.size());
  return cgroup.substr(0, cgroup.find('/'));
}

// Takes "-" and `least` to `most` letters of a made-up suffix off the end, if they are there.
bool DropSuffix(std::string_view& name, std::size_t least, std::size_t most) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return false;
  const std::string_view suffix = name.substr(dash + 1);
  if (suffix.size() < least || suffix.size() > most) return false;
  if (suffix.find_first_not_of(kSuffixLetters) != std::string_view::npos) return false;
  name = name.substr(0, dash);
  return true;
}

// "web" of a Deployment's "web-5d9c7f8b6d-x2x7k", "proxy" of a DaemonSet's "proxy-x2x7k"; what has
// a name of its own keeps it: "db-0", "etcd-node1".
std::string_view WorkloadOfPod(std::string_view pod) {
  if (DropSuffix(pod, kSuffix, kSuffix)) DropSuffix(pod, kSuffix + 1, kLongestHash);
  return pod;
}

// The first words of Docker's names-generator, which Podman has from there; ascending.
constexpr auto kMoods = std::to_array<std::string_view>(
    {"admiring",    "adoring",   "affectionate", "agitated",      "amazing",   "angry",
     "awesome",     "beautiful", "blissful",     "bold",          "boring",    "brave",
     "busy",        "charming",  "clever",       "compassionate", "competent", "condescending",
     "confident",   "cool",      "cranky",       "crazy",         "dazzling",  "determined",
     "distracted",  "dreamy",    "eager",        "ecstatic",      "elastic",   "elated",
     "elegant",     "eloquent",  "epic",         "exciting",      "fervent",   "festive",
     "flamboyant",  "focused",   "friendly",     "frosty",        "funny",     "gallant",
     "gifted",      "goofy",     "gracious",     "great",         "happy",     "hardcore",
     "heuristic",   "hopeful",   "hungry",       "infallible",    "inspiring", "intelligent",
     "interesting", "jolly",     "jovial",       "keen",          "kind",      "laughing",
     "loving",      "lucid",     "magical",      "modest",        "musing",    "mystifying",
     "naughty",     "nervous",   "nice",         "nifty",         "nostalgic", "objective",
     "optimistic",  "peaceful",  "pedantic",     "pensive",       "practical", "priceless",
     "quirky",      "quizzical", "recursing",    "relaxed",       "reverent",  "romantic",
     "sad",         "serene",    "sharp",        "silly",         "sleepy",    "stoic",
     "strange",     "stupefied", "suspicious",   "sweet",         "tender",    "thirsty",
     "trusting",    "unruffled", "upbeat",       "vibrant",       "vigilant",  "vigorous",
     "wizardly",    "wonderful", "xenodochial",  "youthful",      "zealous",   "zen"});

// "adoring_wing", "adoring_wing3": what Docker and Podman call a container that nobody named.
bool IsMadeUp(std::string_view name) {
  if (!name.empty() && IsDigit(name.back())) name.remove_suffix(1);
  const std::size_t line = name.find('_');
  if (line == std::string_view::npos || line + 1 == name.size()) return false;
  return std::ranges::binary_search(kMoods, name.substr(0, line)) &&
         std::ranges::all_of(name.substr(line + 1), IsLower);
}

// "registry:5000/team/web" of "registry:5000/team/web:1.2@sha256:...".
std::string_view RepositoryOf(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const std::size_t slash = image.rfind('/');
  const std::size_t colon = image.rfind(':');
  const bool tagged =
      colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  return tagged ? image.substr(0, colon) : image;
}

// Every run of hexadecimal digits and dashes that is long enough for an id becomes "*".
std::string WithoutIds(std::string_view path) {
  std::string text;
  while (!path.empty()) {
    const auto end =
        static_cast<std::size_t>(std::ranges::find_if_not(path, IsOfId) - path.begin());
    const std::string_view run = path.substr(0, end);
    const bool id = run.size() >= kShortestId && std::ranges::any_of(run, IsDigit);
    text += id ? "*" : run;
    if (end < path.size()) text += path[end];
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return text;
}

}  // namespace

std::string OwnerOf(const PostureContainer& container) {
  if (container.claimed && !container.claimed_by_user) return "";
  const std::string_view slice = UserSliceOf(container.cgroup);
  if (!slice.empty()) return "user " + std::string(slice);
  // A user's service may run containers outside of his slice.
  return container.claimed_by_user ? "cgroup " + WithoutIds(container.cgroup) : "";
}

std::string NameKeyOf(const PostureContainer& container) {
  if (!container.pod.empty()) {
    return Join(
        {"pod", OwnerOf(container), container.name_space, container.pod, container.pod_container});
  }
  if (!container.claimed || container.name.empty()) return WorkloadKeyOf(container);
  return Join({"name", OwnerOf(container), NameOf(container.runtime), container.name});
}

std::string WorkloadKeyOf(const PostureContainer& container) {
  const std::string owner = OwnerOf(container);
  const std::string_view runtime = NameOf(container.runtime);
  if (!container.pod.empty()) {
    return Join({"workload", owner, container.name_space, WorkloadOfPod(container.pod),
                 container.pod_container, RepositoryOf(container.image)});
  }
  if (!container.service.empty()) {
    return Join({"service", owner, runtime, container.project, container.service});
  }
  const bool nameless = container.name.empty() || IsMadeUp(container.name);
  if (container.claimed && nameless && !container.image.empty()) {
    return Join({"image", owner, runtime, RepositoryOf(container.image)});
  }
  if (container.claimed && !container.name.empty()) {
    return Join({"name", owner, runtime, container.name});
  }
  return Join({"cgroup", runtime, NameOf(container.container_class), WithoutIds(container.cgroup)});
}

}  // namespace hullmark
