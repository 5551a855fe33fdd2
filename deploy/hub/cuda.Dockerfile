# The service of a JupyterHub with its runtime, for NVIDIA GPUs. The machine needs the NVIDIA Container Toolkit.
#   make dist
#   docker build -f deploy/hub/cuda.Dockerfile --build-context wheels=dist -t safecoder:cuda .
# Without a network: --build-context wheels=wheelhouse --build-arg PIP_NO_INDEX=1; see
# docs/how-to/closed-network.md for the wheelhouse. For an index with a password, pass
# --secret id=pip.conf,src=pip.conf: no layer keeps it, but build arguments stay in the history.
ARG PYTHON=docker.io/library/python:3.12-slim
FROM ${PYTHON}

ARG PIP_NO_INDEX
ARG PIP_INDEX_URL
# CUDA is in the wheels of PyTorch; the driver is the machine's.
# The two wheels of SafeCoder are named as files, so that no index can replace them.
RUN --mount=type=bind,from=wheels,target=/wheels \
    --mount=type=bind,source=constraints.txt,target=/constraints.txt \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    pip install --no-cache-dir --find-links /wheels --constraint /constraints.txt \
      "$(echo /wheels/jupyter_safecoder-*.whl)[hub,local,checkpoints,finetune]" /wheels/safecoder_smol_135m-*.whl \
    && useradd --uid 10001 --user-group --home-dir /var/lib/safecoder --create-home safecoder

# The rest of the root may be read-only, with a tmpfs at /tmp. The cache is in the volume: it has adapters.
ENV JUPYTER_SAFECODER_CACHE=/var/lib/safecoder/cache \
    JUPYTER_RUNTIME_DIR=/tmp/jupyter \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    PYTHONUNBUFFERED=1 \
    DO_NOT_TRACK=1 \
    HF_HUB_DISABLE_TELEMETRY=1
COPY deploy/hub/health.py /opt/safecoder/health.py
USER 10001:10001
WORKDIR /var/lib/safecoder
VOLUME /var/lib/safecoder
EXPOSE 8765
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["python", "/opt/safecoder/health.py"]
ENTRYPOINT ["jupyter", "safecoder", "hub", "--state", "/var/lib/safecoder", "--policy", "/etc/safecoder/policy.toml"]
