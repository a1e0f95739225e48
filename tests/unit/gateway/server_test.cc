// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/requests.h"
#include "tests/unit/gateway/client.h"
#include "tests/unit/gateway/published.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

// A published set that stays fresh whatever this machine's uptime is.
std::shared_ptr<const Documents> FreshSet() {
  return Documents::Open(MakePublished(std::chrono::hours(24 * 365 * 100))).value();
}

class Serving : public testing::Test {
 protected:
  void SetUp() override {
    server_ =
        std::move(Server::Bind({.listen = {"127.0.0.1:0", "unix:" + tree_.Path("s")}}).value());
    server_->Publish(FreshSet());
    thread_ = std::thread([this] { server_->Serve({}); });
  }
  void TearDown() override {
    server_->Stop();
    thread_.join();
  }

  // `host` is the last part of the client's address, 127.0.0.host.
  Fd Connect(std::size_t host = 1) const {
    Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in own = {};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffU) | static_cast<std::uint32_t>(host));
    EXPECT_EQ(bind(client.get(), reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    ConnectTo(client);
    return client;
  }

  void ConnectTo(const Fd& client) const {
    const std::string address = server_->Addresses()[0];
    std::uint16_t port = 0;
    std::from_chars(address.data() + address.find(':') + 1, address.data() + address.size(), port);
    sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  }

  // The whole answer to one request on a connection of its own.
  std::string Ask(std::string_view line, std::string_view headers = "") const {
    const Fd client = Connect();
    Say(client, std::string(line) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                    std::string(headers) + "\r\n");
    return ReadToEnd(client);
  }

  TempTree tree_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

TEST_F(Serving, ADocument) {
  const std::string answer = Ask("GET /metrics");
  EXPECT_EQ(Status(answer), "HTTP/1.1 200");
  EXPECT_EQ(Body(answer), MetricsText());
  EXPECT_EQ(HeaderOf(answer, "Content-Length"), std::to_string(MetricsText().size()));
  EXPECT_EQ(HeaderOf(answer, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(HeaderOf(answer, "Content-Encoding"), "");
  EXPECT_EQ(HeaderOf(answer, "Vary"), "Accept-Encoding");
}

TEST_F(Serving, GzipIsTheOneThatWasPublished) {
  const std::string answer = Ask("GET /metrics", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(HeaderOf(answer, "Content-Encoding"), "gzip");
  EXPECT_EQ(Body(answer), FreshSet()->Find("/metrics")->gzip);
  // A body that httplib would compress by itself, and does not.
  const std::string error = Ask("GET /nothing", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(HeaderOf(error, "Content-Encoding"), "");
  EXPECT_TRUE(Body(error).starts_with("{\"error\""));
}

TEST_F(Serving, HeadHasTheHeadersAlone) {
  const std::string head = Ask("HEAD /metrics");
  EXPECT_EQ(Status(head), "HTTP/1.1 200");
  EXPECT_EQ(HeaderOf(head, "Content-Length"), std::to_string(MetricsText().size()));
  EXPECT_EQ(Body(head), "");
  EXPECT_EQ(Body(Ask("HEAD /nothing")), "");
}

TEST_F(Serving, NotModified) {
  const std::string etag = HeaderOf(Ask("GET /metrics"), "ETag");
  const std::string answer = Ask("GET /metrics", "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(Status(answer), "HTTP/1.1 304");
  EXPECT_EQ(HeaderOf(answer, "ETag"), etag);
  EXPECT_EQ(Body(answer), "");
}

TEST_F(Serving, EveryErrorIsJson) {
  for (const auto& [line, status] : std::vector<std::pair<std::string, std::string>>{
           {"GET /nothing", "404"},
           {"GET /api/v1/containers/none-of-them", "404"},
           {"GET /api/v1/report?format=html", "400"},
           {"PUT /metrics", "405"},
           {"BREW /metrics", "400"},
           {"GET /" + std::string(5000, 'x'), "414"}}) {
    const std::string answer = Ask(line);
    EXPECT_EQ(Status(answer), "HTTP/1.1 " + status) << line.substr(0, 40);
    EXPECT_EQ(HeaderOf(answer, "Content-Type"), "application/json") << line.substr(0, 40);
    EXPECT_TRUE(Body(answer).starts_with("{\"error\":{\"code\":\"")) << answer;
  }
  EXPECT_EQ(HeaderOf(Ask("DELETE /metrics"), "Allow"), "GET, HEAD");
}

TEST_F(Serving, ContainersByIdAndByItsBeginning) {
  const std::string body = R"({"id":"aaaaaaaaaaaabbbb"})";
  EXPECT_EQ(Body(Ask("GET /api/v1/containers/aaaaaaaaaaaabbbb")), body);
  EXPECT_EQ(Body(Ask("GET /api/v1/containers/aaaaaaaaaaaab")), body);
  EXPECT_EQ(Body(Ask("GET /api/v1/containers/%61aaaaaaaaaaab")), body);
}

TEST_F(Serving, RangesAreNotServed) {
  const std::string answer = Ask("GET /metrics", "Range: bytes=0-9,20-29\r\n");
  EXPECT_EQ(Status(answer), "HTTP/1.1 200");
  EXPECT_EQ(Body(answer), MetricsText());
}

TEST_F(Serving, AHeadThatIsTooLargeIsRefused) {
  const Fd client = Connect();
  Say(client, "GET /metrics HTTP/1.1\r\nX: " + std::string(20'000, 'x'));
  const std::string answer = ReadToEnd(client);
  EXPECT_EQ(Status(answer), "HTTP/1.1 431");
  EXPECT_TRUE(Body(answer).starts_with(R"({"error":{"code":"headers_too_large")")) << answer;
}

TEST_F(Serving, ABodyIsNotReadAndEndsTheConnection) {
  const Fd client = Connect();
  Say(client,
      "POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\n"
      "GET /healthz HTTP/1.1\r\nHost: smuggled in a body\r\n\r\n");
  const std::string answers = ReadToEnd(client);
  EXPECT_EQ(Status(answers), "HTTP/1.1 405");
  EXPECT_EQ(answers.find("alive"), std::string::npos);
}

TEST_F(Serving, OtherSitesNamesAreNotOurs) {
  for (const auto& [host, path, status] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"evil.example", "/api/v1/report", "403"},
           {"evil.example", "/", "403"},
           {"evil.example", "/metrics", "200"},
           {"127.0.0.1:9723", "/api/v1/report", "200"}}) {
    const Fd client = Connect();
    Say(client, "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(Status(ReadToEnd(client)), "HTTP/1.1 " + status) << host << path;
  }
}

TEST_F(Serving, SeveralRequestsOnOneConnection) {
  const Fd client = Connect();
  Say(client,
      "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\nGET /readyz HTTP/1.1\r\nHost: h\r\n"
      "Connection: close\r\n\r\n");
  const std::string answers = ReadToEnd(client);
  EXPECT_NE(answers.find("alive\n"), std::string::npos);
  EXPECT_NE(answers.find("ready\n"), std::string::npos);
}

TEST_F(Serving, ARequestMayCrawlInWithoutHoldingUpOthers) {
  const Fd crawling = Connect();
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  for (const char byte : request) {
    Say(crawling, {&byte, 1});
    if (byte == '/') {
      EXPECT_EQ(Status(Ask("GET /healthz")), "HTTP/1.1 200");
    }
  }
  EXPECT_EQ(Body(ReadToEnd(crawling)), "alive\n");
}

TEST_F(Serving, AUnixSocket) {
  const Fd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  tree_.Path("s").copy(std::begin(name.sun_path), sizeof name.sun_path - 1);
  ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  Say(client, "GET /api/v1/report HTTP/1.0\r\n\r\n");
  EXPECT_EQ(Body(ReadToEnd(client)), kReportText);
}

// Each asks before anybody reads, while others are connected and silent or never read at all.
TEST_F(Serving, AHundredClientsAtOnce) {
  constexpr std::size_t kClients = 100;
  std::vector<Fd> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(Connect(2 + static_cast<std::size_t>(i)));
    if (i % 2 == 0)
      Say(silent.back(), "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\nGET /metrics HTTP/1.1\r\n");
  }
  std::vector<Fd> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(Connect(50 + i / 16));
    Say(clients.back(), "GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  }
  for (const Fd& client : clients) EXPECT_TRUE(Body(ReadToEnd(client)) == MetricsText());
  EXPECT_GE(server_->Counts()[static_cast<std::size_t>(Route::kMetrics)][ColumnOf(200)], kClients);
}

TEST_F(Serving, OfOneAddressTheOldestIncompleteGoes) {
  std::vector<Fd> clients;
  for (int i = 0; i < 16; ++i) clients.push_back(Connect());
  const Fd other = Connect(2);
  Say(other, "GET /healthz HTTP/1.1\r\nHost: h\r\n");
  clients.push_back(Connect());
  EXPECT_EQ(ReadToEnd(clients[0]), "");
  for (const Fd* one : {&std::as_const(clients)[1], &std::as_const(clients)[16], &other}) {
    Say(*one, one == &other ? "Connection: close\r\n\r\n" : "GET /healthz HTTP/1.0\r\n\r\n");
    EXPECT_EQ(Body(ReadToEnd(*one)), "alive\n");
  }
}

TEST_F(Serving, AnAnswerKeepsTheSetItBeganWith) {
  DocumentsWriter writer;
  const std::string large(std::size_t{32} << 20, 'x');
  writer.Add("/metrics", DocumentType::kMetrics, Compression::kNone,
             [&](const BodySink& sink) { sink(large); });
  server_->Publish(Documents::Open(writer.Seal({}).value()).value());
  const Fd client = Connect();
  Say(client, "GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  std::array<char, 16> begin;
  ASSERT_EQ(recv(client.get(), begin.data(), begin.size(), MSG_WAITALL), ssize_t{begin.size()});
  server_->Publish(FreshSet());
  EXPECT_EQ(Body(Ask("GET /metrics")), MetricsText());
  const std::string rest = ReadToEnd(client);
  EXPECT_TRUE(Body(rest) == large) << rest.size();
}

TEST_F(Serving, SlowReadersHoldThreeOldSetsAtMost) {
  constexpr std::int64_t kSets = 5;
  const std::string large(std::size_t{8} << 20, 'x');
  const auto publish = [&](std::int64_t at) {
    DocumentsWriter writer;
    writer.Add("/metrics", DocumentType::kMetrics, Compression::kNone,
               [&](const BodySink& sink) { sink(large); });
    auto set = Documents::Open(writer.Seal({.made_at = std::chrono::seconds(at)}).value()).value();
    server_->Publish(set);
    return std::weak_ptr(set);
  };
  std::vector<std::weak_ptr<const Documents>> sets;
  std::vector<Fd> clients;
  for (std::int64_t at = 0; at < kSets; ++at) {
    sets.push_back(publish(at));
    clients.push_back(Connect());
    Say(clients.back(), "GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    ASSERT_NE(ReadUntil(clients.back(), "\r\n\r\n"), "");
  }
  EXPECT_LT(ReadToEnd(clients[0]).size(), large.size()) << "cut off";
  EXPECT_TRUE(sets[0].expired());
  for (std::size_t at = 1; at < clients.size(); ++at) {
    EXPECT_TRUE(ReadToEnd(clients[at]) == large) << at;
  }
}

TEST_F(Serving, AClientThatGoesWithinAnAnswerEndsNobody) {
  DocumentsWriter writer;
  writer.Add("/metrics", DocumentType::kMetrics, Compression::kNone,
             [](const BodySink& sink) { sink(std::string(std::size_t{32} << 20, 'x')); });
  server_->Publish(Documents::Open(writer.Seal({}).value()).value());
  for (int i = 0; i < 5; ++i) {
    const Fd client = Connect();
    Say(client, "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
    std::array<char, 16> begin;
    EXPECT_EQ(recv(client.get(), begin.data(), begin.size(), MSG_WAITALL), ssize_t{begin.size()});
  }
  EXPECT_EQ(Body(Ask("GET /healthz")), "alive\n");
}

constexpr std::string_view kStream = "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n";

TEST_F(Serving, AStreamBeginsWithWhatComesNext) {
  server_->Publish(PublishedEvents(1, 3));
  const Fd client = Connect();
  Say(client, std::string(kStream) + "\r\n");
  const std::string head = ReadUntil(client, "retry: 5000\n\n");
  EXPECT_EQ(Status(head), "HTTP/1.1 200");
  EXPECT_EQ(HeaderOf(head, "Content-Type"), "text/event-stream");
  EXPECT_EQ(HeaderOf(head, "Content-Length"), "");
  server_->Publish(PublishedEvents(1, 4));
  EXPECT_EQ(ReadUntil(client, "\n\n"), "id: 4\ndata: {\"id\":4}\n\n");
  server_->Publish(PublishedEvents(2, 6));
  EXPECT_EQ(ReadUntil(client, "\"id\":6}\n\n"),
            "id: 5\ndata: {\"id\":5}\n\nid: 6\ndata: {\"id\":6}\n\n");
}

TEST_F(Serving, AStreamIsResumedAndSaysWhatItCannotTell) {
  server_->Publish(PublishedEvents(5, 6));
  const auto resumed = [&](const std::string& last) {
    Fd client = Connect();
    Say(client, std::string(kStream) + "Last-Event-ID: " + last + "\r\n\r\n");
    ReadUntil(client, "retry: 5000\n\n");
    return client;
  };
  const std::string six = "id: 6\ndata: {\"id\":6}\n\n";
  EXPECT_EQ(ReadUntil(resumed("5"), "\n\n"), six);
  EXPECT_EQ(ReadUntil(resumed("4"), six), "id: 5\ndata: {\"id\":5}\n\n" + six);
  EXPECT_EQ(ReadUntil(resumed("1"), "\n\n"), "event: lost\ndata: {\"after\":1,\"next\":5}\n\n");
  EXPECT_EQ(ReadUntil(resumed("99"), "\n\n"), "event: lost\ndata: {\"after\":99,\"next\":5}\n\n");
}

TEST_F(Serving, AnIdOfAnotherLifeIsKnownAsFarAsThisOneGoesOnFromIt) {
  server_->Publish(PublishedEvents(1, 6, 0xb, 4));
  const auto first_after = [&](const std::string& last) {
    const Fd client = Connect();
    Say(client, std::string(kStream) + "Last-Event-ID: " + last + "\r\n\r\n");
    ReadUntil(client, "retry: 5000\n\n");
    return ReadUntil(client, "\n\n");
  };
  EXPECT_EQ(first_after("000000000000000b-5"), "id: 6\ndata: {\"id\":6}\n\n");
  EXPECT_EQ(first_after("000000000000000a-3"), "id: 4\ndata: {\"id\":4}\n\n");
  EXPECT_EQ(first_after("000000000000000a-5"), "event: lost\ndata: {\"after\":5,\"next\":5}\n\n")
      << "its 5 was another one";
}

TEST_F(Serving, AStreamLearnsOfANewLife) {
  server_->Publish(PublishedEvents(1, 3, 0xa));
  const Fd client = Connect();
  Say(client, std::string(kStream) + "\r\n");
  EXPECT_TRUE(ReadUntil(client, "retry: 5000\n\n").contains("id: 000000000000000a-3\n"))
      << "who has got none can come back";
  server_->Publish(PublishedEvents(1, 5, 0xb));
  EXPECT_EQ(ReadUntil(client, "\n\n"), "event: lost\ndata: {\"after\":3,\"next\":1}\n\n");
  EXPECT_EQ(ReadUntil(client, "\n\n"), "id: 1\ndata: {\"id\":1}\n\n");
}

TEST_F(Serving, WhatIsNoIdIsAnError) {
  for (const char* id : {"x", "-1", "1.5", "0-1", "000000000000000a-", "99999999999999999999"}) {
    EXPECT_EQ(Status(Ask("GET /api/v1/events", std::string("Last-Event-ID: ") + id + "\r\n")),
              "HTTP/1.1 400")
        << id;
  }
}

TEST_F(Serving, NoMoreThanTwoStreamsOfOneClient) {
  std::vector<Fd> streams;
  for (int i = 0; i < 2; ++i) {
    streams.push_back(Connect());
    Say(streams.back(), std::string(kStream) + "\r\n");
    EXPECT_EQ(Status(ReadUntil(streams.back(), "retry: 5000\n")), "HTTP/1.1 200");
  }
  EXPECT_EQ(Status(Ask("GET /api/v1/events")), "HTTP/1.1 503");
  const Fd other = Connect(2);
  Say(other, std::string(kStream) + "\r\n");
  EXPECT_EQ(Status(ReadUntil(other, "retry: 5000\n")), "HTTP/1.1 200");
}

TEST_F(Serving, NoMoreThanEightStreams) {
  std::vector<Fd> streams;
  for (std::size_t i = 0; i < 8; ++i) {
    streams.push_back(Connect(2 + i / 2));
    Say(streams.back(), std::string(kStream) + "\r\n");
    ReadUntil(streams.back(), "retry: 5000\n\n");
  }
  EXPECT_EQ(Status(Ask("GET /api/v1/events")), "HTTP/1.1 503");
  EXPECT_EQ(Status(Ask("HEAD /api/v1/events")), "HTTP/1.1 503");
  EXPECT_EQ(Body(Ask("GET /healthz")), "alive\n");
}

TEST_F(Serving, TheDescriptionOfTheApi) {
  const std::string answer = Ask("GET /api/v1/openapi.json");
  EXPECT_EQ(HeaderOf(answer, "Content-Type"), "application/json");
  EXPECT_EQ(Body(answer), OpenApiText());
}

// Limits this process to the descriptors that it has; ends with its scope.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const Fd next(dup(STDIN_FILENO));
    const rlimit here = {.rlim_cur = static_cast<rlim_t>(next.get()), .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &here);
  }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

TEST_F(Serving, WithoutDescriptorsAnIdleClientMakesRoom) {
  const Fd idle = Connect();
  Say(idle, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
  std::array<char, 8> begin;
  ASSERT_EQ(recv(idle.get(), begin.data(), begin.size(), MSG_WAITALL), ssize_t{begin.size()});
  const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const NoMoreDescriptors limited;
  ConnectTo(client);
  const timeval patience = {.tv_sec = 60, .tv_usec = 0};
  setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  Say(client, "GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_EQ(Status(ReadToEnd(client)), "HTTP/1.1 200");
  EXPECT_NE(ReadToEnd(idle), "");  // Up to its end.
}

TEST(Server, ATakenPortIsAnErrorThatNamesIt) {
  const auto first = Server::Bind({.listen = {"127.0.0.1:0"}}).value();
  const std::string address = first->Addresses()[0];
  const auto second = Server::Bind({.listen = {"127.0.0.1:0", address}});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(address), std::string::npos);
}

}  // namespace
}  // namespace hullmark
