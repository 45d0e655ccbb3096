# The command line, and a client of S3 beside it: for a pod from which a person looks at a cluster.
ARG BASE
FROM ${BASE}

ARG VERSION
ARG REVISION
ARG LICENSES
LABEL org.opencontainers.image.title="pbfs-tools" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="${LICENSES}"

USER 0:0
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends awscli curl openssl postgresql-client-15 python3-botocore \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
 && dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' >/usr/share/doc/pbfs/packages.txt

COPY bin/pbfs /usr/local/bin/
RUN ! ldd /usr/local/bin/pbfs | grep 'not found'

# Nothing in it serves.
HEALTHCHECK NONE
USER 10001:10001
CMD ["pbfs", "--help"]
