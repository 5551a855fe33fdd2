# A user's server: JupyterLab with SafeCoder's extensions, without a model and torch.
#   docker build -f deploy/hub/user.Dockerfile --build-context wheels=dist -t safecoder-user .
ARG PYTHON=docker.io/library/python:3.12-slim
FROM ${PYTHON}

ARG PIP_NO_INDEX
ARG PIP_INDEX_URL
# The version of the Hub; Zero to JupyterHub's chart 4.4 has 5.5.0.
ARG JUPYTERHUB=6.1.1
RUN --mount=type=bind,from=wheels,target=/wheels \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    pip install --no-cache-dir --find-links /wheels \
      "jupyterhub==${JUPYTERHUB}" "$(echo /wheels/jupyter_safecoder-*.whl)[lab]" \
    && useradd --uid 1000 --gid users --create-home --shell /bin/bash jovyan

# Switches off JupyterLab's news and update check.
COPY deploy/hub/jupyter_server_config.json /etc/jupyter/
ENV DO_NOT_TRACK=1
USER 1000:100
WORKDIR /home/jovyan
EXPOSE 8888
CMD ["jupyterhub-singleuser"]
