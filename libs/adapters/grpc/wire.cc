#include "libs/adapters/grpc/wire.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/sync.h"

namespace pbfs::wire {
namespace {

constexpr std::string_view kDetailPrefix = "pbfs-detail-";
constexpr std::string_view kDetailSuffix = "-bin";
constexpr size_t kMaxErrorText = 2048;  // metadata is limited to 8 KiB a call

// traceparent = version "00" - 32 hex digits - 16 hex digits of a span - flags (W3C Trace Context, level 1).
bool IsTraceId(const std::string& id) {
  return id.size() == 32 && std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

}  // namespace

grpc::Status ToGrpc(const Status& status, grpc::ServerContextBase& context) {
  if (status.ok()) return grpc::Status::OK;
  for (const auto& [key, value] : status.details()) {
    context.AddTrailingMetadata(std::string(kDetailPrefix) + key + std::string(kDetailSuffix), value);
  }
  return {static_cast<grpc::StatusCode>(status.code()), status.message().substr(0, kMaxErrorText)};
}

Status FromGrpc(const grpc::Status& status, const grpc::ClientContext& context) {
  if (status.ok()) return OkStatus();
  Status ours(static_cast<StatusCode>(status.error_code()), status.error_message());
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    const std::string_view name(key.data(), key.size());
    if (!name.starts_with(kDetailPrefix) || !name.ends_with(kDetailSuffix)) continue;
    const std::string_view bare =
        name.substr(kDetailPrefix.size(), name.size() - kDetailPrefix.size() - kDetailSuffix.size());
    (void)std::move(ours).WithDetail(std::string(bare), std::string(value.data(), value.size()));
  }
  return ours;
}

void Prepare(grpc::ClientContext& call, const Context& context) {
  if (context.deadline() != MonotonicTime::max()) {
    // gRPC takes a point on the monotonic clock; the difference is what both sides agree on.
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(context.deadline() - MonotonicNow());
    call.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(left.count(), GPR_TIMESPAN)));
  }
  if (IsTraceId(context.trace_id()))
    call.AddMetadata("traceparent", "00-" + context.trace_id() + "-0000000000000001-01");
}

Context ContextOf(const grpc::ServerContextBase& call) {
  Context context;
  const gpr_timespec deadline = call.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) != 0) {
    const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
    const auto nanos = std::chrono::seconds(left.tv_sec) + std::chrono::nanoseconds(left.tv_nsec);
    constexpr auto kLongest = std::chrono::hours(24 * 365);  // keeps the sum from overflowing
    if (nanos < kLongest) context = Context::WithTimeout(std::chrono::duration_cast<Duration>(nanos));
  }
  const auto& metadata = call.client_metadata();
  if (const auto found = metadata.find("traceparent"); found != metadata.end() && found->second.size() >= 35) {
    context.set_trace_id(std::string(found->second.data() + 3, 32));
  }
  return context;
}

PeerIdentity PeerOf(const grpc::ServerContextBase& call) {
  const auto auth = call.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return {};
  const auto names = auth->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME);
  if (names.empty()) return {};
  return {std::string(names.front().data(), names.front().size())};
}

grpc::ChannelArguments ChannelArguments(int index) {
  grpc::ChannelArguments args;
  args.SetInt("pbfs.channel", index);  // distinct arguments: a connection of its own
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetMaxReceiveMessageSize(kMaxMessageBytes);
  args.SetMaxSendMessageSize(kMaxMessageBytes);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);     // only Retrying... repeats
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // peers are never behind one
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  // A restarted peer is found within two seconds.
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2'000);  // the time one attempt may take
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  return args;
}

namespace {

/// gRPC connects only while some thread polls, and a call that fails at once polls for nobody: with blocking calls alone, a
/// peer that comes back would not be found. So one thread of the process always polls.
class Poller {
 public:
  ~Poller() {
    queue_.Shutdown();
    thread_.Join();
  }

 private:
  void Run() {
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  grpc::CompletionQueue queue_;
  Thread thread_{"grpc-poll", [this] { Run(); }};
};

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address, const TransportSecurity& security, int index) {
  static Poller poller;
  return grpc::CreateCustomChannel(address, security.credentials().client, ChannelArguments(index));
}

grpc::Slice SliceOf(const Buffer& buffer) {
  auto* held = new Buffer(buffer);
  return {const_cast<uint8_t*>(held->data()), held->size(), [](void* it) { delete static_cast<Buffer*>(it); }, held};
}

Buffer Flatten(const grpc::ByteBuffer& message) {
  auto slices = std::make_shared<std::vector<grpc::Slice>>();
  if (!message.Valid() || !message.Dump(slices.get()).ok() || slices->empty()) return {};
  if (slices->size() == 1) {
    const ByteSpan view(slices->front().begin(), slices->front().size());
    return Buffer::Wrap(std::move(slices), view);
  }
  MutableBuffer whole(message.Length());  // the one copy of received payload
  uint8_t* to = whole.data();
  for (const grpc::Slice& slice : *slices) to = std::copy(slice.begin(), slice.end(), to);
  return std::move(whole).Freeze();
}

grpc::ByteBuffer Frame(const std::string& header, const Buffer* payload, size_t count) {
  Bytes front;
  ByteWriter writer(front);
  writer.U32(static_cast<uint32_t>(header.size()));
  writer.Text(header);
  std::vector<grpc::Slice> slices;
  slices.reserve(count + 1);
  slices.emplace_back(front.data(), front.size());
  for (size_t i = 0; i < count; ++i) {
    if (!payload[i].empty()) slices.push_back(SliceOf(payload[i]));
  }
  return {slices.data(), slices.size()};
}

Result<Unframed> Unframe(const grpc::ByteBuffer& message) {
  const Buffer whole = Flatten(message);
  if (whole.size() < 4) return InvalidArgumentError("a framed message is at least 4 bytes");
  const size_t size = LoadLe<uint32_t>(whole.data());
  if (size > whole.size() - 4) return InvalidArgumentError("a framed message ends inside its header");
  return Unframed{whole.Slice(4, size), whole.Slice(4 + size, whole.size() - 4 - size)};
}

}  // namespace pbfs::wire
