#include "libs/runtime/line_log.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace pbfs {
namespace {

Result<spdlog::sink_ptr> SinkOf(const std::string& to) {
  if (to == "stdout") return spdlog::sink_ptr(std::make_shared<spdlog::sinks::stdout_sink_mt>());
  if (to == "stderr") return spdlog::sink_ptr(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  const int file = open(to.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (file < 0) return FailedPreconditionError("cannot write " + to + ": " + std::strerror(errno));
  close(file);
  try {
    return spdlog::sink_ptr(std::make_shared<spdlog::sinks::basic_file_sink_mt>(to));
  } catch (const spdlog::spdlog_ex& error) {  // gone again in between; none may leave this layer
    return FailedPreconditionError(error.what());
  }
}

}  // namespace

Result<LineLog> LineLog::Open(const std::string& to) {
  LineLog log;
  if (to == "off") return log;
  PBFS_ASSIGN_OR_RETURN(auto sink, SinkOf(to));
  log.logger_ = std::make_shared<spdlog::logger>("lines", std::move(sink));
  log.logger_->set_pattern("%v");
  log.logger_->flush_on(spdlog::level::info);
  return log;
}

void LineLog::Write(const std::string& line) const {
  if (logger_ != nullptr) logger_->log(spdlog::level::info, spdlog::string_view_t(line));
}

}  // namespace pbfs
