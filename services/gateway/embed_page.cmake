# Makes C++ of the files of the browser page: cmake -D FOLDER=ui -D OUTPUT=path/to/page_files.cc -P embed_page.cmake
# They are embedded as they are: nothing is bundled or minified.
set(TYPE_html "text/html")
set(TYPE_css "text/css")
set(TYPE_js "text/javascript")
set(TYPE_svg "image/svg+xml")

set(source "#include \"services/gateway/page_files.h\"\n\nnamespace pbfs::gateway {\nnamespace {\n\nconstexpr PageFile kFiles[] = {\n")
file(GLOB files ${FOLDER}/*.html ${FOLDER}/*.css ${FOLDER}/*.js ${FOLDER}/*.svg)
list(SORT files)
foreach(path ${files})
  get_filename_component(name ${path} NAME)
  string(REGEX REPLACE ".*\\." "" ending ${name})
  file(SHA256 ${path} digest)
  string(SUBSTRING ${digest} 0 32 digest)
  file(READ ${path} text)
  string(APPEND source "    {\"${name}\", \"${TYPE_${ending}}; charset=utf-8\", \"\\\"${digest}\\\"\",\n     R\"page(${text})page\"},\n")
endforeach()
string(APPEND source "};\n\n}  // namespace\n\nconst PageFile* FindPageFile(std::string_view name) {\n"
  "  for (const PageFile& file : kFiles) {\n    if (file.name == name) return &file;\n  }\n  return nullptr;\n}\n\n}  // namespace pbfs::gateway\n")
file(WRITE ${OUTPUT} "${source}")
