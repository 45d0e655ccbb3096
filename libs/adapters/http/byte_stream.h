#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>

namespace pbfs {

namespace asio = boost::asio;
using boost::system::error_code;
/// Asio's own sockets take any executor, and pay for it with each operation.
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

/// A connection with or without TLS. At most one operation each way at a time. Threads: the one of its io_context.
class ByteStream {
 public:
  using Done = std::function<void(error_code, size_t)>;
  virtual ~ByteStream() = default;
  /// The server's side of it; at once without TLS.
  virtual void Handshake(Done done) = 0;
  virtual void ReadSome(asio::mutable_buffer out, Done done) = 0;
  virtual void WriteSome(asio::const_buffer in, Done done) = 0;
  /// Says that nothing more will be sent (TLS: close_notify, and waits for the other's), when no other operation is under way.
  virtual void Shutdown(Done done) = 0;
  virtual TcpSocket& socket() = 0;
};

std::unique_ptr<ByteStream> MakeTcpStream(TcpSocket socket);
/// Null if OpenSSL has no memory for it. The stream keeps what it needs of `context`.
std::unique_ptr<ByteStream> MakeTlsStream(TcpSocket socket, asio::ssl::context& context);

}  // namespace pbfs
