# The operator of Kubernetes. It serves its metrics at 0.0.0.0:9090.
ARG BASE
FROM ${BASE}

ARG VERSION
ARG REVISION
ARG LICENSES
LABEL org.opencontainers.image.title="pbfs-operator" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="${LICENSES}"

COPY bin/pbfs-operator /usr/local/bin/
RUN ! ldd /usr/local/bin/pbfs-operator | grep 'not found'

HEALTHCHECK --interval=10s --timeout=5s --start-period=300s CMD ["http-ok", "9090", "/metrics"]
USER 10001:10001
ENTRYPOINT ["pbfs-operator"]
