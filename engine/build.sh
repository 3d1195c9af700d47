#!/usr/bin/env bash
# Build the pinned Pulumi engine and Python language host from the Go module proxy into the folder $1.
# Some seven minutes on two cores the first time; $1 appears only when everything in it is complete.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
version=$(cd "$here/cli" && go list -m -f '{{.Version}}' github.com/pulumi/pulumi/sdk/v3)
parts=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$parts"' EXIT
stamp="-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$version"
export CGO_ENABLED=0 GOBIN=$parts GOFLAGS="${GOFLAGS:-} -mod=readonly"
(cd "$here/language" && go install -trimpath -ldflags "-s -w" tool)
(cd "$here/cli" && go install -trimpath -ldflags "-s -w $stamp" tool)
# The two launchers that the engine looks for beside the language host come from the SDK's own module.
python=$(cd "$here/cli" && go mod download -json "github.com/pulumi/pulumi/sdk/v3@$version" |
    sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')/python
install -m 755 "$python/cmd/pulumi-language-python-exec" "$python/dist/pulumi-resource-pulumi-python" "$parts"
chmod 755 "$parts"
mv -T "$parts" "$out" 2>/dev/null || [ -x "$out/pulumi" ] # another build may have won the race
