// Writes the first inputs of each corpus: pbfs_fuzz_seeds DIRECTORY makes DIRECTORY/<target>/<name>.
#include <filesystem>
#include <fstream>

#include "libs/adapters/disk/checkpoint.h"
#include "libs/adapters/grpc/catalog_codec.h"
#include "libs/adapters/grpc/fragment_codec.h"
#include "libs/adapters/grpc/garbage_codec.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/catalog/testing/test_client.h"
#include "libs/client/metadata.h"
#include "libs/coding/crc32c.h"
#include "libs/format/body_encoder.h"
#include "libs/format/keyring.h"
#include "libs/format/keys.h"
#include "libs/format/op_record.h"
#include "libs/format/receipt.h"
#include "libs/format/token.h"
#include "libs/runtime/store_lease.h"

namespace pbfs {
namespace {

constexpr int64_t kMillis = 1760000000000;

/// Bytes a piece, then what an API server sends.
constexpr const char* kWatchLines =
    "\x07"
    R"({"type":"ADDED","object":{"metadata":{"name":"demo-s.7","resourceVersion":"7","uid":"u",)"
    R"("labels":{"pbfs.dev/cluster":"demo"},"annotations":{"pbfs.dev/value":"v"}},"spec":{"holderIdentity":"a",)"
    R"("leaseDurationSeconds":30,"leaseTransitions":1,"renewTime":"2026-01-02T03:04:05.000006Z"}}})"
    "\n"
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})"
    "\n"
    R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}})"
    "\n";

class Seeds {
 public:
  explicit Seeds(std::filesystem::path directory) : directory_(std::move(directory)) {}
  void Bodies(BodyIntegrity integrity, const std::string& name);
  void Stripes();
  void Records();
  void Capabilities();
  void Volumes();
  void Messages();
  void Commits();
  void Texts();

