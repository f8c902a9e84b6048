# Ask a node how the cluster is, with the commands that are there. Reads only.
# shellcheck shell=sh
set -u
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin
KUBECONFIG=${KUBECONFIG:-/etc/kubernetes/admin.conf}
ETCDCTL_API=3
export LC_ALL PATH KUBECONFIG ETCDCTL_API

ask() {
    name=$1
    shift
    command -v "$1" >/dev/null 2>&1 || { printf '%s=absent\n' "$name"; return; }
    said=$(timeout -k 5 20 "$@" 2>&1 </dev/null)
    printf '%s=%s\n' "$name" "$?"
    printf '%s\n' "$said" | head -n 500 | cut -c 1-300 | sed "s/^/$name	/"
}

main() {
    printf 'here=yes\n'
    ask ceph ceph health
    ask nodes kubectl get nodes --no-headers
    pki=/etc/kubernetes/pki/etcd
    [ ! -r "$pki/ca.crt" ] || ask etcd etcdctl --cacert "$pki/ca.crt" \
        --cert "$pki/healthcheck-client.crt" --key "$pki/healthcheck-client.key" endpoint health --cluster
}

</dev/null main
