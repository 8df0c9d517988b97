# The operator as an image: the locked dependencies and this package in one virtual environment, helm and kustomize, and
# nothing to build or install with. It runs as 65532 with a read-only root; what it writes goes to /var/cache/pattern-operator and /tmp,
# which the Deployment mounts.
ARG PYTHON=docker.io/library/python:3.13-slim
ARG GO=docker.io/library/golang:1.27

# helm and kustomize, from their pinned modules; without cgo they need no library of the image.
FROM ${GO} AS programs
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly
WORKDIR /src
COPY tests/testbed/programs/helm helm
COPY tests/testbed/programs/kustomize kustomize
RUN cd helm && go build -trimpath -o /out/helm \
    -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1" helm.sh/helm/v4/cmd/helm
RUN cd kustomize && go build -trimpath -o /out/kustomize \
    -ldflags "-s -w -X sigs.k8s.io/kustomize/api/provenance.version=kustomize/v5.8.2" sigs.k8s.io/kustomize/kustomize/v5

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/runtime.lock requirements/build.lock requirements/
RUN python -m venv --without-pip /venv \
 && pip --python /venv/bin/python install --require-hashes --only-binary=:all: -r requirements/runtime.lock \
 && pip install --require-hashes --only-binary=:all: -r requirements/build.lock
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /dist . \
 && pip --python /venv/bin/python install --no-deps --no-index /dist/*.whl

FROM ${PYTHON}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Pattern Operator" \
      org.opencontainers.image.description="Runs signed patterns of Kubernetes resources from OCI registries" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN python -m pip uninstall --yes --quiet --root-user-action=ignore pip \
 && rm -rf "$(python -c 'import ensurepip, os; print(os.path.dirname(ensurepip.__file__))')"
COPY --from=build /venv /venv
COPY --from=programs /out/helm /out/kustomize /usr/local/bin/
# Byte code is in the image already, and the root is read-only.
ENV PATH=/venv/bin:${PATH} PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp
USER 65532:65532
EXPOSE 8080
# The program is process 1 and handles SIGTERM itself.
ENTRYPOINT ["pattern-operator"]
CMD ["run"]
