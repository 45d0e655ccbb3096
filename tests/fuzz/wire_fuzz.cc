#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "libs/adapters/grpc/catalog_codec.h"
#include "libs/adapters/grpc/fragment_codec.h"
#include "libs/adapters/grpc/garbage_codec.h"

namespace pbfs {
namespace {

template <typename Message>
auto DecodeMessage(Message& message) {
  if constexpr (requires { wire::Decode(&message); }) {
    return wire::Decode(&message);
  } else {
    return wire::Decode(std::as_const(message));
  }
}

template <typename Message, typename Value>
Message EncodeMessage(const Value& value) {
  if constexpr (requires(Message * out) { wire::Encode(value, out); }) {
    Message out;
    wire::Encode(value, &out);
    return out;
  } else {
    return wire::Encode(value);
  }
}

// Equal messages, equal bytes: without being asked for it, protobuf writes the entries of a map in any order.
void Append(const google::protobuf::Message& message, std::string& bytes) {
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);
  PBFS_CHECK(message.SerializeToCodedStream(&out));
}

template <typename Message>
std::string Bytes(const std::vector<Message>& messages) {
  std::string bytes;
  for (const Message& message : messages) Append(message, bytes);
  return bytes;
}

/// One message a value.
template <typename Message>
void Single(ByteSpan in) {
  Message message;
  if (!message.ParseFromArray(in.data(), static_cast<int>(in.size()))) return;
  const auto value = DecodeMessage(message);
  if (!value.ok()) return;
  std::vector<Message> encoded = {EncodeMessage<Message>(*value)};
  const std::string bytes = Bytes(encoded);
  const auto again = DecodeMessage(encoded[0]);
  PBFS_CHECK(again.ok() && Bytes<Message>({EncodeMessage<Message>(*again)}) == bytes);
}

/// Several messages a value.
template <typename Message, typename Value>
void Stream(ByteSpan in) {
  Message message;
  if (!message.ParseFromArray(in.data(), static_cast<int>(in.size()))) return;
  Value value;
  if (!wire::Join(&message, value).ok()) return;
  std::vector<Message> messages = wire::Split(value);
  const std::string bytes = Bytes(messages);
  Value again;
  for (Message& part : messages) PBFS_CHECK(wire::Join(&part, again).ok());
  PBFS_CHECK(Bytes(wire::Split(again)) == bytes);
}

void Ids(ByteSpan in) {
  v1::IdList message;
  if (!message.ParseFromArray(in.data(), static_cast<int>(in.size()))) return;
  const auto ids = wire::DecodeIds<BodyId>(message, "body id");
  if (!ids.ok()) return;
  const auto again = wire::DecodeIds<BodyId>(wire::EncodeIds<BodyId>(*ids), "body id");
  PBFS_CHECK(again.ok() && *again == *ids);
}

using Try = void (*)(ByteSpan);
/// In the order in which the first byte of an input names them; make_seeds.cc counts on it.
constexpr Try kMessages[] = {
    Single<v1::CommitRequest>,
    Single<v1::CommitOutcome>,
    Single<v1::ListRequest>,
    Stream<v1::ListReply, ListReply>,
    Single<v1::ObjectInfo>,
    Single<v1::HistoryRequest>,
    Stream<v1::HistoryReply, std::vector<OpEntry>>,
    Single<v1::ResolveRequest>,
    Single<v1::NameEntry>,
    Single<v1::ListNamesRequest>,
    Single<v1::ListNamesReply>,
    Stream<v1::NameHistoryReply, std::vector<NameEntry>>,
    Single<v1::Bucket>,
    Single<v1::Store>,
    Single<v1::ClusterMap>,
    Stream<v1::ReadJournalReply, std::vector<JournalEntry>>,
    Single<v1::FragmentKey>,
    Single<v1::PutHeader>,
    Single<v1::ReadRequest>,
    Single<v1::ListFragmentsRequest>,
    Single<v1::ListFragmentsReply>,
    Single<v1::PurgingBody>,
    Ids,
    Single<v1::CollectorPass>,
    Single<v1::GarbageState>,
    Single<v1::ListWrappedRequest>,
    Single<v1::ListWrappedReply>,
    Single<v1::RewrapRequest>,
    Single<v1::Upload>,
    Single<v1::UploadPart>,
    Single<v1::ListPartsRequest>,
    Single<v1::ListPartsReply>,
    Single<v1::ListUploadsRequest>,
    Single<v1::ListUploadsReply>,
    Single<v1::ListVersionsRequest>,
    Single<v1::ListVersionsReply>,
};

}  // namespace
}  // namespace pbfs

// Messages between processes: what decodes is the same after another turn.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || data[0] >= std::size(pbfs::kMessages)) return 0;
  pbfs::kMessages[data[0]]({data + 1, size - 1});
  return 0;
}
