#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/result.h"

namespace pugi {
class xml_document;
class xml_node;
}  // namespace pugi

/// XML in and out for the documents of this folder; pugixml behind it. Not for others.
namespace pbfs::s3 {

/// Writes a document from top to bottom. One thread.
class XmlWriter {
 public:
  explicit XmlWriter(std::string_view root, bool with_namespace = true);
  ~XmlWriter();

  /// <name> around what follows until Close().
  void Open(std::string_view name);
  void Close();
  /// <name>value</name>.
  void Text(std::string_view name, std::string_view value);
  void Number(std::string_view name, int64_t value) { Text(name, std::to_string(value)); }
  void Bool(std::string_view name, bool value) { Text(name, value ? "true" : "false"); }
  /// The same, or nothing if it is empty.
  void TextIfAny(std::string_view name, std::string_view value) {
    if (!value.empty()) Text(name, value);
  }
  /// Text of the innermost open element itself.
  void Value(std::string_view value);
  /// An attribute of the innermost open element.
  void Attribute(std::string_view name, std::string_view value);
  /// The document, with its declaration.
  std::string Finish() &&;

 private:
  std::unique_ptr<pugi::xml_document> document_;
  std::vector<pugi::xml_node> open_;  // innermost last
};

/// A parsed document; hostile input is bounded as documents.h says. One thread.
class XmlReader {
 public:
  /// Errors: MalformedXML, also if the root is not called `root` (with or without a prefix).
  static Result<XmlReader> Parse(std::string_view text, std::string_view root);
  ~XmlReader();
  XmlReader(XmlReader&&) noexcept;

  /// An element; valid as long as the reader.
  class Element {
   public:
    Element();
    explicit Element(const pugi::xml_node& node);
    ~Element();
    Element(const Element&);
    Element& operator=(const Element&);

    /// Without its prefix.
    std::string_view name() const;
    /// All text directly in it, as it is.
    std::string Text() const;
    std::string TrimmedText() const;
    std::vector<Element> Children() const;
    std::vector<Element> Children(std::string_view name) const;
    /// The first; none if there is none.
    std::optional<Element> Child(std::string_view name) const;
    /// Text of the first child of this name; none if there is none.
    std::optional<std::string> ChildText(std::string_view name) const;
    /// The same, "" if there is none.
    std::string ChildTextOrEmpty(std::string_view name) const { return ChildText(name).value_or(""); }
    std::string Attribute(std::string_view name) const;

   private:
    std::unique_ptr<pugi::xml_node> node_;
  };
  Element root() const;

 private:
  explicit XmlReader(std::unique_ptr<pugi::xml_document> document);
  std::unique_ptr<pugi::xml_document> document_;
};

}  // namespace pbfs::s3
