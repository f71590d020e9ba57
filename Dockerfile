# Two stages: build on Debian 12, keep the program and its few libraries.
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY tools/install-deps.sh tools/
RUN tools/install-deps.sh build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DBURIN_TESTS=OFF && cmake --build build --target burin && strip build/burin

FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
      libturbojpeg0 libspng0 libwebp7 libfmt9 zlib1g && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/build/burin /usr/local/bin/burin
ENTRYPOINT ["burin"]
CMD ["--help"]
