# The S3 and object gateway. Its configuration says admin: 0.0.0.0:9080.
ARG BASE
FROM ${BASE}

ARG VERSION
ARG REVISION
ARG LICENSES
LABEL org.opencontainers.image.title="pbfs-gateway" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="${LICENSES}"

COPY bin/pbfs-gateway /usr/local/bin/
RUN ! ldd /usr/local/bin/pbfs-gateway | grep 'not found'

HEALTHCHECK --interval=10s --timeout=5s --start-period=300s CMD ["http-ok", "9080", "/healthz"]
USER 10001:10001
ENTRYPOINT ["pbfs-gateway"]
CMD ["--config", "/etc/pbfs/config/config.json"]
