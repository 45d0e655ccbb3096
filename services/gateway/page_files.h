#pragma once

#include <string_view>

namespace pbfs::gateway {

/// A file of the browser page, as it was when the program was built (ui/, embed_page.cmake).
struct PageFile {
  std::string_view name;  // "app.js"
  std::string_view type;  // "text/javascript; charset=utf-8"
  std::string_view etag;  // quoted, of its text
  std::string_view text;
};

/// Null if there is none of exactly this name.
const PageFile* FindPageFile(std::string_view name);

}  // namespace pbfs::gateway
