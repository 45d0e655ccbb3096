#include "libs/s3/xml.h"

#include <algorithm>
#include <pugixml.hpp>

#include "libs/s3/documents.h"
#include "libs/s3/errors.h"
#include "libs/s3/target.h"

namespace pbfs::s3 {
namespace {

constexpr int kMaxDepth = 16;
// Blanks count where they are all there is: a key may be one.
constexpr unsigned kParseFlags =
    pugi::parse_default | pugi::parse_ws_pcdata_single | pugi::parse_doctype | pugi::parse_fragment;
// All other elements stand once where they stand: we and whoever else reads a document might believe different ones.
constexpr std::string_view kMayRepeat[] = {
    "AllowedHeader", "AllowedMethod", "AllowedOrigin", "CORSRule",
    "ExposeHeader",  "Grant",         "Object",        "NoncurrentVersionTransition",
    "Part",          "Rule",          "Tag",           "Transition"};

std::string_view LocalName(std::string_view name) {
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// pugixml's strings end at a NUL: a key with one would become another key.
bool HasNul(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return true;
  for (size_t at = text.find("&#"); at != std::string_view::npos; at = text.find("&#", at + 2)) {
    const bool hexadecimal = text.substr(at + 2, 1) == "x";
    const std::string_view digits = text.substr(at + (hexadecimal ? 3 : 2));
    const size_t first = digits.find_first_not_of('0');
    if (first != 0 && first != std::string_view::npos && digits[first] == ';') return true;
  }
  return false;
}

/// pugixml leaves references that it does not know as text.
bool HasUnknownReference(std::string_view text) {
  constexpr std::string_view kKnown[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#"};
  for (size_t at = text.find_first_of("&<"); at != std::string_view::npos; at = text.find_first_of("&<", at + 1)) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("<![CDATA[")) {  // what stands in it is text, whatever it looks like
      at = text.find("]]>", at);
      if (at == std::string_view::npos) return false;  // no document at all: the parser says so
    } else if (rest.front() == '&' && std::none_of(std::begin(kKnown), std::end(kKnown),
                                                   [&](auto known) { return rest.starts_with(known); })) {
      return true;
    }
  }
  return false;
}

bool Repeats(const pugi::xml_node& node) {
  std::vector<std::string_view> names;
  for (const pugi::xml_node& child : node.children()) {
    const std::string_view name = LocalName(child.name());
    const bool may = std::find(std::begin(kMayRepeat), std::end(kMayRepeat), name) != std::end(kMayRepeat);
    if (child.type() == pugi::node_element && !may) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

bool IsBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

class BoundsCheck final : public pugi::xml_tree_walker {
 public:
  // False ends the walk.
  bool for_each(pugi::xml_node& node) override {
    const bool text = node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
    return depth() <= (text ? kMaxDepth : kMaxDepth - 1) && node.type() != pugi::node_doctype &&
           !(text && depth() == 0 && !IsBlank(node.value())) && !Repeats(node) &&
           IsUtf8(node.value());  // a reference may name a surrogate
  }
};

class StringSink final : public pugi::xml_writer {
 public:
  void write(const void* data, size_t size) override { text.append(static_cast<const char*>(data), size); }
  std::string text;
};

/// What pugixml writes as it is, and a parser would not read back: it turns a CR into a line feed, and XML 1.0 has not the
/// other two.
void ReplaceUnreadable(std::string& text) {
  constexpr std::pair<std::string_view, std::string_view> kReferences[] = {
      {"\r", "&#13;"}, {"\xEF\xBF\xBE", "&#xFFFE;"}, {"\xEF\xBF\xBF", "&#xFFFF;"}};
  for (const auto& [bytes, reference] : kReferences) {
    for (size_t at = text.find(bytes); at != std::string::npos; at = text.find(bytes, at)) {
      text.replace(at, bytes.size(), reference);
    }
  }
}

}  // namespace

XmlWriter::XmlWriter(std::string_view root, bool with_namespace) : document_(std::make_unique<pugi::xml_document>()) {
  pugi::xml_node declaration = document_->append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  open_.push_back(document_->append_child(std::string(root).c_str()));
  if (with_namespace) Attribute("xmlns", "http://s3.amazonaws.com/doc/2006-03-01/");
}
XmlWriter::~XmlWriter() = default;

void XmlWriter::Open(std::string_view name) { open_.push_back(open_.back().append_child(std::string(name).c_str())); }
void XmlWriter::Close() { open_.pop_back(); }
void XmlWriter::Text(std::string_view name, std::string_view value) {
  Open(name);
  if (!value.empty()) Value(value);
  Close();
}
void XmlWriter::Value(std::string_view value) {
  open_.back().append_child(pugi::node_pcdata).set_value(std::string(value).c_str());
}
void XmlWriter::Attribute(std::string_view name, std::string_view value) {
  open_.back().append_attribute(std::string(name).c_str()) = std::string(value).c_str();
}

std::string XmlWriter::Finish() && {
  StringSink sink;
  document_->save(sink, "", pugi::format_raw, pugi::encoding_utf8);
  ReplaceUnreadable(sink.text);
  return std::move(sink.text);
}

XmlReader::XmlReader(std::unique_ptr<pugi::xml_document> document) : document_(std::move(document)) {}
XmlReader::~XmlReader() = default;
XmlReader::XmlReader(XmlReader&&) noexcept = default;

Result<XmlReader> XmlReader::Parse(std::string_view text, std::string_view root) {
  if (text.size() > kMaxDocumentBytes || !IsUtf8(text) || HasNul(text) || HasUnknownReference(text)) {
    return Error(Code::kMalformedXml);
  }
  auto document = std::make_unique<pugi::xml_document>();
  if (!document->load_buffer(text.data(), text.size(), kParseFlags, pugi::encoding_utf8)) {
    return Error(Code::kMalformedXml);
  }
  BoundsCheck check;
  if (!document->traverse(check)) return Error(Code::kMalformedXml);
  const auto is_element = [](const pugi::xml_node& node) { return node.type() == pugi::node_element; };
  if (std::count_if(document->begin(), document->end(), is_element) != 1) return Error(Code::kMalformedXml);
  if (LocalName(document->document_element().name()) != root) return Error(Code::kMalformedXml);
  return XmlReader(std::move(document));
}

XmlReader::Element XmlReader::root() const { return Element(document_->document_element()); }

XmlReader::Element::Element() : node_(std::make_unique<pugi::xml_node>()) {}
XmlReader::Element::Element(const pugi::xml_node& node) : node_(std::make_unique<pugi::xml_node>(node)) {}
XmlReader::Element::~Element() = default;
XmlReader::Element::Element(const Element& other) : Element(*other.node_) {}
XmlReader::Element& XmlReader::Element::operator=(const Element& other) {
  *node_ = *other.node_;
  return *this;
}

std::string_view XmlReader::Element::name() const { return LocalName(node_->name()); }

std::string XmlReader::Element::Text() const {
  std::string text;
  for (const pugi::xml_node& child : node_->children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text += child.value();
  }
  return text;
}

std::string XmlReader::Element::TrimmedText() const {
  const std::string text = Text();
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<XmlReader::Element> XmlReader::Element::Children() const {
  std::vector<Element> children;
  for (const pugi::xml_node& child : node_->children()) {
    if (child.type() == pugi::node_element) children.emplace_back(child);
  }
  return children;
}

std::vector<XmlReader::Element> XmlReader::Element::Children(std::string_view name) const {
  std::vector<Element> children = Children();
  std::erase_if(children, [&](const Element& child) { return child.name() != name; });
  return children;
}

std::optional<XmlReader::Element> XmlReader::Element::Child(std::string_view name) const {
  for (const pugi::xml_node& child : node_->children()) {
    if (child.type() == pugi::node_element && LocalName(child.name()) == name) return Element(child);
  }
  return std::nullopt;
}

std::optional<std::string> XmlReader::Element::ChildText(std::string_view name) const {
  const std::optional<Element> child = Child(name);
  return child ? std::optional(child->Text()) : std::nullopt;
}

std::string XmlReader::Element::Attribute(std::string_view name) const {
  for (const pugi::xml_attribute& attribute : node_->attributes()) {
    if (LocalName(attribute.name()) == name) return attribute.value();
  }
  return {};
}

}  // namespace pbfs::s3
