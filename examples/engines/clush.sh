#!/bin/sh
# Carries kdumpcheck's probe with clush. SET and what else clush is to be told: sh clush.sh -w 'ncn-w[001-003]'
set -eu
umask 077
mkdir answers
kdumpcheck probe >probe.sh
clush "$@" --outdir answers sh <probe.sh >/dev/null
for answer in answers/*; do mv "$answer" "$answer.out"; done
