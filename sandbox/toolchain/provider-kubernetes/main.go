// Command pulumi-resource-kubernetes serves the Pulumi Kubernetes provider from its published Go module. The two files
// that it embeds are in that module's folder; the toolchain shows them to Go beside this file (go build -overlay).
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var tfMapping []byte

func main() { provider.Serve("kubernetes", version.Version, schema, tfMapping) }
