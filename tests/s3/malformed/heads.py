"""Request lines, header fields, and what says how long a body is; byte by byte, without a signature: HTTP itself refuses them."""
from .table import Row, Site

HTTP = (400, 405, 408, 411, 413, 414, 417, 431)

# Before "Host: ...".
LINES = {
    "only a method": b"GET\r\n", "no version": b"GET /\r\n", "something behind the version": b"GET / HTTP/1.1 x\r\n",
    "two blanks before the target": b"GET  / HTTP/1.1\r\n", "two blanks behind it": b"GET /  HTTP/1.1\r\n",
    "begins with a blank": b" GET / HTTP/1.1\r\n", "tabs": b"GET\t/\tHTTP/1.1\r\n", "empty method": b" / HTTP/1.1\r\n",
    "at sign in the method": b"G@T / HTTP/1.1\r\n", "bracket in the method": b"GET( / HTTP/1.1\r\n",
    "letters beyond ASCII in the method": "GÉT / HTTP/1.1\r\n".encode(), "colon in the method": b"GET: / HTTP/1.1\r\n",
    "method of 40 KiB": b"G" * 40960 + b" / HTTP/1.1\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\n", "HTTP/0.9": b"GET / HTTP/0.9\r\n", "HTTP/1.10": b"GET / HTTP/1.10\r\n",
    "HTTP/1.": b"GET / HTTP/1.\r\n", "HTTP/1": b"GET / HTTP/1\r\n", "HTTP/11": b"GET / HTTP/11\r\n",
    "HTTP/-1.1": b"GET / HTTP/-1.1\r\n", "HTTP/1,1": b"GET / HTTP/1,1\r\n", "HTTP /1.1": b"GET / HTTP /1.1\r\n",
    "lower case http": b"GET / http/1.1\r\n", "HTTPS/1.1": b"GET / HTTPS/1.1\r\n",
    "ends in LF": b"GET / HTTP/1.1\n", "CR in the middle": b"GET /\rx HTTP/1.1\r\n", "two CRs": b"GET / HTTP/1.1\r\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\n", "DEL in the target": b"GET /\x7f HTTP/1.1\r\n",
    "escape in the target": b"GET /\x1b[0m HTTP/1.1\r\n", "target with a scheme": b"GET http://host/x HTTP/1.1\r\n",
    "target without a slash": b"GET bucket/key HTTP/1.1\r\n", "target is a query": b"GET ?list-type=2 HTTP/1.1\r\n",
    "target is a backslash": b"GET \\ HTTP/1.1\r\n", "CONNECT": b"CONNECT host:80 HTTP/1.1\r\n",
    "target of 17 KiB": b"GET /" + b"a" * 17000 + b" HTTP/1.1\r\n",
    "target of 200 KB": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n",
    "query of 200 KB": b"GET /?" + b"a=&" * 66_000 + b" HTTP/1.1\r\n", "three empty lines first": b"\r\n\r\n\r\nGET / HTTP/1.1\r\n",
    "TLS": bytes.fromhex("1603010200010001fc0303") + b"\0" * 40 + b"\r\n", "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an answer": b"HTTP/1.1 200 OK\r\n", "SMTP": b"EHLO example.com\r\n", "nothing but blanks": b"   \r\n", "a colon": b":\r\n",
}

# Behind a request line and Host.
FIELDS = {
    "no colon": b"Range bytes=0-1\r\n", "empty name": b": x\r\n", "blank before the colon": b"Range : bytes=0-1\r\n",
    "tab before the colon": b"Range\t: bytes=0-1\r\n", "blank in the name": b"X Y: z\r\n", "folded": b"X: a\r\n b\r\n",
    "folded by a tab": b"X: a\r\n\tb\r\n", "begins with a blank": b" X: a\r\n", "NUL in the value": b"X: a\0b\r\n",
    "NUL in the name": b"X\0: a\r\n", "CR in the value": b"X: a\rb\r\n", "LF ends a line": b"X: a\nY: b\r\n", "DEL in the value": b"X: \x7f\r\n",
    "escape in the value": b"X: \x1b[0m\r\n", "backspace in the value": b"X: a\x08\r\n", "brackets in the name": b"X(y): a\r\n",
    "comma in the name": b"X,y: a\r\n", "slash in the name": b"X/y: a\r\n", "quotes in the name": b'"X": a\r\n',
    "letters beyond ASCII in the name": "Ünï: a\r\n".encode(), "only a name": b"X\r\n", "braces in the name": b"{X}: a\r\n",
    "201 fields": b"".join(b"X-%d: a\r\n" % i for i in range(201)), "5,000 fields": b"X: a\r\n" * 5000,
    "a value of 33 KiB": b"X: " + b"a" * 33_792 + b"\r\n", "a value of 1 MB": b"X: " + b"a" * 1_000_000 + b"\r\n",
    "a name of 33 KiB": b"X" * 33_792 + b": a\r\n", "33 KiB in all": b"".join(b"X-%d: %s\r\n" % (i, b"a" * 400) for i in range(85)),
    "an empty name, 1,000 times": b": \r\n" * 1000,
    "another Host": b"Host: elsewhere\r\n", "the same Host again": None,
    "Expect something else": b"Expect: 200-ok\r\nContent-Length: 1\r\n", "Expect twice": b"Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 1\r\n",
    "Expect a list": b"Expect: 100-continue, x\r\nContent-Length: 1\r\n",
}

