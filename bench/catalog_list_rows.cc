// Bar 7: what the overlap query and a whole List cost where ten million extents stand, against a SELECT by primary key.
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "bench/bench_cluster.h"
#include "bench/rows.h"
#include "libs/adapters/grpc/catalog_servant.h"
#include "libs/adapters/grpc/certificate_authority.h"
#include "libs/adapters/grpc/grpc_catalog.h"
#include "libs/adapters/grpc/grpc_server.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/migrations.h"
#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/adapters/postgres/sessions.h"
#include "libs/adapters/postgres/testing/postgres_server.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"
#include "libs/model/limits.h"

namespace pbfs::bench {
namespace {

constexpr int64_t kExtentsPerRegion = 10'000;
constexpr int64_t kRegions[] = {620, 390};  // of the two objects: 10.1 million extents
constexpr int64_t kRange = 1 << 20;
constexpr int kListsPerRound = 400;

// As `pbfs local` runs it, but for what only matters while ten million rows come in: nothing is written afterwards.
constexpr const char* kServerSettings =
    "shared_buffers=256MB\nfsync=off\nfull_page_writes=off\nsynchronous_commit=off\nwal_level=minimal\n"
    "max_wal_senders=0\nmax_wal_size=8GB\nautovacuum=off\n";

// One region of an object: a body of 64 MiB under `p_extents` patches at random places, of log-uniform size from 1 B to
// 16 KiB, so that nearly all of them are visible. Each is an op with a record and a body, inline up to 4 KiB, as the
// catalog keeps them; ids and orders grow with time, as those of clients do.
constexpr const char* kFill = R"(
CREATE FUNCTION bench_u(p_n int8, p_seed int8) RETURNS float8 LANGUAGE sql IMMUTABLE AS
  'SELECT (hashint8extended(p_n, p_seed) & 4503599627370495) / 4503599627370496.0';
CREATE FUNCTION bench_id(p_kind text, p_n int8) RETURNS uuid LANGUAGE sql IMMUTABLE AS
  'SELECT (p_kind || lpad(to_hex(p_n), 31, ''0''))::uuid';
CREATE PROCEDURE bench_fill(p_obj uuid, p_bucket int4, p_first int8, p_region int4, p_extents int8) LANGUAGE plpgsql AS $$
DECLARE
  blob bytea := (SELECT string_agg(uuid_send(gen_random_uuid()), '') FROM generate_series(1, 1024));
  base_hlc int8 := 1::int8 << 50;
BEGIN
  CREATE TEMP TABLE IF NOT EXISTS patch (n int8, lo int8, size int8);
  TRUNCATE patch;
  INSERT INTO patch VALUES (p_first, p_region::int8 << 26, 67108864);
  INSERT INTO patch
  SELECT n, (p_region::int8 << 26) + floor(bench_u(n, 1) * (67108864 - size))::int8, size
  FROM (SELECT n, floor(power(2, 14 * bench_u(n, 2)))::int8 AS size
        FROM generate_series(p_first + 1, p_first + p_extents) n) s;
  INSERT INTO body (body_id, bucket, key_epoch, header, wrapped_dek, scheme, k, n, encoding_id, inline_ct)
  SELECT bench_id('b', n), p_bucket, 1, substr(blob, 1, 16) || uuid_send(bench_id('b', n)) || substr(blob, 100, 32),
         substr(blob, 200, 72), CASE WHEN size <= 4096 THEN 0 ELSE 1 END, 1, CASE WHEN size <= 4096 THEN 1 ELSE 3 END,
         CASE WHEN size > 4096 THEN bench_id('c', n) END,
         CASE WHEN size <= 4096 THEN substr(blob, 1 + (n % 8192)::int4, size::int4 + 16) END
  FROM patch;
  INSERT INTO op (object_id, op_id, kind, hlc, wid, origin, record, digest)
  SELECT p_obj, bench_id('a', n), 1, base_hlc + n, 1, 1, substr(blob, 1 + (n % 8192)::int4, 288),
         substr(blob, 1 + (n % 8192)::int4, 32)
  FROM patch;
  INSERT INTO extent (object_id, lo, hi, hlc, wid, body_id, inner_off, op_id)
  SELECT p_obj, lo, lo + size, base_hlc + n, 1, bench_id('b', n), 0, bench_id('a', n) FROM patch;
  INSERT INTO region_head (object_id, region, max_hlc, opset)
  VALUES (p_obj, p_region, base_hlc + p_first + p_extents, ('x' || md5(p_first::text))::bit(128));
END $$;
)";

// What makes the indexes of the three tables again, and what drops them.
constexpr const char* kIndexes = R"(
SELECT string_agg(CASE WHEN c.conname IS NULL THEN i.indexdef || ';'
                       ELSE format('ALTER TABLE %I ADD CONSTRAINT %I %s;', i.tablename, c.conname,
                                   pg_get_constraintdef(c.oid)) END, ' ')
FROM pg_indexes i LEFT JOIN pg_constraint c ON c.conindid = format('%I.%I', i.schemaname, i.indexname)::regclass
WHERE i.schemaname = 'pbfs' AND i.tablename IN ('extent', 'body', 'op'))";
constexpr const char* kDropIndexes = R"(DO $$
DECLARE i record;
BEGIN
  FOR i IN SELECT x.tablename, x.indexname, c.conname
           FROM pg_indexes x LEFT JOIN pg_constraint c ON c.conindid = format('%I.%I', x.schemaname, x.indexname)::regclass
           WHERE x.schemaname = 'pbfs' AND x.tablename IN ('extent', 'body', 'op') LOOP
    EXECUTE CASE WHEN i.conname IS NULL THEN format('DROP INDEX %I', i.indexname)
                 ELSE format('ALTER TABLE %I DROP CONSTRAINT %I', i.tablename, i.conname) END;
  END LOOP;
