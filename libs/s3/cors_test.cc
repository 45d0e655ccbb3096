#include "libs/s3/cors.h"

#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

const CorsRules kRules = {
    {"one",
     {"https://*.example.com", "https://example.com"},
     {"GET", "PUT"},
     {"x-amz-*", "Content-Type"},
     {"ETag", "x-amz-id-2"},
     600},
    {"", {"*"}, {"GET"}, {}, {}, {}},
};

TEST(Cors, DocumentsRoundTrip) { EXPECT_EQ(*ParseCors(CorsXml(kRules)), kRules); }

TEST(Cors, WrongDocumentsAreRefused) {
  const auto rule = [](const std::string& inside) {
    return "<CORSConfiguration><CORSRule>" + inside + "</CORSRule></CORSConfiguration>";
  };
  const std::string origin = "<AllowedOrigin>*</AllowedOrigin>";
  const std::string get = "<AllowedMethod>GET</AllowedMethod>";
  EXPECT_OK(ParseCors(rule(origin + get)));
  const std::pair<std::string, std::string> cases[] = {
      {"<CORSConfiguration/>", "MalformedXML"},
      {rule(origin), "MalformedXML"},
      {rule(get), "MalformedXML"},
      {rule(origin + get + "<MaxAgeSeconds>x</MaxAgeSeconds>"), "MalformedXML"},
      {rule(origin + "<AllowedMethod>TRACE</AllowedMethod>"), "InvalidRequest"},
      {rule("<AllowedOrigin>*.*</AllowedOrigin>" + get), "InvalidRequest"},
      {rule(origin + get + "<AllowedHeader>*-*</AllowedHeader>"), "InvalidRequest"},
  };
  for (const auto& [body, code] : cases) EXPECT_S3(ParseCors(body), code) << body;
  EXPECT_S3(ParseCors(CorsXml(CorsRules(101, kRules[1]))), "MalformedXML");
}

TEST(Cors, TheFirstRuleThatMatchesAnswers) {
  const auto fields = [](std::string method, std::string origin) {
    return CorsFields(kRules, {std::move(method), "/", {{"Origin", std::move(origin)}}});
  };
  const HttpFields first = fields("GET", "https://www.example.com");
  EXPECT_EQ(first.Get("access-control-allow-origin"), "https://www.example.com");
  EXPECT_EQ(first.Get("access-control-allow-credentials"), "true");
  EXPECT_EQ(first.Get("access-control-allow-methods"), "GET, PUT");
  EXPECT_EQ(first.Get("access-control-expose-headers"), "ETag, x-amz-id-2");
  EXPECT_EQ(first.Get("access-control-max-age"), "600");
  EXPECT_EQ(first.Get("vary"), "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
  const HttpFields second = fields("GET", "http://other.org");
  EXPECT_EQ(second.Get("access-control-allow-origin"), "*");
  EXPECT_FALSE(second.Has("access-control-allow-credentials"));
  EXPECT_EQ(fields("PUT", "http://other.org").size(), 0);
  EXPECT_EQ(fields("DELETE", "https://example.com").size(), 0);
  EXPECT_EQ(CorsFields(kRules, {"GET", "/", {}}).size(), 0);
}

TEST(Cors, PreflightsNeedOriginMethodAndHeaders) {
  const auto preflight = [](std::string origin, std::string method, std::string headers) {
    return Preflight(kRules, {"OPTIONS",
                              "/",
                              {{"Origin", std::move(origin)},
                               {"Access-Control-Request-Method", std::move(method)},
                               {"Access-Control-Request-Headers", std::move(headers)}}});
  };
  ASSERT_OK_AND_ASSIGN(const HttpFields fields, preflight("https://example.com", "PUT", "X-Amz-Date, content-type"));
  EXPECT_EQ(fields.Get("access-control-allow-headers"), "x-amz-date, content-type");
  EXPECT_EQ(fields.Get("access-control-allow-origin"), "https://example.com");
  EXPECT_OK(preflight("http://other.org", "GET", ""));
  EXPECT_S3(preflight("https://example.com", "PUT", "authorization"), "AccessForbidden");
  EXPECT_S3(preflight("http://other.org", "PUT", ""), "AccessForbidden");
  EXPECT_S3(preflight("https://example.com", "put", ""), "AccessForbidden");
  EXPECT_S3(preflight("https://example.com", "", ""), "InvalidRequest");
}

}  // namespace
}  // namespace pbfs::s3
