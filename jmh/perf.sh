#!/bin/sh
# Measures everything and rewrites the generated parts of PERF.md; needs JDK 25; README.md has the options.
set -eu
cd "$(dirname "$0")/.."
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
# OpenBLAS's threads would fight PyTorch's for the processors.
OPENBLAS_NUM_THREADS=1 exec "$java" \
    --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -Djava.awt.headless=true \
    -cp jmh/target/benchmarks.jar dev.hourglass.bench.Perf --into PERF.md "$@"