END $$)";

const postgres::Statement kSelectBody{
    "bench_select_body", "SELECT body_id, key_epoch, header, wrapped_dek FROM body WHERE body_id = $1::uuid"};

Context Patience() { return Context::WithTimeout(std::chrono::minutes(1)); }

ObjectId IdOf(char kind, int64_t n) { return Need(ObjectId::Parse(fmt::format("{}{:031x}", kind, n))); }

struct NoTokens final : Tokens {
  Result<TokenGrant> IssueToken(const Context&, const std::string&, BucketId, uint16_t) override {
    return UnimplementedError("no tokens here");
  }
};

/// A PostgreSQL with the catalog's schema and ten million extents.
class FilledCatalog {
 public:
  explicit FilledCatalog(const Options& options) {
    setenv("TMPDIR", options.directory.c_str(), 1);  // where the server keeps its data
    server_ = Need(postgres::PostgresServer::Start({.settings = kServerSettings}));
    Need(postgres::Migrate(Patience(), server_->Dsn(), SiteId{1}));
    PostgresOptions catalog;
    catalog.local_dsn = server_->Dsn();
    catalog.read_connections = 1;
    catalog_ = std::make_unique<PostgresCatalog>(catalog);
    SystemRandom random;
    bucket_.id = BucketId::NewRandom(random);
    bucket_.settings.name = "bench";
    bucket_.keyring = Buffer::CopyOf(AsBytes("k"));
    Need(catalog_->CreateBucket(Patience(), bucket_));
    Fill();
  }

  PostgresCatalog& catalog() { return *catalog_; }
  std::string dsn() const { return server_->Dsn(); }
  /// [at, at + 1 MiB) of an object.
  ListRequest Request(size_t object, int64_t at) const {
    ListRequest request;
    request.bucket = bucket_.id;
    request.object = Object(object);
    request.lo = at;
    request.hi = at + kRange;
    return request;
  }
  /// The body of a patch of a region of the first object.
  static ObjectId Body(int64_t region, int64_t patch) { return IdOf('b', FirstOf(0, region) + patch); }

