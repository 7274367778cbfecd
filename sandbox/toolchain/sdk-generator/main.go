// Command sdk-generator writes the SDKs of a Pulumi package for .NET, Go and Python, as `pulumi package add` does with the official language
// hosts: sdk-generator <schema.json> <schema.json of the Kubernetes package> <folder>.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/pkg/v3/codegen/dotnet"
	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("sdk-generator: ")
	if len(os.Args) != 4 {
		log.Fatal("usage: sdk-generator <schema.json> <schema.json of kubernetes> <folder>")
	}
	http.DefaultTransport = noLogo{}
	loader := &fileLoader{file: os.Args[2]}
	generators := map[string]func(*schema.Package) (map[string][]byte, error){
		"dotnet": func(pkg *schema.Package) (map[string][]byte, error) {
			return dotnet.GeneratePackage("pulumi", pkg, nil, nil)
		},
		"go": func(pkg *schema.Package) (map[string][]byte, error) {
			return gogen.GeneratePackage("pulumi", pkg, nil)
		},
		"python": func(pkg *schema.Package) (map[string][]byte, error) {
			return python.GeneratePackage("pulumi", pkg, nil, loader)
		},
	}
	for language, generate := range generators {
		// A package of its own for each, because a generator adds to it.
		files, err := generate(bind(os.Args[1], loader))
		if err != nil {
			log.Fatalf("%s: %v", language, err)
		}
		write(filepath.Join(os.Args[3], language), files)
	}
}

func bind(file string, loader schema.Loader) *schema.Package {
	spec, err := read(file)
	if err != nil {
		log.Fatal(err)
	}
	pkg, diagnostics, err := schema.BindSpec(spec, loader, schema.ValidationOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, diagnostic := range diagnostics {
		log.Print(diagnostic)
	}
	if diagnostics.HasErrors() {
		os.Exit(1)
	}
	return pkg
}

func read(file string) (schema.PackageSpec, error) {
	var spec schema.PackageSpec
	text, err := os.ReadFile(file)
	if err != nil {
		return spec, err
	}
	return spec, json.Unmarshal(text, &spec)
}

func write(folder string, files map[string][]byte) {
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// noLogo answers the generator for .NET, which downloads a picture for the package.
type noLogo struct{}

func (noLogo) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// fileLoader has one package, whose schema is a file. It takes the version that is asked for.
type fileLoader struct {
	file string
	pkg  *schema.Package
}

func (l *fileLoader) LoadPackage(name string, version *semver.Version) (*schema.Package, error) {
	return l.LoadPackageV2(context.Background(), &schema.PackageDescriptor{Name: name, Version: version})
}

func (l *fileLoader) LoadPackageV2(_ context.Context, wanted *schema.PackageDescriptor) (*schema.Package, error) {
	if wanted.Name != "kubernetes" {
		return nil, fmt.Errorf("there is no schema of package %s", wanted.Name)
	}
	if l.pkg != nil {
		return l.pkg, nil
	}
	spec, err := read(l.file)
	if err != nil {
		return nil, err
	}
	if wanted.Version != nil {
		spec.Version = wanted.Version.String()
	}
	l.pkg, err = schema.ImportSpec(spec, nil, schema.ValidationOptions{})
	return l.pkg, err
}

func (l *fileLoader) LoadPackageReference(name string, version *semver.Version) (schema.PackageReference, error) {
	return l.LoadPackageReferenceV2(context.Background(), &schema.PackageDescriptor{Name: name, Version: version})
}

func (l *fileLoader) LoadPackageReferenceV2(
	ctx context.Context, wanted *schema.PackageDescriptor,
) (schema.PackageReference, error) {
	pkg, err := l.LoadPackageV2(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return pkg.Reference(), nil
}
