#!/bin/sh
# Carries kdumpcheck's probe with salt-ssh. What salt-ssh is to be told: sh salt-ssh.sh -L 'ncn-w001,ncn-w002'
set -eu
umask 077
mkdir answers
# Raw: a node needs no Python, and gets nothing of Salt's. Salt carries text, so what goes and what comes is packed into
# letters; JSON without an indent is one line a node, in which no node can begin a line of another's.
probe=$(kdumpcheck probe | gzip -9 | base64 -w0)
salt-ssh --raw --out json --out-indent -1 "$@" \
    "echo $probe | base64 -d | gzip -dc | sh | gzip | base64 -w0" |
    while IFS= read -r line; do
        node=$(printf %s "$line" | sed -n 's/^{"\([A-Za-z0-9][A-Za-z0-9._-]*\)": .*/\1/p')
        letters=$(printf %s "$line" | sed -n 's/^[^:]*: {.*"stdout": "\([A-Za-z0-9+/=]*\)".*/\1/p')
        if [ -z "$node" ] || ! { printf %s "$letters" | base64 -d | gzip -dc >"answers/$node.out"; } 2>/dev/null; then
            rm -f "answers/$node.out"
            printf '%s\n' "$line" >&2
        fi
    done