 private:
  static ObjectId Object(size_t object) { return IdOf('e', static_cast<int64_t>(object)); }
  static int64_t FirstOf(size_t object, int64_t region) {
    return (static_cast<int64_t>(object) << 40) + (region + 1) * (kExtentsPerRegion + 1);
  }
  std::string Sql(const std::string& sql) const {
    std::string out =
        Need(server_->Psql("SET search_path = pbfs; SET client_min_messages = warning; SET jit = off; " + sql));
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
  }

  // One connection an object, side by side; the indexes afterwards, each in one sorted pass.
  void Fill() {
    const double start = Now();
    Sql(kFill);
    // Nothing of this outlives the run: without a log it comes in twice as fast, and is read no differently.
    for (const char* table : {"extent", "body", "op"}) Sql(fmt::format("ALTER TABLE {} SET UNLOGGED", table));
    const std::string indexes = Sql(kIndexes);
    Sql(kDropIndexes);
    const std::string bucket = Sql("SELECT bucket FROM bucket");
    std::vector<Thread> fillers;
    for (size_t object = 0; object < std::size(kRegions); ++object) {
      Sql(fmt::format("INSERT INTO object (object_id, bucket, state, nbind) VALUES ('{}', {}, 1, 1)",
                      Object(object).ToString(), bucket));
      fillers.emplace_back("filler", [this, object, bucket] { FillObject(object, bucket); });
    }
    fillers.clear();
    std::fprintf(stderr, "filled the tables in %.0f s\n", Now() - start);
    Sql("SET maintenance_work_mem = '1GB'; " + indexes + " CHECKPOINT");
    std::fprintf(stderr, "filled in %.0f s: %s extents\n", Now() - start, Sql("SELECT count(*) FROM extent").c_str());
  }
  void FillObject(size_t object, const std::string& bucket) const {
    const postgres::Connection::Options patient{.statement_timeout = std::chrono::hours(1)};
    const auto connection = Need(postgres::Connection::Open(server_->Dsn(), patient));
    for (int64_t region = 0; region < kRegions[object]; ++region)
      Need(connection->RunScript(Context::WithTimeout(std::chrono::hours(1)),
                                 fmt::format("CALL bench_fill('{}', {}, {}, {}, {})", Object(object).ToString(), bucket,
                                             FirstOf(object, region), region, kExtentsPerRegion)));
  }

  std::unique_ptr<postgres::PostgresServer> server_;
  std::unique_ptr<PostgresCatalog> catalog_;
  BucketInfo bucket_;
};

double Milliseconds(const std::function<void()>& work) {
  const double start = Now();
  work();
  return 1e3 * (Now() - start);
}

/// A Lists port, a place to ask it for, and a SELECT to hold against it.
struct Comparison {
  FilledCatalog& filled;
  Lists& lists;
  postgres::SessionPool& pool;
  Random& random;
  int64_t regions = 1;  // of the first object, that the questions are about

  int64_t extents = 0, visible = 0, asked = 0;