 private:
  void Write(const std::string& target, const std::string& name, ByteSpan bytes) const {
    std::filesystem::create_directories(directory_ / target);
    std::ofstream out(directory_ / target / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  /// A message of the wire target, by its place in the target's list.
  void WriteMessage(uint8_t number, const std::string& name, const google::protobuf::Message& message) {
    Bytes seed = {number};
    ByteWriter(seed).Text(message.SerializeAsString());
    Write("wire", name, seed);
  }
  void WriteRecord(const std::string& name, OpRecord record, bool is_signed = false) {
    record.op = OpId::New(kMillis, random_);
    if (record.object.IsNull()) record.object = ObjectId::New(kMillis, random_);
    record.order = {HlcFromMillis(kMillis), 77};
    for (RecordExtent& extent : record.extents) extent.order = record.order;
    Write("op_record", name, EncodeRecord(record, keys_, is_signed ? &signing_ : nullptr));
  }
  void WriteVolume(const std::string& name, const FragmentKey& key, ByteSpan fragment);
  RecordBody Body(int64_t length) {
    return {MakeBodyHeader(Key32(), BodyId::New(kMillis, random_), length, BodyIntegrity::kCrc32c).Encode(), {}};
  }

  const std::filesystem::path directory_;
  SeededRandom random_{1};
  const BucketId bucket_ = BucketId::NewRandom(random_);
  const BucketKeys keys_ = BucketKeys::Derive(bucket_, 1, Key32());
  const SigningKey signing_ = SigningKeyFromSeed(Key32());
};

void Seeds::Bodies(BodyIntegrity integrity, const std::string& name) {
  const BodyHeader header = MakeBodyHeader(Key32(), BodyId::New(kMillis, random_), 9000, integrity, 12);
  Write("body_header", name, header.Encode());
  const EncodingFacts facts{NewEncodingId(kMillis, 7, random_), SiteId{1}, 4, 6};
  BodyEncoder encoder(Key32(), header, facts);
  const Bytes plaintext(9000, 5);
  if (integrity == BodyIntegrity::kSha256) encoder.AddLeaves(0, plaintext);
  const int64_t count = encoder.geometry().Segments();
  std::vector<Bytes> stripes(facts.n, Bytes(encoder.StripesSize(0, count)));
  std::vector<uint8_t*> shards;
  for (Bytes& shard : stripes) shards.push_back(shard.data());
  encoder.EncodeStripes(0, count, plaintext, shards.data());
  const FragmentHeaderBytes head = encoder.Head(5);
  const Bytes trailer = encoder.Trailer();
  Write("fragment_header", name, head);
  Bytes fragment = {200, 1};  // portions of 457 bytes
  ByteWriter writer(fragment);
  writer.Raw(head);
  writer.Raw(stripes[5]);
  writer.Raw(trailer);
  Write("fragment_check", name, fragment);
  fragment.erase(fragment.begin(), fragment.begin() + 2);
  WriteVolume(name, {facts.encoding, 5}, fragment);
  Bytes with_geometry = {4, 6, 12, static_cast<uint8_t>(integrity == BodyIntegrity::kSha256)};
  ByteWriter geometry_writer(with_geometry);
  geometry_writer.U32(9000);
  geometry_writer.Raw(trailer);
  Write("fragment_trailer", name, with_geometry);
}

void Seeds::Stripes() {
  Write("body_decoder", "all", Bytes{0, 63});
  Write("body_decoder", "two_lie", Bytes{1, 63, 5, 0, 1, 9, 0, 255});
  Write("body_decoder", "too_few", Bytes{0, 7, 5, 0, 1});
  Write("frame", "header_and_payload", AsBytes(std::string_view("\x03\x05\0\0\0headrpayload", 17)));
  Write("frame", "too_short", AsBytes(std::string_view("\x03\xff\0\0\0head", 9)));
}

/// One fragment's record and one of deletes, as they follow a volume's header.
void Seeds::WriteVolume(const std::string& name, const FragmentKey& key, ByteSpan fragment) {
  using namespace disk;  // NOLINT(google-build-using-namespace)
  FragmentCheck check(key, static_cast<int64_t>(fragment.size()));
  PBFS_CHECK(check.Append(fragment).ok() && check.Complete());
  const RecordHeader record{RecordKind::kFragment, key, static_cast<int64_t>(fragment.size()), 0};
  const auto header = EncodeRecordHeader(record, {}, kVolumeHeader);
  Bytes records;
  ByteWriter writer(records);
  writer.Raw(header);
  writer.Raw(fragment);
  writer.Raw(EncodeRecordFooter({check.sum(), kMillis, check.shape().trailer_crc}, header));
  records.resize(static_cast<size_t>(record.Space()));
  const Bytes deletes = EncodeDeletes({{key, 1}, {{key.encoding, 2}, 1}});
  const RecordHeader gone{RecordKind::kDeletes, {}, static_cast<int64_t>(deletes.size()), Crc32c(deletes)};
  writer.Raw(EncodeRecordHeader(gone, {}, kVolumeHeader + record.Space()));
  writer.Raw(deletes);
  Write("volume", name, records);
}

void Seeds::Volumes() {
  using namespace disk;  // NOLINT(google-build-using-namespace)
  Write("volume", "header", ByteSpan(EncodeVolumeHeader({{{1, 2, 3}, StoreId{3}}, 7, {9}})).first(64));
  Checkpoint checkpoint;
  checkpoint.owner.store = StoreId{3};
  checkpoint.volumes = {{1, {}, 8192}, {2, {7}, 4096}};
  const FragmentKey key{EncodingId::New(kMillis, random_), 3};
  checkpoint.index[key] = {1, 4096, {}, 77, kMillis, true};
  checkpoint.tombstones[{key.encoding, 4}] = {1, 2};
  Write("checkpoint", "checkpoint", EncodeCheckpoint(checkpoint));
  Write("checkpoint", "empty", EncodeCheckpoint({}));
}

void Seeds::Messages() {
  const ObjectId object = ObjectId::New(kMillis, random_);
  const BodyId body = BodyId::New(kMillis, random_);
  const OpId op = OpId::New(kMillis, random_);
  const Encoding encoding{EncodingId::New(kMillis, random_), 2, 4, 6};
  const Buffer some = Buffer::CopyOf(AsBytes("some bytes"));
  const auto single = [&]<typename Message>(uint8_t number, const char* name, const auto& value, Message message) {
    wire::Encode(value, &message);
    WriteMessage(number, name, message);
  };
  single(1, "commit_outcome", CommitOutcome{3, CommitReply{CommitCode::kReplay, 5, kMillis, 1, 2}},
         v1::CommitOutcome());
  WriteMessage(2, "list_request", wire::Encode(ListRequest{bucket_, object, 0, 100, 7, Hlc{9}, {op}, 10}));
  ListReply list;
  list.extents = {{0, 10, {5, 6}, Source::Of(body), 3, op}, {10, 20, {5, 6}, Source::Zeros(), 0, op}};
  list.bodies = {{body, 1, {}, {1}, {2}, encoding, 3, {}}, {body, 1, {}, {}, {2}, {}, 0, some}};
  list.records = {some};
  list.regions = {{0, 5}};
  WriteMessage(3, "list_reply", wire::Split(list)[0]);
  single(4, "object_info", ObjectInfo{object, 10, {1}, true, 1, 5, 2, some, {5, 6}}, v1::ObjectInfo());
  WriteMessage(5, "history_request", wire::Encode(HistoryRequest{bucket_, object, 99, 10}));
  WriteMessage(6, "history_reply", wire::Split(std::vector<OpEntry>{{op, 1, {5, 6}, SiteId{1}, kMillis, some}})[0]);
  WriteMessage(7, "resolve", wire::Encode(NameQuery{bucket_, "cat.jpg", Hlc{9}, 8}));
  const NameEntry entry{"cat.jpg", {5, 6}, object, some, false, 9};
  single(8, "name_entry", entry, v1::NameEntry());
  WriteMessage(9, "list_names", wire::Encode(ListNamesRequest{bucket_, "c", "cat", 10, Hlc{9}, true, "/", true}));
  single(10, "list_names_reply", ListNamesReply{{entry, entry}, true, {"cat/", "cow/"}}, v1::ListNamesReply());
  WriteMessage(11, "name_history", wire::Split(std::vector<NameEntry>{entry})[0]);
  BucketInfo bucket{bucket_, {}, 5, some, 2};
  bucket.settings.name = "photos";
  bucket.settings.k = 4, bucket.settings.m = 2, bucket.settings.w = 5;
  single(12, "bucket", bucket, v1::Bucket());
  const StoreInfo store{StoreId{7}, "a:1", "host", StoreState::kDraining, 2.5f};
  single(13, "store", store, v1::Store());
  ClusterMap map{3, SiteId{1}, 2, 4, 2, {store}, {}};
  map.groups = {{7, 2, {{1}, {2}}, {MemberState::kActive, MemberState::kBackfill}, {{1}}}};
  single(14, "cluster_map", map, v1::ClusterMap());
  WriteMessage(15, "journal", wire::Split(std::vector<JournalEntry>{{{1, 2}, 3, 1, object, op, some, some}})[0]);
  const FragmentKey key{encoding.id, 3};
  single(16, "fragment_key", key, v1::FragmentKey());
  WriteMessage(17, "put", wire::Encode(PutRequest{key, 50280, some}));
  WriteMessage(18, "read", wire::Encode(ReadRequest{{{key, 0, 100}, {key, 100, 200}}, some}));
  WriteMessage(19, "list_fragments", wire::Encode(ListFragmentsRequest{key, 10, kMillis, false, some}));
  single(20, "list_fragments_reply", ListFragmentsReply{{{key, 50280, 7, kMillis}}, true}, v1::ListFragmentsReply());
  single(21, "purging_body", PurgingBody{body, encoding.id, 6}, v1::PurgingBody());
  WriteMessage(22, "id_list", wire::EncodeIds<BodyId>(std::vector<BodyId>{body, body}));
  const CollectorPass pass{"stores", kMillis, 12, "store 3: it is away", {{"orphaned_fragments", 4}}};
  single(23, "collector_pass", pass, v1::CollectorPass());
  GarbageState garbage;
  garbage.bodies = 7, garbage.since_ms = kMillis, garbage.passes = {pass};
  single(24, "garbage_state", garbage, v1::GarbageState());
  WriteMessage(25, "list_wrapped", wire::Encode(WrappedQuery{bucket_, 3, {2, body}, 10}));
  single(26, "list_wrapped_reply", std::vector<WrappedBody>{{body, 2, {1}}}, v1::ListWrappedReply());
  WriteMessage(27, "rewrap", wire::Encode(RewrapRequest{bucket_, 3, {{body, {1}, {2}}}}));
  const UploadInfo upload{UploadId::New(kMillis, random_), bucket_, "cat.jpg", some};
  const UploadPart part{3, object, 100, some};
  single(28, "upload", upload, v1::Upload());
  single(29, "upload_part", part, v1::UploadPart());
  WriteMessage(30, "list_parts", wire::Encode(ListPartsRequest{bucket_, upload.id, 3, 10}));
  single(31, "list_parts_reply", PartsPage{{part, part}, true}, v1::ListPartsReply());
  WriteMessage(32, "list_uploads", wire::Encode(ListUploadsRequest{bucket_, "c", "cat", upload.id, 10}));
  single(33, "list_uploads_reply", UploadsPage{{upload}, true}, v1::ListUploadsReply());
  WriteMessage(34, "list_versions", wire::Encode(ListVersionsRequest{bucket_, "c", "cat", Order{5, 6}, 10, "/", true}));
  single(35, "list_versions_reply", ListVersionsReply{{entry, entry}, {"cow/"}, true}, v1::ListVersionsReply());
}

void Seeds::Commits() {
  const ManualClock clock(kMillis * 1000);
  TestClient client(clock, bucket_, 1);
  const ObjectId object = client.NewObject(), other = client.NewObject();
  const auto write = [&](const std::string& name, const TestCommit& commit) {
    Write("commit", name, AsBytes(wire::Encode(commit.request()).SerializeAsString()));
    Bytes seed = {0};
    ByteWriter(seed).Text(wire::Encode(commit.request()).SerializeAsString());
    Write("wire", "commit_" + name, seed);
  };
  write("inline", TestCommit(client).Creates(object).Write(object, 10, Bytes(100, 1)));
  write("coded", TestCommit(client).Creates(object).Write(object, 10, Bytes(20000, 1)));
  write("named", TestCommit(client).Creates(object).Write(object, 0, Bytes(9, 1)).Bind("cat", object).IfName({}));
  write("zero_trunc_seal", TestCommit(client).Creates(object).Zero(object, 5, 50).Trunc(object, 20).Seal(object));
  write("clone", TestCommit(client)
                     .Creates(object)
                     .Creates(other)
                     .Write(object, 0, Bytes(9, 1))
                     .Seal(object)
                     .CloneObject(other, 0, 9, object)
                     .Meta(other, Bytes(50, 1)));
  write("names", TestCommit(client).Creates(object).Bind("a", object).Unbind("a", object).Drop("a", {1, 2}));
  write("rehome", TestCommit(client).Rehome(object, Bytes(50, 1), {{0, 50, {5, 6}}}, {{0, 50, {5, 6}}}));
  write("if_opset", TestCommit(client).Creates(object).IfOpset({}).Write(object, 0, Bytes(1, 1)));
}

void Seeds::Texts() {
  Write("sealed", "short", AsBytes("a wrapped key or metadata"));
  Write("sealed", "dek", WrapDek(keys_, BodyId::New(kMillis, random_), Key32(), random_));
  ObjectMetadata metadata;
  metadata.content_type = "image/jpeg";
  metadata.user = {{"author", "me"}, {"", ""}};
  metadata.etag = "etag";
  metadata.opset = Opset{1};
  Write("metadata", "all", *EncodeMetadata(metadata));
  const LeaseInfo lease = EncodeStoreLease({StoreId{7}, "a:1", "host \"7\"", StoreState::kUp, 2.5f}, "life");
  Write("store_lease", "lease", AsBytes(lease.key + "\n" + lease.value));
  Write("kube_watch", "lines", AsBytes(kWatchLines));
  const std::string put = "7PUT /a?b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n";
  Write("http_request", "length", AsBytes(put + "Content-Length: 5\r\n\r\nhello"));
  Write("http_request", "chunks",
        AsBytes(put + "Transfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n0\r\nT: u\r\n\r\nGET"));
  const std::string seed = ToHex(Key32().span());
  Write("key_files", "identity", AsBytes("0pbfs-identity-1 " + seed + " " + seed + "\n"));
  Write("key_files", "admin", AsBytes("1pbfs-admin-1 " + seed + "\n"));
  Write("key_files", "keyring", AsBytes("212 " + seed + "\n"));
  const char* const kServer = R"("listen":"a:1","siteId":1,"tls":{"ca":"a","cert":"b","key":"c"},"tokenKeyFile":"t",)"
                              R"("etcd":{"endpoints":["e:1"]},"limits":{"drainMs":5})";
  Write("settings", "store",
        AsBytes(std::string("0{") + kServer + R"(,"storeId":7,"clusterId":"0198c4a2-0000-7000-8000-000000000001",)" +
                R"("dataDirectory":"d","domain":"h","weight":1.5,"storeKeyFile":"s"})"));
  Write("settings", "enrolled_store",
        AsBytes(std::string("0{") + kServer +
                R"(,"clusterId":"0198c4a2-0000-7000-8000-000000000001","dataDirectory":"d",)" +
                R"x("address":"$(HOME):1","domain":"$$(x)$(HOME)","catalogs":["a:1"]})x"));
  Write("store_identity", "line",
        AsBytes("pbfs-store-1 0198c4a2-0000-7000-8000-000000000001 7 " + ToHex(Key32().span()) + "\n"));
  Write("settings", "catalog", AsBytes(std::string("1{") + kServer + R"(,"primaryDsnFile":"p","siteSecretFile":"s"})"));
  Write("settings", "kubernetes",
        AsBytes(std::string("\xff") +
                R"({"catalogs":["a:1"],"tls":{"ca":"a","cert":"b","key":"c"},"kubernetes":{"cluster":"demo",)"
                R"("namespace":"n","server":"https://a:1","caFile":"c","tokenFile":"t"}})"));
  Write("settings", "client",
        AsBytes(R"(2{"catalogs":["a:1"],"tls":{"ca":"a","cert":"b","key":"c"},"keysDirectory":"k","timeoutMs":"9"})"));
  Write("cluster_state", "one_store",
        AsBytes(R"({"version":1,"stores":1,"catalogs":1,"base_port":0,"processes":[{"name":"store-1","kind":"store",)"
                R"("port":7,"health_port":8,"data":"d","argv":["a","b"],"environment":{"A":"b"},"user":"","log":"l",)"
                R"("pid":5,"start_ticks":6,"boot_id":"x"}]})"));
  for (const char* text :
       {"1.5GiB", "0-99", "4Ki+1M", "-50", "15m", "2026-01-31T12:00:00Z", "@1790000000", "bucket/a//b"})
    Write("cli_text", ToHex(AsBytes(text)), AsBytes(text));
}

void Seeds::Records() {
  OpRecord write;
  write.kind = OpKind::kWrite;
  write.bodies = {Body(5000)};
  PlaceBody(write, kRegionSize - 100, 5000, 0, 0);
  WriteRecord("write", write);
  WriteRecord("write_signed", write, true);
  OpRecord zero{.kind = OpKind::kZero};
  zero.extents = {{0, 2 * kRegionSize}};
  WriteRecord("zero", zero);
  OpRecord trunc{.kind = OpKind::kTrunc};
  trunc.extents = {{4096, kTruncEnd}};
  trunc.trunc_length = 4096;
  WriteRecord("trunc", trunc);
  OpRecord bind{.kind = OpKind::kBind};
  bind.name = "photos/cat.jpg";
  bind.metadata = Bytes(44, 9);
  WriteRecord("bind", bind);
  OpRecord unbind{.kind = OpKind::kUnbind};
  unbind.name = "photos/cat.jpg";
  WriteRecord("unbind", unbind);
  OpRecord clone{.kind = OpKind::kClone};
  clone.sources = {ObjectId::New(kMillis, random_)};
  clone.extents = {{0, int64_t{1} << 30, {}, 0, 0, SourceKind::kObject}};
  WriteRecord("clone", clone);
  OpRecord meta{.kind = OpKind::kMeta};
  meta.metadata = Bytes(60, 3);
  WriteRecord("meta", meta);
  WriteRecord("seal", OpRecord{.kind = OpKind::kSeal});
  OpRecord drop{.kind = OpKind::kDrop};
  drop.name = "photos/cat.jpg";
  drop.dropped = {5, 6};
  WriteRecord("drop", drop);
  OpRecord rehome{.kind = OpKind::kRehome};
  rehome.bodies = {Body(1000)};
  rehome.extents = {{100, 1100, {}, 0, 0, SourceKind::kBody}};
  rehome.listed = {{100, 1100, {5, 6}, BodyId::New(kMillis, random_)}, {1200, 1300, {7, 6}, {}}};
  rehome.list_frontier = 9;
  WriteRecord("rehome", rehome);
}

void Seeds::Capabilities() {
  Write("token", "token", Token{3, SiteId{1}, 1, bucket_, {}, kMillis, kMillis + 900000, 77}.Encode(signing_));
  Write("receipt", "receipt",
        Receipt{EncodingId::New(kMillis, random_), 2, StoreId{9}, 50280, 7, kMillis}.Encode(Key32()));
  Write("name", "plain", AsBytes("photos/../cat.jpg"));
  Write("name", "utf8", AsBytes("f\xc3\xb6ll\xe2\x82\xac\xf0\x9f\x90\x88"));
  const BoxKey box = BoxKeyFromSeed(Key32());
  Keyring::Recipient recipient{box.public_key, signing_.public_key};
  const Keyring first = MakeKeyring(bucket_, Key32(), {recipient});
  const Bytes first_bytes = first.Encode(signing_);
  Key32 fresh;
  random_.Fill(fresh.mutable_span());
  const Bytes second =
      RotateKeyring(first, first_bytes, {{1, Key32()}}, fresh, {recipient, recipient}, random_).Encode(signing_);
  Write("keyring", "first", ByteSpan(first_bytes).first(first_bytes.size() - 64));  // the target signs anew
  Write("keyring", "rotated", ByteSpan(second).first(second.size() - 64));
}

}  // namespace
}  // namespace pbfs

int main(int argc, char** argv) {
  pbfs::Seeds seeds(argc > 1 ? argv[1] : "tests/fuzz/corpus");
  seeds.Bodies(pbfs::BodyIntegrity::kCrc32c, "crc32c");
  seeds.Bodies(pbfs::BodyIntegrity::kSha256, "sha256");
  seeds.Stripes();
  seeds.Records();
  seeds.Capabilities();
  seeds.Volumes();
  seeds.Messages();
  seeds.Commits();
  seeds.Texts();
}