# Values of Content-Length.
LENGTHS = {
    "empty": "", "negative": "-1", "with a sign": "+5", "hexadecimal": "0x5", "exponent": "1e3", "fraction": "5.0", "two in a list": "5, 5",
    "two that differ in a list": "5, 6", "a blank inside": "5 5", "letters behind": "5a", "letters": "five", "beyond 64 bits": "99999999999999999999",
    "beyond 63 bits": "9223372036854775808", "quoted": '"5"', "a semicolon": "5;", "digits of another script": "٥", "an underscore": "1_0",
    "a comma": ",5", "a minus alone": "-", "20,000 digits": "9" * 20_000,
}
# Of Transfer-Encoding.
ENCODINGS = {
    "gzip": "gzip", "chunked and gzip": "chunked, gzip", "gzip and chunked": "gzip, chunked", "identity": "identity", "empty": "",
    "another word": "xchunked", "two words": "chunked chunked", "a list of two": "chunked, chunked", "a parameter": "chunked;q=1",
    "quoted": '"chunked"', "a vertical tab": "\vchunked", "a comma behind": "chunked,", "a comma before": ",chunked",
}
FRAMINGS = {
    "two lengths": "Content-Length: 5\r\nContent-Length: 5\r\n", "two lengths that differ": "Content-Length: 5\r\nContent-Length: 6\r\n",
    "chunks and a length": "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "a length and chunks": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "chunks twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "chunks and identity": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "a length with a blank before its colon": "Content-Length : 5\r\n",
    "chunks with a blank before their colon": "Transfer-Encoding : chunked\r\n",
    "a folded length": "Content-Length:\r\n 5\r\n", "a folded encoding": "Transfer-Encoding:\r\n chunked\r\n",
}
# Bodies in HTTP's own chunks.
CHUNKS = {
    "no number": b"g\r\nhello\r\n0\r\n\r\n", "negative": b"-5\r\nhello\r\n0\r\n\r\n", "with a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "with 0x": b"0x5\r\nhello\r\n0\r\n\r\n", "empty size": b"\r\nhello\r\n0\r\n\r\n", "a blank first": b" 5\r\nhello\r\n0\r\n\r\n",
    "beyond 64 bits": b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n", "LF ends the size": b"5\nhello\r\n0\r\n\r\n",
    "more data than its size": b"5\r\nhello!\r\n0\r\n\r\n", "less data than its size": b"6\r\nhello\r\n0\r\n\r\n",
    "no line end behind the data": b"5\r\nhello0\r\n\r\n", "LF behind the data": b"5\r\nhello\n0\r\n\r\n", "an extension of 40 KB": b"5;" + b"x" * 40_000 + b"\r\nhello\r\n0\r\n\r\n",
    "NUL in the size": b"5\0\r\nhello\r\n0\r\n\r\n", "no end": b"5\r\nhello\r\n", "nothing": b"", "a trailer without colon": b"5\r\nhello\r\n0\r\nx\r\n\r\n",
}


def rows(site: Site):
    host = site.host.encode()
    for name, line in LINES.items():
        yield Row(f"line: {name}", line + host + b"\r\n", HTTP)
    yield Row("line: no Host", b"GET / HTTP/1.1\r\n\r\n", HTTP)
    yield Row("line: an empty Host", b"GET / HTTP/1.1\r\nHost:\r\nHost:\r\n\r\n", HTTP)
    for name, fields in FIELDS.items():
        yield Row(f"field: {name}", b"GET / HTTP/1.1\r\n" + host + (host if fields is None else fields) + b"\r\n", HTTP)
    put = f"PUT {site.object} HTTP/1.1\r\n".encode() + host
    for name, length in LENGTHS.items():
        yield Row(f"Content-Length: {name}", put + b"Content-Length: %s\r\n\r\nhello" % length.encode(), HTTP, "PUT")
    for name, encoding in ENCODINGS.items():
        sent = put + b"Transfer-Encoding: %s\r\n\r\n5\r\nhello\r\n0\r\n\r\n" % encoding.encode()
        yield Row(f"Transfer-Encoding: {name}", sent, HTTP, "PUT")
    for name, framing in FRAMINGS.items():
        yield Row(f"framing: {name}", put + framing.encode() + b"\r\n5\r\nhello\r\n0\r\n\r\n", HTTP, "PUT")
    old = f"PUT {site.object} HTTP/1.0\r\n".encode() + host
    yield Row("framing: chunks in HTTP/1.0", old + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", HTTP, "PUT")
    for name, body in CHUNKS.items():
        yield Row(f"HTTP chunks: {name}", put + b"Transfer-Encoding: chunked\r\n\r\n" + body, HTTP + (403,), "PUT")
