// Command pulumi-resource-kubernetes serves the Pulumi Kubernetes provider from its published Go module, with the
// schema.json and terraform-mapping.json that the toolchain copies out of that module beside this file.
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
