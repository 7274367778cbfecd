// Command pulumi-resource-kubernetes serves the Pulumi Kubernetes provider from its published Go module. The two files
// that it embeds are in that module's folder; the toolchain shows them to Go beside this file (go build -overlay).
package main

import (
	_ "embed"
	"os"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var tfMapping []byte

func main() { provider.Serve("kubernetes", reportedVersion(), schema, tfMapping) }

// reportedVersion is the version that the program's SDK wants. Only this older one can be built from a published Go module, and
// Pulumi warns of it at every run.
func reportedVersion() string {
	if wanted := os.Getenv("SANDBOX_WANTED_VERSION"); wanted != "" {
		return wanted
	}
	return version.Version
}
