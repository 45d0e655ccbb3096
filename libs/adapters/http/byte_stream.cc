#include "libs/adapters/http/byte_stream.h"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <utility>

namespace pbfs {
namespace {

class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(TcpSocket socket) : socket_(std::move(socket)) {}

  void Handshake(Done done) override {
    asio::post(socket_.get_executor(), [done = std::move(done)] { done({}, 0); });
  }
  void ReadSome(asio::mutable_buffer out, Done done) override { socket_.async_read_some(out, std::move(done)); }
  void WriteSome(asio::const_buffer in, Done done) override { socket_.async_write_some(in, std::move(done)); }
  void Shutdown(Done done) override { Handshake(std::move(done)); }
  TcpSocket& socket() override { return socket_; }

 private:
  TcpSocket socket_;
};

class TlsStream final : public ByteStream {
 public:
  TlsStream(TcpSocket socket, asio::ssl::context& context) : stream_(std::move(socket), context) {}

  void Handshake(Done done) override {
    stream_.async_handshake(asio::ssl::stream_base::server,
                            [done = std::move(done)](error_code error) { done(error, 0); });
  }
  void ReadSome(asio::mutable_buffer out, Done done) override { stream_.async_read_some(out, std::move(done)); }
  void WriteSome(asio::const_buffer in, Done done) override { stream_.async_write_some(in, std::move(done)); }
  void Shutdown(Done done) override {
    stream_.async_shutdown([done = std::move(done)](error_code error) { done(error, 0); });
  }
  TcpSocket& socket() override { return stream_.next_layer(); }

 private:
  asio::ssl::stream<TcpSocket> stream_;
};

}  // namespace

std::unique_ptr<ByteStream> MakeTcpStream(TcpSocket socket) { return std::make_unique<TcpStream>(std::move(socket)); }

std::unique_ptr<ByteStream> MakeTlsStream(TcpSocket socket, asio::ssl::context& context) {
  try {
    return std::make_unique<TlsStream>(std::move(socket), context);
  } catch (const boost::system::system_error&) {
    return nullptr;
  }
}

}  // namespace pbfs
