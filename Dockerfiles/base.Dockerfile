# What all images of PBFS stand on: the libraries that its programs load, its user, and how to ask a page.
FROM debian:bookworm-slim

ARG VERSION
ARG REVISION
ARG LICENSES
LABEL org.opencontainers.image.title="pbfs-base" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="${LICENSES}"

# The one list of packages that programs of PBFS need to run. Each image checks that its program finds its libraries.
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
      ca-certificates libabsl20220623 libcurl4 libfmt9 libgrpc++1.51 libgrpc29 libisal2 libpq5 \
      libprometheus-cpp-core1.0 libprometheus-cpp-pull1.0 libprotobuf32 libpugixml1v5 libsodium23 libspdlog1.10 libssl3 libstdc++6 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
 && mkdir -p /usr/share/doc/pbfs \
 && dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' >/usr/share/doc/pbfs/packages.txt

# Numbers, because Kubernetes cannot tell from a name that it is not root. /etc/pbfs and /var/lib/pbfs are mounted over.
RUN groupadd --gid 10001 pbfs \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin pbfs \
 && mkdir -p /etc/pbfs /var/lib/pbfs \
 && chown 10001:10001 /var/lib/pbfs

COPY http-ok /usr/local/bin/

# glibc's settings, in bytes: what was freed stays with the process, which asks for it again a moment later.
ENV MALLOC_TRIM_THRESHOLD_=536870912 \
    MALLOC_MMAP_THRESHOLD_=67108864 \
    MALLOC_TOP_PAD_=67108864 \
    LANG=C.UTF-8 \
    HOME=/tmp

# There is no program in it.
HEALTHCHECK NONE
USER 10001:10001
