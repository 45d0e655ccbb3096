"""The checksums of S3, as its headers carry them."""
import base64
import functools
import hashlib
import zlib


def _table(polynomial: int) -> list:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
        table.append(value)
    return table


CASTAGNOLI, NVME = _table(0x82F63B78), _table(0x9A6C9329AC4BC9B5)  # reflected


def _crc(table: list, ones: int, data: bytes) -> int:
    value = ones
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 255]
    return value ^ ones


@functools.lru_cache(32)
def crc32c(data: bytes) -> int:
    return _crc(CASTAGNOLI, 0xFFFFFFFF, data)


@functools.lru_cache(32)
def crc64nvme(data: bytes) -> int:
    return _crc(NVME, 0xFFFFFFFFFFFFFFFF, data)


DIGESTS = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "CRC32C": lambda data: crc32c(data).to_bytes(4, "big"),
    "CRC64NVME": lambda data: crc64nvme(data).to_bytes(8, "big"),
    "SHA1": lambda data: hashlib.sha1(data).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}


def header(algorithm: str) -> str:
    return "x-amz-checksum-" + algorithm.lower()


def checksum(algorithm: str, data: bytes) -> str:
    return base64.b64encode(DIGESTS[algorithm](data)).decode()


def composite(algorithm: str, parts: list) -> str:
    """Of a multipart upload: the checksum of the parts' checksums, and how many they are."""
    return checksum(algorithm, b"".join(DIGESTS[algorithm](part) for part in parts)) + f"-{len(parts)}"
