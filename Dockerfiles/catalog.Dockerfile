# A catalog server, and the program that brings the schema up to date. Its configuration says metrics.address: 0.0.0.0:9090.
ARG BASE
FROM ${BASE}

ARG VERSION
ARG REVISION
ARG LICENSES
LABEL org.opencontainers.image.title="pbfs-catalog" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="${LICENSES}"

COPY bin/pbfs-catalog /usr/local/bin/
RUN ! ldd /usr/local/bin/pbfs-catalog | grep 'not found'

HEALTHCHECK --interval=10s --timeout=5s --start-period=300s CMD ["http-ok", "9090", "/metrics"]
USER 10001:10001
ENTRYPOINT ["pbfs-catalog"]
CMD ["--config", "/etc/pbfs/config/config.json"]
