# Two images, `serve` (the service) and `train` (training, evaluation, MLflow's pages); see docs/operations.md.
FROM python:3.11-slim-bookworm AS wheel
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements/build.txt requirements/build.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY python python
COPY features features
COPY store store
COPY models models
COPY training_pipeline training_pipeline
COPY serving serving
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim-bookworm AS base
RUN python -m venv /opt/saldopas \
 && useradd --create-home --uid 10001 saldopas \
 && install -d -o saldopas -g saldopas /srv/saldopas /srv/saldopas/mlruns
ENV PATH=/opt/saldopas/bin:$PATH
WORKDIR /srv/saldopas
ENTRYPOINT ["saldopas"]

FROM base AS train
# libgomp1: threads of implicit
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/*
COPY requirements/train.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.txt
COPY --from=wheel /wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps /tmp/wheels/*.whl
USER saldopas
CMD ["--help"]

FROM base AS serve
COPY requirements/serve.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.txt
COPY --from=wheel /wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps /tmp/wheels/*.whl
ENV BENTOML_DO_NOT_TRACK=True
USER saldopas
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3000/readyz', timeout=2)"]
CMD ["serve", "--host", "0.0.0.0", "--port", "3000"]
