# The image of Isnad. How to build it, on which base: docs/docker.md
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
WORKDIR /srv/isnad
COPY scripts/install scripts/uv.txt scripts/
COPY pyproject.toml uv.lock README.md LICENSE NOTICE ./
COPY app app
COPY migrations migrations
RUN UV_LINK_MODE=copy scripts/install && rm -rf .tools

FROM ${BASE}
ENV PATH=/srv/isnad/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ISNAD_DATABASE_URL=sqlite:////var/lib/isnad/isnad.db \
    ISNAD_MEDIA_URL=file:/var/lib/isnad/media
WORKDIR /srv/isnad
COPY --from=build /srv/isnad /srv/isnad
RUN mkdir /var/lib/isnad && chown 10001:10001 /var/lib/isnad
USER 10001:10001
VOLUME /var/lib/isnad
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", \
  "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["isnad"]
CMD ["serve", "--host", "0.0.0.0"]
