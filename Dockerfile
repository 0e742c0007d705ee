# Build: the whole toolchain, the types checked once more.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY src ./src
RUN npm run build

# Run: production packages only. No Node from npm (the image has one), no embedded Postgres.
FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force
COPY bin ./bin
COPY migrations ./migrations
COPY --from=build /app/dist ./dist
USER node
ENTRYPOINT ["node", "bin/allo-queue-mirror.js"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
  CMD ["node", "bin/allo-queue-mirror.js", "health"]
CMD ["worker"]
