#include "actors/http/http_door.h"

#include <fmt/format.h>
#include <kj/compat/http.h>

#include <iterator>

#include "actors/runtime/log.h"

namespace callboard::http {
namespace {

class Service final : public kj::HttpService {
public:
  Service(LoopContext& context, const kj::HttpHeaderTable& table) : context_(context), table_(table) {}

  kj::Promise<void> request(kj::HttpMethod method, kj::StringPtr url, const kj::HttpHeaders&, kj::AsyncInputStream&,
                            Response& response) override {
    NodeMetrics::add(context_.node.metrics.requests);
    if (method != kj::HttpMethod::GET && method != kj::HttpMethod::HEAD)
      return answer(response, 405, "Method Not Allowed", "Only GET is served here.\n");
    const std::string_view path(url.cStr(), url.findFirst('?').orDefault(url.size()));
    if (path == "/livez") return answer(response, 200, "OK", "alive\n");
    if (path == "/readyz") return ready(response);
    if (path == "/metrics") {
      const auto& directory = context_.directory;
      return answer(response, 200, "OK",
                    prometheus_text(context_.node, directory.topics().size(), directory.partition_count()));
    }
    return answer(response, 404, "Not Found", "There is /livez, /readyz and /metrics.\n");
  }

private:
  kj::Promise<void> ready(Response& response) {
    if (context_.node.stopping) return answer(response, 503, "Service Unavailable", "stopping\n");
    if (!context_.node.ready) return answer(response, 503, "Service Unavailable", "starting: reading the metadata\n");
    return answer(response, 200, "OK", "ready\n");
  }

  kj::Promise<void> answer(Response& response, unsigned status, kj::StringPtr reason, std::string text) {
    kj::HttpHeaders headers(table_);
    headers.set(kj::HttpHeaderId::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    auto body = kj::heap<std::string>(std::move(text));
    auto stream = response.send(status, reason, headers, body->size());
    auto written = stream->write(body->data(), body->size());
    return written.attach(kj::mv(stream), kj::mv(body));
  }

  LoopContext& context_;
  const kj::HttpHeaderTable& table_;
};

struct Connection {
  Connection(LoopContext& context, NodeMetrics::Open o)
    : open(std::move(o)), service(context, table), server(context.loop.timer(), table, service) {}
  NodeMetrics::Open open;
  kj::HttpHeaderTable table;
  Service service;
  kj::HttpServer server;
};

struct Series {
  std::string text;
  void add(std::string_view name, std::string_view type, std::string_view help, auto value) {
    fmt::format_to(std::back_inserter(text), "# HELP callboard_{0} {1}\n# TYPE callboard_{0} {2}\ncallboard_{0} {3}\n",
                   name, help, type, value);
  }
};

} // namespace

void serve(LoopContext& context, kj::Own<kj::AsyncIoStream> stream, NodeMetrics::Open open) {
  auto connection = kj::heap<Connection>(context, std::move(open));
  auto serving = connection->server.listenHttp(kj::mv(stream));
  context.loop.add_task(
      serving.catch_([](kj::Exception&& e) { log::debug("http: {}", kj::str(e).cStr()); }).attach(kj::mv(connection)));
}

std::string prometheus_text(const NodeContext& node, std::size_t topics, std::size_t partitions) {
  const auto& m = node.metrics;
  const auto read = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  Series out;
  out.add("connections_open", "gauge", "Open client connections, all protocols.", read(m.connections_open));
  out.add("connections_accepted_total", "counter", "Sockets accepted.", read(m.connections_accepted));
  out.add("requests_total", "counter", "Requests received, all protocols.", read(m.requests));
  out.add("received_bytes_total", "counter", "Bytes of requests.", read(m.bytes_received));
  out.add("sent_bytes_total", "counter", "Bytes of responses.", read(m.bytes_sent));
  out.add("protocol_errors_total", "counter", "Connections closed for what they sent.", read(m.protocol_errors));
  out.add("inflight_bytes", "gauge", "Memory of requests and responses under way.", read(m.inflight_bytes));
  out.add("peer_links_up", "gauge", "Links to other nodes that are up.", read(m.peer_links_up));
  out.add("peer_messages_sent_total", "counter", "Messages of replicas sent to other nodes.",
          read(m.peer_messages_sent));
  out.add("peer_sent_bytes_total", "counter", "Bytes of them, roughly.", read(m.peer_bytes_sent));
  out.add("peer_messages_dropped_total", "counter", "Messages of replicas not sent: link down or queue full.",
          read(m.peer_messages_dropped));
  out.add("peer_messages_received_total", "counter", "Messages of replicas from other nodes.",
          read(m.peer_messages_received));
  out.add("peer_messages_astray_total", "counter", "Those of them for groups that are not here.",
          read(m.peer_messages_astray));
  out.add("replicas_damaged", "gauge", "Replicas out of service because of their log or its disk.",
          read(m.replicas_damaged));
  out.add("replicas_set_aside_total", "counter", "Damaged logs that were set aside to be made anew.",
          read(m.replicas_set_aside));
  out.add("scrubbed_bytes_total", "counter", "Bytes compared with their checksums in the background.",
          read(m.scrubbed_bytes));
  out.add("scrub_damage_found_total", "counter", "Logs that were found damaged by that.", read(m.scrub_damage_found));
  out.add("catch_up_bytes_total", "counter", "Bytes read from disk for replicas that are far behind.",
          read(m.catch_up_bytes));
  out.add("catch_up_waiting", "gauge", "Replicas on other nodes that wait for their turn to catch up.",
          read(m.catch_up_waiting));
  out.add("actors", "gauge", "Living actors.", node.registry.size());
  out.add("topics", "gauge", "Topics of the cluster.", topics);
  out.add("partitions", "gauge", "Partitions of the cluster.", partitions);
  return out.text;
}

} // namespace callboard::http
