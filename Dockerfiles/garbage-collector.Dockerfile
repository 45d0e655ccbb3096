# The garbage collector. Its configuration says metrics.address: 0.0.0.0:9090.
ARG BASE
FROM ${BASE}

ARG VERSION
ARG REVISION
ARG LICENSES
LABEL org.opencontainers.image.title="pbfs-garbage-collector" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="${LICENSES}"

COPY bin/pbfs-garbage-collector /usr/local/bin/
RUN ! ldd /usr/local/bin/pbfs-garbage-collector | grep 'not found'

HEALTHCHECK --interval=10s --timeout=5s --start-period=300s CMD ["http-ok", "9090", "/metrics"]
USER 10001:10001
ENTRYPOINT ["pbfs-garbage-collector"]
CMD ["--config", "/etc/pbfs/config/config.json"]
