#!/usr/bin/env bash
# Locks the environment: exact versions with hashes from pyproject.toml, without any index address in the result.
#
#   requirements/lock.sh           writes run.txt, dev.txt, spark.txt, rivals.txt and matchers.txt (UPGRADE=1 takes newer versions)
#   requirements/lock.sh --check   fails if they are stale, or if a supported Python cannot install them from wheels
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
PYTHONS="3.11 3.12 3.13"
tool=build/lock-tool
[ -x "$tool/bin/uv" ] || { "${PYTHON:-python3}" -m venv "$tool" && "$tool/bin/pip" install -q "uv==$UV_VERSION"; }

compile() { # <folder> <file> <extra>...
  local folder=$1 file=$2 flags=()
  shift 2
  for extra in "$@"; do flags+=(--extra "$extra"); done
  # Every other file holds the versions of run.txt, so that one checkout never has two of the same package.
  [ "$file" = run ] || flags+=(--constraint "$folder/run.txt")
  [ -z "${UPGRADE:-}" ] || flags+=(--upgrade)
  "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --no-python-downloads \
    --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
    "${flags[@]}" pyproject.toml --output-file "$folder/$file.txt"
}

compile_rivals() { # <folder> <file>: what a benchmark compares with; an environment of its own, of the same versions
  "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --no-python-downloads \
    --generate-hashes --no-emit-index-url --custom-compile-command "make lock" ${UPGRADE:+--upgrade} \
    --constraint "$1/run.txt" "bench/$2/requirements.in" --output-file "$1/$2.txt"
}

compile_all() { # <folder>
  compile "$1" run build postgres
  compile "$1" dev build postgres dev
  compile "$1" spark build postgres spark
  compile_rivals "$1" rivals
  compile_rivals "$1" matchers
  sed -i "s#$1/#requirements/#g" "$1"/*.txt
}

if [ "${1:-}" != --check ]; then
  compile_all requirements
  exit
fi

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
cp requirements/*.txt "$fresh"
compile_all "$fresh"
for file in run dev spark rivals matchers; do
  diff -u "requirements/$file.txt" "$fresh/$file.txt" || { echo "requirements/$file.txt is stale: run 'make lock'" >&2; exit 1; }
done

for version in $PYTHONS; do
  for file in run dev spark; do
    # pyspark is published as source only; everything else must be a wheel for this Python.
    "$tool/bin/uv" pip install --quiet --dry-run --require-hashes --no-deps --only-binary :all: --no-binary pyspark \
      --python-version "$version" --python-platform x86_64-unknown-linux-gnu --no-python-downloads \
      --target "$fresh/target-$version" --requirement "requirements/$file.txt"
    echo "Python $version: requirements/$file.txt installs from its hashes"
  done
done
