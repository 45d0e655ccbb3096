# Makes C++ of alerts and dashboards: cmake -D ALERTS=alerts.yaml -D BOARDS=folder -D OUTPUT=path/to/monitoring_texts.cc -P embed_monitoring.cmake
# They are embedded as they are. A string literal begins anew every few lines, for compilers bound its length.
function(literal path out)
  file(READ ${path} text)
  string(LENGTH "${text}" length)
  set(literals "")
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 8000 part)
    string(APPEND literals "R\"text(${part})text\"\n")
    math(EXPR at "${at} + 8000")
  endwhile()
  set(${out} "${literals}" PARENT_SCOPE)
endfunction()

literal(${ALERTS} alerts)
set(boards "")
foreach(name cluster gateway postgres)
  literal(${BOARDS}/${name}.json board)
  string(APPEND boards "    {\"${name}\", ${board}},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"services/operator/monitoring_texts.h\"\n\nnamespace pbfs::operators {\nnamespace {\n\n"
  "constexpr std::string_view kAlerts = ${alerts};\n\nconstexpr std::array<Board, 3> kBoards{{\n${boards}}};\n\n}  // namespace\n\n"
  "std::string_view AlertsText() { return kAlerts; }\nconst std::array<Board, 3>& Boards() { return kBoards; }\n\n}  // namespace pbfs::operators\n")
