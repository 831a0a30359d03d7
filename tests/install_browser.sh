#!/usr/bin/env bash
# Debian's Chromium and Japanese fonts for the browser tests; nothing to do when they are there.
# Without them, and without the right to install them, the browser tests are skipped.
set -euo pipefail
if [ -x /usr/bin/chromium ] && fc-list :lang=ja 2>/dev/null | grep -q .; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "chromium or fonts-noto-cjk is missing and cannot be installed here; the browser tests are skipped" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig; } >/dev/null 2>&1 ||
    echo "chromium could not be installed; the browser tests are skipped" >&2
