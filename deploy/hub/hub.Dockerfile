# JupyterHub for compose.yaml; users' servers are containers of their own.
#   docker build -f deploy/hub/hub.Dockerfile --build-context wheels=dist -t safecoder-jupyterhub .
ARG PYTHON=docker.io/library/python:3.12-slim
FROM ${PYTHON}

ARG PIP_NO_INDEX
ARG PIP_INDEX_URL
ARG JUPYTERHUB=6.1.1
RUN --mount=type=bind,from=wheels,target=/wheels \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    pip install --no-cache-dir --find-links /wheels \
      "jupyterhub==${JUPYTERHUB}" 'dockerspawner>=14' /wheels/jupyter_safecoder-*.whl

WORKDIR /srv/jupyterhub
VOLUME /srv/jupyterhub
EXPOSE 8081
CMD ["jupyterhub", "--config", "/etc/jupyterhub/jupyterhub_config.py"]
