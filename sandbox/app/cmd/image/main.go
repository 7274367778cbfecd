// Command image packs static binaries into one tar of container images that containerd imports. The images come as
// JSON on standard input; images of the same binary share its layer.
package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// image is one image to make: the binary becomes /<its name> and the entry point.
type image struct {
	Ref    string   `json:"ref"`
	Binary string   `json:"binary"`
	Env    []string `json:"env"`
}

// nobody owns the processes of every image: none needs more.
const nobody = "65532:65532"

func main() {
	out := flag.String("out", "", "the tar to write")
	flag.Parse()
	if err := run(os.Stdin, *out); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(spec io.Reader, out string) error {
	var wanted []image
	if err := json.NewDecoder(spec).Decode(&wanted); err != nil {
		return err
	}
	layers := map[string]v1.Layer{}
	images := map[name.Reference]v1.Image{}
	for _, one := range wanted {
		ref, err := name.NewTag(one.Ref)
		if err != nil {
			return err
		}
		if layers[one.Binary] == nil {
			if layers[one.Binary], err = layer(one.Binary); err != nil {
				return err
			}
		}
		if images[ref], err = build(one, layers[one.Binary]); err != nil {
			return err
		}
	}
	return tarball.MultiRefWriteToFile(out, images)
}

func layer(binary string) (v1.Layer, error) {
	data, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	if err := writer.WriteHeader(&tar.Header{Name: path.Base(binary), Mode: 0o755, Size: int64(len(data))}); err != nil {
		return nil, err
	}
	if _, err := writer.Write(data); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil })
}

func build(one image, binary v1.Layer) (v1.Image, error) {
	base, err := mutate.AppendLayers(empty.Image, binary)
	if err != nil {
		return nil, err
	}
	file, err := base.ConfigFile()
	if err != nil {
		return nil, err
	}
	file.OS, file.Architecture = "linux", runtime.GOARCH
	file.Config = v1.Config{Entrypoint: []string{"/" + path.Base(one.Binary)}, Env: one.Env, User: nobody}
	return mutate.ConfigFile(base, file)
}
