// The admin port over a site in memory: the page's files, what it shows without a key, and S3 below /s3/. What a browser makes of it is in
// tests/page.
#include "services/gateway/admin.h"

#include <nlohmann/json.hpp>

#include "services/gateway/gateway_fixture.h"

namespace pbfs::gateway {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class AdminTest : public GatewayTest {
 protected:
  Answer Ask(HttpRequest request, const std::string& body = "") { return AskOf(admin_, std::move(request), body); }
  Answer AskOf(Admin& admin, HttpRequest request, const std::string& body = "") {
    if (request.fields.Get("Host") == "s3.example") request.fields.Set("Host", "127.0.0.1:9302");
    request.fields.Set("Content-Length", std::to_string(body.size()));
    MemoryExchange exchange(std::move(request), ToBytes(AsBytes(body)));
    const HttpAnswer& answer = exchange.Serve(TestContext(), admin);
    return {answer.head.status, answer.head.fields, std::string(AsText(answer.body)), answer.complete};
  }
  Answer Get(const std::string& target, const HttpFields& fields = {}) { return Ask(Request("GET", target, fields)); }
  json Document(const std::string& target) {
    const Answer answer = Get("/api/" + target);
    EXPECT_EQ(answer.status, 200) << target << ": " << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  // What is wrong, by its code.
  std::string Refused(const std::string& target) {
    const Answer answer = Get("/api/" + target);
    EXPECT_GE(answer.status, 400) << target;
    EXPECT_LT(answer.status, 500) << target << ": " << answer.body;
    return json::parse(answer.body).value("code", "");
  }
  // Signed for the target without /s3, as the page does.
  Answer SendS3(const std::string& method, const std::string& target, const std::string& body = "",
                const HttpFields& fields = {}) {
    HttpRequest request = Request(method, target, fields);
    request.fields.Set("Host", "127.0.0.1:9302");
    s3::SignRequest(signer(), clock_.NowMillis(), s3::Sha256Hex(AsBytes(body)), request);
    request.target = "/s3" + request.target;
    return Ask(std::move(request), body);
  }
  std::string ObjectOf(const std::string& bucket, const std::string& name) {
    return Document("object?bucket=" + bucket + "&name=" + name).value("object", "");
  }

  Admin admin_{{true, "eu-west-9", {"admin.example"}}, *client_, clock_, gateway_};
};

TEST_F(AdminTest, ThePageIsServedWithAPolicyThatAllowsNoCodeButItsOwn) {
  const Answer page = Get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.fields.Get("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("<script type=\"module\" src=\"/ui/app.js\">"));
  EXPECT_THAT(page.body, Not(HasSubstr("<style")));
  const std::string policy(page.fields.Get("Content-Security-Policy"));
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self';"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, HasSubstr("require-trusted-types-for 'script'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_EQ(page.fields.Get("X-Content-Type-Options"), "nosniff");
  const Answer script = Get("/ui/app.js");
  EXPECT_EQ(script.fields.Get("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(script.fields.Get("X-Content-Type-Options"), "nosniff");
  const Answer again = Get("/ui/app.js", {{"If-None-Match", std::string(script.fields.Get("ETag"))}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  const Answer head = Ask(Request("HEAD", "/ui/style.css"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
}

TEST_F(AdminTest, NothingButThePagesFilesIsServed) {
  for (const char* target :
       {"/ui/", "/ui", "/ui/../admin.cc", "/ui/..%2fadmin.cc", "/ui/%2e%2e/app.js", "/ui//app.js", "/ui/./app.js",
        "/ui/app.js/", "/ui/README.md", "/ui/APP.JS", "/../etc/passwd", "//", "/index.html", "/s3", "/api"}) {
    EXPECT_EQ(Get(target).status, 404) << target;
  }
  EXPECT_EQ(Ask(Request("POST", "/")).status, 405);
  EXPECT_EQ(Ask(Request("DELETE", "/api/buckets")).status, 405);
}

TEST_F(AdminTest, ProbesAnswerWhateverTheyCallTheHost) {
  for (const char* target : {"/healthz", "/readyz"}) EXPECT_EQ(Get(target, {}).status, 200) << target;
  HttpRequest request = Request("GET", "/readyz");
  request.fields.Set("Host", "anything.example");
  EXPECT_EQ(Ask(std::move(request)).status, 200);
}

TEST_F(AdminTest, WithoutThePageThereAreProbesOnly) {
  Admin bare({false, "us-east-1", {}}, *client_, clock_, gateway_);
  EXPECT_EQ(AskOf(bare, Request("GET", "/healthz")).status, 200);
  for (const char* target : {"/", "/ui/app.js", "/api/buckets", "/s3/photos/cat"})
    EXPECT_EQ(AskOf(bare, Request("GET", target)).status, 404) << target;
  EXPECT_EQ(AskOf(bare, Request("PUT", "/s3/photos")).status, 405);
}

TEST_F(AdminTest, AnotherSitesNameForThisMachineIsRefused) {
  const auto status = [&](const char* host, const char* target) {
    HttpRequest request = Request("GET", target);
    request.fields.Set("Host", host);
    return Ask(std::move(request)).status;
  };
  for (const char* host :
       {"localhost", "localhost:9302", "127.0.0.1:9302", "10.1.2.3", "[::1]:9302", "[fd00::1]", "ADMIN.example:443"})
    EXPECT_EQ(status(host, "/api/buckets"), 200) << host;
  for (const char* host : {"", "evil.example", "evil.example:9302", "localhost.evil.example", "127.0.0.1.evil.example",
                           "admin.example.evil", "[evil"})
    for (const char* target : {"/", "/api/buckets", "/s3/photos/cat"})
      EXPECT_EQ(status(host, target), 421) << host << target;
}

TEST_F(AdminTest, OtherSitesPagesAreRefused) {
  MakeBucket("photos");
  for (const char* site : {"cross-site", "same-site"}) {
    EXPECT_EQ(Get("/api/buckets", {{"Sec-Fetch-Site", site}}).status, 403);
    EXPECT_EQ(Get("/s3/photos/cat", {{"Sec-Fetch-Site", site}}).status, 403);
    EXPECT_EQ(Get("/", {{"Sec-Fetch-Site", site}}).status, 200) << "a link to the page is harmless";
  }
  EXPECT_EQ(Get("/api/buckets", {{"Sec-Fetch-Site", "same-origin"}}).status, 200);
}

TEST_F(AdminTest, BucketsAreShownButNotTheOneOfAccessKeys) {
  MakeBucket("photos");
  MakeBucket("archive");
  const json shown = Document("buckets")["buckets"];
  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0]["name"], "archive");
  EXPECT_EQ(shown[1]["name"], "photos");
  EXPECT_GT(shown[1]["created_ms"].get<int64_t>(), 0);
  EXPECT_THAT(Get("/api/buckets").body, Not(HasSubstr("_pbfs")));
  EXPECT_EQ(Refused("names?bucket=_pbfs"), "InvalidBucketName");
  EXPECT_EQ(Refused("object?bucket=_pbfs&name=key%2F" + key_.id), "InvalidBucketName");
}

TEST_F(AdminTest, NamesFoldAndPage) {
  MakeBucket("photos");
  for (const char* key : {"a", "b/1", "b/2", "c"})
    ASSERT_EQ(Send("PUT", std::string("/photos/") + key, "xyz").status, 200);
  const json all = Document("names?bucket=photos&delimiter=%2F");
  EXPECT_EQ(all["prefixes"], json({"b/"}));
  ASSERT_EQ(all["names"].size(), 2u);
  EXPECT_EQ(all["names"][0]["name"], "a");
  EXPECT_EQ(all["names"][0]["size"], 3);
  EXPECT_TRUE(all["next"].is_null());
  std::string seen, after;
  for (int page = 0; page < 3; ++page) {
    const json shown = Document("names?bucket=photos&delimiter=%2F&limit=1&after=" + s3::UriEncode(after, true));
    for (const json& prefix : shown["prefixes"]) seen += prefix.get<std::string>();
    for (const json& name : shown["names"]) seen += name["name"].get<std::string>();
    after = shown["next"].is_null() ? "" : shown["next"].get<std::string>();
  }
  EXPECT_EQ(seen, "ab/c");
  EXPECT_EQ(Document("names?bucket=photos&prefix=b%2F")["names"].size(), 2u);
  EXPECT_EQ(Refused("names?bucket=photos&limit=0"), "InvalidArgument");
  EXPECT_EQ(Refused("names?bucket=photos&limit=1001"), "InvalidArgument");
  EXPECT_EQ(Refused("names?bucket=photos&limit=x"), "InvalidArgument");
  EXPECT_EQ(Refused("names?bucket=nowhere"), "NoSuchBucket");
}

TEST_F(AdminTest, APatchShowsAsAnExtentAndAnOp) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/cat", "0123456789", {{"Content-Type", "text/x-secret"}, {"x-amz-meta-owner", "carol"}})
                .status,
            200);
  ASSERT_EQ(Send("PATCH", "/photos/cat", "abc", {{"Content-Range", "bytes 3-5/*"}}).status, 200);
  const json object = Document("object?bucket=photos&name=cat");
  EXPECT_EQ(object["size"], 10);
  const std::string id = object["object"];
  const json page = Document("extents?bucket=photos&object=" + id);
  EXPECT_EQ(page["covered_hi"], 10);
  const json extents = page["extents"];
  ASSERT_EQ(extents.size(), 3u) << page;
  EXPECT_EQ(extents[1]["lo"], 3);
  EXPECT_EQ(extents[1]["hi"], 6);
  EXPECT_EQ(extents[0]["order"], extents[2]["order"]);
  EXPECT_NE(extents[0]["order"], extents[1]["order"]);
  EXPECT_EQ(extents[1]["coding"], "inline");
  const json part = Document("extents?bucket=photos&object=" + id + "&lo=4&hi=8");
  EXPECT_EQ(part["extents"].front()["lo"], 4);
  EXPECT_EQ(part["extents"].back()["hi"], 8);
  const json ops = Document("history?bucket=photos&object=" + id)["ops"];
  ASSERT_GE(ops.size(), 3u);
  EXPECT_EQ(ops[0]["kind"], "WRITE");
  EXPECT_EQ(ops[0]["lo"], 3);
  EXPECT_EQ(ops[0]["hi"], 6);
  EXPECT_EQ(ops[0]["bytes"], 3);
  EXPECT_TRUE(ops[0]["authentic"]);
}

TEST_F(AdminTest, NothingThatIsSealedIsShown) {
  MakeBucket("photos");
  const Answer put =
      Send("PUT", "/photos/cat", "miaow-miaow",
           {{"Content-Type", "text/x-secret"}, {"x-amz-meta-owner", "carol"}, {"x-amz-tagging", "hidden=tag"}});
  ASSERT_EQ(put.status, 200);
  const std::string id = ObjectOf("photos", "cat");
  std::string all;
  for (const std::string& target :
       {std::string("buckets"), std::string("cluster"), std::string("site"), std::string("names?bucket=photos"),
        std::string("object?bucket=photos&name=cat"), "extents?bucket=photos&object=" + id,
        "history?bucket=photos&object=" + id, std::string("name-history?bucket=photos&name=cat")}) {
    const Answer answer = Get("/api/" + target);
    EXPECT_EQ(answer.status, 200) << target;
    EXPECT_EQ(answer.fields.Get("Cache-Control"), "no-store") << target;
    all += answer.body;
  }
  for (const std::string& secret :
       {std::string("miaow"), std::string("text/x-secret"), std::string("carol"), std::string("hidden"),
        std::string(put.fields.Get("ETag").substr(1, 32)), key_.secret, key_.id})
    EXPECT_THAT(all, Not(HasSubstr(secret)));
}

TEST_F(AdminTest, ATruncationAndHolesAreShown) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/cat", "0123456789").status, 200);
  ASSERT_EQ(Send("PATCH", "/photos/cat", "", {{"Content-Range", "bytes */4"}}).status, 200);
  ASSERT_EQ(Send("PATCH", "/photos/cat", "", {{"Content-Range", "bytes */1099511627776"}}).status, 200);
  const std::string id = ObjectOf("photos", "cat");
  const json page = Document("extents?bucket=photos&object=" + id);
  EXPECT_EQ(page["size"], int64_t{1} << 40);
  EXPECT_EQ(page["covered_hi"], int64_t{1} << 40);
  const json op = Document("history?bucket=photos&object=" + id)["ops"][0];
  EXPECT_EQ(op["kind"], "TRUNC");
  EXPECT_LE(op["hi"].get<int64_t>(), int64_t{1} << 43) << "a number that JavaScript has";
}

TEST_F(AdminTest, ManyExtentsComeInPages) {
  MakeBucket("logs");
  ASSERT_EQ(Send("PUT", "/logs/today", std::string(5000, 'x')).status, 200);
  ASSERT_OK_AND_ASSIGN(Bucket bucket, client_->OpenBucket(TestContext(), "logs"));
  ASSERT_OK_AND_ASSIGN(const ObjectId object, bucket.Find(TestContext(), "today"));
  std::vector<RangeWrite> ranges;
  const Bytes byte(1, 'y');
  for (int64_t i = 0; i < 1000; ++i) ranges.push_back({i * 5, byte});
  ASSERT_OK(bucket.WriteRanges(TestContext(), object, ranges));
  for (RangeWrite& range : ranges) range.offset += 2;
  ASSERT_OK(bucket.WriteRanges(TestContext(), object, ranges));
  int64_t lo = 0, seen = 0, covered = 0;
  int pages = 0;
  while (lo < 5000 && pages < 10) {
    const json page = Document("extents?bucket=logs&object=" + object.ToString() + "&lo=" + std::to_string(lo));
    EXPECT_LE(page["extents"].size(), 2000u);
    for (const json& extent : page["extents"]) {
      EXPECT_EQ(extent["lo"].get<int64_t>(), covered) << "no gap and no overlap between pages";
      covered = extent["hi"];
      ++seen;
    }
    lo = page["covered_hi"];
    ++pages;
  }
  EXPECT_EQ(covered, 5000);
  EXPECT_EQ(seen, 4000);
  EXPECT_EQ(pages, 2);
}

TEST_F(AdminTest, AHistoryComesInPages) {
  MakeBucket("logs");
  ASSERT_EQ(Send("PUT", "/logs/today", "x").status, 200);
  ASSERT_OK_AND_ASSIGN(Bucket bucket, client_->OpenBucket(TestContext(), "logs"));
  ASSERT_OK_AND_ASSIGN(const ObjectId object, bucket.Find(TestContext(), "today"));
  for (int i = 0; i < 250; ++i) ASSERT_OK(bucket.Write(TestContext(), object, i, ToBytes(AsBytes("y"))));
  std::set<std::string> seen;
  std::string before;
  do {
    const json page =
        Document("history?bucket=logs&object=" + object.ToString() + (before.empty() ? "" : "&before=" + before));
    for (const json& op : page["ops"]) seen.insert(op["op"].get<std::string>());
    before = page["next"].is_null() ? "" : page["next"].get<std::string>();
  } while (!before.empty());
  EXPECT_EQ(seen.size(), 252u) << "250 patches, the first bytes and the name";
}

TEST_F(AdminTest, ANamesPastIsShownAfterItsDeletion) {
  BucketSettings settings;
  settings.name = "photos";
  settings.history_ms = 86'400'000;
  ASSERT_OK(client_->CreateBucket(TestContext(), settings));
  ASSERT_EQ(Send("PUT", "/photos/cat", "one").status, 200);
  const std::string first = ObjectOf("photos", "cat");
  ASSERT_EQ(Send("DELETE", "/photos/cat").status, 204);
  EXPECT_EQ(Refused("object?bucket=photos&name=cat"), "NoSuchKey");
  const json values = Document("name-history?bucket=photos&name=cat")["values"];
  ASSERT_EQ(values.size(), 2u) << values;
  EXPECT_TRUE(values[0]["object"].is_null());
  EXPECT_EQ(values[1]["object"], first);
}

TEST_F(AdminTest, TheClustersStoresAreShownWithTheirStates) {
  const json cluster = Document("cluster");
  ASSERT_EQ(cluster["stores"].size(), 8u);
  EXPECT_EQ(cluster["stores"][0]["state"], "up");
  EXPECT_EQ(cluster["k"], 4);
  EXPECT_EQ(Document("site")["region"], "eu-west-9");
}

TEST_F(AdminTest, HostileQuestionsAreAnsweredInWords) {
  MakeBucket("photos");
  const std::string name = "<img src=x onerror=alert(1)>\"'&\n\\.txt";
  ASSERT_EQ(Send("PUT", "/photos/" + s3::UriEncode(name, true), "x").status, 200);
  EXPECT_EQ(Document("names?bucket=photos")["names"][0]["name"], name);
  EXPECT_EQ(Document("object?bucket=photos&name=" + s3::UriEncode(name, true))["size"], 1);
  EXPECT_EQ(Get("/api/names?bucket=photos").fields.Get("Content-Type"), "application/json");
  EXPECT_EQ(Refused("names?bucket=%3Cscript%3E"), "InvalidBucketName");
  EXPECT_EQ(Refused("names?bucket=..%2F..%2Fetc"), "InvalidBucketName");
  EXPECT_EQ(Refused("names?bucket=photos&prefix=%FF"), "InvalidURI");
  EXPECT_EQ(Refused("object?bucket=photos&name="), "InvalidArgument");
  EXPECT_EQ(Refused("object?bucket=photos&name=" + std::string(2000, 'x')), "InvalidArgument");
  EXPECT_EQ(Refused("extents?bucket=photos&object=1"), "InvalidArgument");
  EXPECT_EQ(Refused("extents?bucket=photos&object=00000000-0000-0000-0000-000000000001"), "NoSuchKey");
  const std::string id = ObjectOf("photos", s3::UriEncode(name, true));
  EXPECT_EQ(Refused("extents?bucket=photos&object=" + id + "&lo=-1"), "InvalidArgument");
  EXPECT_EQ(Document("extents?bucket=photos&object=" + id + "&lo=5&hi=2")["extents"].size(), 0u);
  EXPECT_EQ(Document("extents?bucket=photos&object=" + id + "&hi=9007199254740991")["covered_hi"], 1);
  EXPECT_EQ(Get("/api/../healthz").status, 501);
  EXPECT_EQ(Get("/api/buckets/").status, 501);
  EXPECT_EQ(Get("/api/").status, 501);
}

TEST_F(AdminTest, S3IsPassedOnAndSignedAsIfItStoodAlone) {
  EXPECT_EQ(SendS3("PUT", "/photos").status, 200);
  const std::string key = "/photos/a%2F..%2F%3Cb%3E%20c";
  EXPECT_EQ(SendS3("PUT", key, "miaow", {{"Content-Type", "text/html"}}).status, 200);
  const Answer got = SendS3("GET", key);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "miaow");
  EXPECT_EQ(Send("GET", key).body, "miaow");
  EXPECT_EQ(SendS3("PATCH", key, "purr", {{"Content-Range", "bytes 0-3/*"}}).status, 200);
  EXPECT_EQ(SendS3("DELETE", key).status, 204);
  HttpRequest wrong = Request("GET", "/photos/x");
  wrong.fields.Set("Host", "127.0.0.1:9302");
  s3::SignRequest({key_.id, "wrong", "us-east-1"}, clock_.NowMillis(), s3::Sha256Hex({}), wrong);
  wrong.target = "/s3" + wrong.target;
  EXPECT_EQ(Element(Ask(std::move(wrong)).body, "Code"), "SignatureDoesNotMatch");
}

TEST_F(AdminTest, WithoutAKeyTheBucketsPolicyDecides) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/public/cat", "miaow").status, 200);
  EXPECT_EQ(Get("/s3/photos/public/cat").status, 403);
  const std::string policy = R"({"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/public/*"}]})";
  ASSERT_EQ(Send("PUT", "/photos?policy", policy).status, 204);
  EXPECT_EQ(Get("/s3/photos/public/cat").body, "miaow");
  for (const char* method : {"PUT", "PATCH", "DELETE", "POST"})
    EXPECT_EQ(Ask(Request(method, "/s3/photos/public/cat"), "x").status, method == std::string("POST") ? 405 : 403)
        << method;
  EXPECT_EQ(Send("GET", "/photos/public/cat").body, "miaow");
}

TEST_F(AdminTest, AnObjectIsNeverAPageOfThisOrigin) {
  MakeBucket("photos");
  for (const char* type : {"text/html", "text/javascript", "image/svg+xml"}) {
    ASSERT_EQ(Send("PUT", "/photos/evil", "<script>alert(1)</script>",
                   {{"Content-Type", type}, {"Content-Disposition", "inline"}})
                  .status,
              200);
    const Answer got =
        SendS3("GET", "/photos/evil?response-content-type=text%2Fhtml&response-content-disposition=inline");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.fields.Get("Content-Type"), "application/octet-stream") << type;
    EXPECT_EQ(got.fields.Count("Content-Type"), 1);
    EXPECT_EQ(got.fields.Get("Content-Disposition"), "attachment");
    EXPECT_EQ(got.fields.Get("X-Content-Type-Options"), "nosniff");
    EXPECT_THAT(std::string(got.fields.Get("Content-Security-Policy")), HasSubstr("sandbox"));
    EXPECT_EQ(SendS3("HEAD", "/photos/evil").fields.Get("Content-Type"), type) << "told, but not of a body";
  }
  const Answer error = Get("/s3/photos/none%3Cscript%3E");
  EXPECT_EQ(error.fields.Get("Content-Type"), "application/octet-stream");
  EXPECT_THAT(std::string(error.fields.Get("Content-Security-Policy")), HasSubstr("sandbox"));
}

}  // namespace
}  // namespace pbfs::gateway
