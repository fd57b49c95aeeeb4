# One image for the service, for training and for MLflow's pages; see docs/operations.md.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/saldopas \
 && /opt/saldopas/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt \
 && /opt/saldopas/bin/pip install --no-cache-dir "setuptools>=77,<90"
COPY pyproject.toml README.md LICENSE ./
COPY features features
COPY models models
COPY training_pipeline training_pipeline
COPY serving serving
RUN /opt/saldopas/bin/pip install --no-cache-dir --no-deps --no-build-isolation .
# the machine code of requests and plans, so that no start compiles it (on a processor of the same kind);
# -P: of the package that is installed, not of what lies here
RUN /opt/saldopas/bin/python -P -m saldopas.models.native.machine_code kernel planner

FROM python:3.11-slim-bookworm
# libgomp1: numba's and implicit's threads
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 saldopas \
 && install -d -o saldopas -g saldopas /srv/saldopas /srv/saldopas/mlruns
COPY --from=build /opt/saldopas /opt/saldopas
# numba takes no machine code from a directory that it may not write to: every start would compile
RUN chown -R saldopas:saldopas /opt/saldopas/lib/python3.11/site-packages/models/__pycache__
ENV PATH=/opt/saldopas/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    BENTOML_DO_NOT_TRACK=True
USER saldopas
WORKDIR /srv/saldopas
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3000/readyz', timeout=2)"]
ENTRYPOINT ["saldopas"]
CMD ["serve", "--host", "0.0.0.0", "--port", "3000"]
