# For several platforms at once: docker buildx build --platform linux/amd64,linux/arm64. Everything that runs during the
# build runs on the machine's own platform, because its results (JavaScript) are the same on all of them.
ARG NODE_VERSION=24

# The whole toolchain, the types checked once more.
FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY src ./src
RUN npm run build

# Production packages only. No Node from npm (the image has one), no embedded Postgres.
FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts
COPY bin/package.json bin/third-party-notices.js ./bin/
RUN node bin/third-party-notices.js > THIRD_PARTY_NOTICES
# A third of the packages is for debuggers and compilers only.
RUN find node_modules -type f '(' -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' ')' -delete

FROM node:${NODE_VERSION}-bookworm-slim
LABEL org.opencontainers.image.title="allo-queue-mirror" \
  org.opencontainers.image.description="Copies every teammate's Allo Power Dialer queue into Postgres and keeps its history" \
  org.opencontainers.image.source="https://github.com/your-organization/allo-queue-mirror" \
  org.opencontainers.image.documentation="https://github.com/your-organization/allo-queue-mirror/blob/main/docs/deploying.md" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=packages /app/THIRD_PARTY_NOTICES ./
COPY package.json LICENSE ./
COPY bin/allo-queue-mirror.js bin/node-runtime.js bin/package.json ./bin/
COPY migrations ./migrations
COPY --from=build /app/dist ./dist
# The user `node`, as a number: Kubernetes must know that it is not root.
USER 1000:1000
ENTRYPOINT ["node", "bin/allo-queue-mirror.js"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
  CMD ["node", "bin/allo-queue-mirror.js", "health"]
CMD ["worker"]
