# PostgreSQL under Patroni, as the operator runs it (docs/design/operator.md). Its volume is /var/lib/pbfs.
ARG BASE
FROM ${BASE}

ARG VERSION
ARG REVISION
ARG LICENSES
LABEL org.opencontainers.image.title="pbfs-postgres" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="${LICENSES}"

USER 0:0
# Its common package would otherwise make a database in the image. Patroni speaks with Kubernetes itself: of the
# stores that its package wants one of, the smallest is taken. Backups speak with an S3 by botocore; what it knows of other services is 75 MB.
RUN mkdir -p /etc/postgresql-common \
 && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \
 && apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends patroni postgresql-15 python3-botocore python3-etcd \
 && find /usr/lib/python3/dist-packages/botocore/data -mindepth 1 -maxdepth 1 -type d ! -name s3 -exec rm -r {} + \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
 && dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' >/usr/share/doc/pbfs/packages.txt

COPY postgres/pbfs-postgres postgres/pbfs-postgres-bootstrap postgres/pbfs-backup /usr/local/bin/

ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HEALTHCHECK --interval=10s --timeout=5s --start-period=300s CMD ["pg_isready", "--quiet", "--host=/tmp"]
USER 10001:10001
ENTRYPOINT ["pbfs-postgres"]
