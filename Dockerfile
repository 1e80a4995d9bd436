FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/rollbot
COPY pyproject.toml constraints.txt README.md ./
COPY bot ./bot
RUN /opt/rollbot/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt '.[postgres]'

FROM python:3.11-slim-bookworm
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends git openssh-client ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/rollbot rollbot
COPY --from=build /opt/rollbot /opt/rollbot
ENV PATH=/opt/rollbot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ROLLBOT_DATABASE_URL=sqlite:////var/lib/rollbot/rollbot.db \
    ROLLBOT_CACHE=/var/lib/rollbot/cache
USER 10001
WORKDIR /var/lib/rollbot
VOLUME /var/lib/rollbot
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["rollbot"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