  int64_t Region() {
    return kRegions[0] / 2 + static_cast<int64_t>(random.Below(static_cast<uint64_t>(regions))) - regions / 2;
  }
  ListRequest Request() {
    const int64_t at = (Region() << kRegionLog2) + static_cast<int64_t>(random.Below(kRegionSize - kRange));
    return filled.Request(0, at);
  }
  double List() {
    const ListRequest request = Request();
    ListReply reply;
    const double ms = Milliseconds([&] { reply = Need(lists.List(Patience(), request)); });
    PBFS_CHECK(reply.records.size() >= reply.bodies.size() && reply.bodies.size() > kExtentsPerRegion / 200);
    extents += static_cast<int64_t>(reply.extents.size());
    visible += static_cast<int64_t>(reply.bodies.size());
    ++asked;
    return ms;
  }
  /// The overlap query of a List by itself, on the connection of Select().
  double Overlap() {
    const ListRequest request = Request();
    const postgres::Params params =
        postgres::Params().Uuid(request.object).Int8(request.lo).Int8(request.hi).Int8(request.max_extents);
    int64_t found = 0;
    const double ms =
        Milliseconds([&] { found = Need(postgres::RunOne(pool, Patience(), postgres::kListRange, params)).size(); });
    PBFS_CHECK(found > kExtentsPerRegion / 200);
    extents += found;
    ++asked;
    return ms;
  }
  double Select() {
    const ObjectId id = FilledCatalog::Body(Region(), 1 + static_cast<int64_t>(random.Below(kExtentsPerRegion)));
    const postgres::Params params = postgres::Params().Uuid(id);
    return Milliseconds([&] { PBFS_CHECK(Need(postgres::RunOne(pool, Patience(), kSelectBody, params)).size() == 1); });
  }
  Row RunOverlap(const std::string& name, int rounds) {
    return Run(name, rounds, Row::Bar::kAtMost, [this] { return Overlap(); });
  }
  Row RunList(const std::string& name, int rounds) {
    return Run(name, rounds, Row::Bar::kNone, [this] { return List(); });
  }

 private:
  Row Run(const std::string& name, int rounds, Row::Bar bar, const std::function<double()>& subject) {
    for (int i = 0; i < kListsPerRound; ++i) (void)subject(), (void)Select();  // one region: warm afterwards
    extents = visible = asked = 0;
    Series series;
    std::vector<double> all;
    for (int round = 0; round < rounds; ++round) {
      std::vector<double> list_ms, select_ms;
      for (int i = 0; i < kListsPerRound; ++i) {
        list_ms.push_back(subject());
        select_ms.push_back(Select());
      }
      series.subject.push_back(Median(list_ms));
      series.reference.push_back(Median(select_ms));
      all.insert(all.end(), list_ms.begin(), list_ms.end());
    }
    Row row = MakeRow(name, series, "ms p50", bar, 8);
    row.note = fmt::format("p99 {:.2f} ms; {} extents", Percentile(all, 99), extents / asked);
    if (visible > 0) row.note += fmt::format(", {} bodies and records", visible / asked);
    return row;
  }
};

/// The same catalog behind a server of this process, by mutual TLS.
class OverTheWire {
 public:
  OverTheWire(const Catalog& catalog, const std::string& directory)
      : authority_(Need(CertificateAuthority::Create(directory))),
        servant_(catalog, tokens_, {}),
        server_(Need(GrpcServer::Start(
            "127.0.0.1:0", Need(TransportSecurity::MutualTls(Need(authority_.IssueLocal("server")))), {&servant_}))),
        client_("127.0.0.1:" + std::to_string(server_->port()),
                Need(TransportSecurity::MutualTls(Need(authority_.Issue("client", {}))))) {}
  Lists& lists() { return client_; }

 private:
  CertificateAuthority authority_;
  NoTokens tokens_;
  CatalogServant servant_;
  std::unique_ptr<GrpcServer> server_;
  GrpcCatalog client_;
};

}  // namespace

std::vector<Row> CatalogListRows(const Options& options) {
  FilledCatalog filled(options);
  SystemRandom random;
  postgres::SessionPool pool({.dsn = filled.dsn(), .connections = 1});
  OverTheWire wire(filled.catalog().ports(), options.directory);
  Comparison in_process{filled, filled.catalog(), pool, random};
  Comparison over_the_wire{filled, wire.lists(), pool, random};
  Comparison anywhere{filled, filled.catalog(), pool, random, kRegions[0]};
  return {in_process.RunOverlap("overlap of 1 MiB, a region of 10,000 of 10 M extents", options.rounds),
          in_process.RunList("the whole List, with records and bodies", options.rounds),
          over_the_wire.RunList("the same by mutual TLS", options.rounds),
          anywhere.RunList("the same of any of 620 regions, mostly not cached", options.rounds)};
}

}  // namespace pbfs::bench
